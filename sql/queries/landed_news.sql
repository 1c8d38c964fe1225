-- One row per landed record that touches the wanted months of a book and source and was not mapped yet: its latest
-- version, with the landed file that holds the payload. A month's mark counts only for the mapper and accounts it names.
-- marks: the table of the marks, landing.mapping or that of a replay.
with wanted as (
    select
        wanted.first_day,
        wanted.last_day,
        coalesce(mark.seq, 0) as after_seq
    from unnest(%(months)s::text[], %(first_days)s::date[], %(last_days)s::date[]) as wanted (month, first_day, last_day)
    left join {marks} as mark
        on mark.book = %(book)s and mark.source = %(source)s and mark.month = wanted.month
            and mark.digest = %(digest)s
),
-- A record's latest version is among what landed since the earliest mark, or the record is not touched. Any version of
-- it since then may touch a month: one that moved touches both.
news as not materialized (
    select news.*
    from landing.record as news
    where news.seq > (select min(after_seq) from wanted)
        and news.seq <= %(up_to_seq)s
        and news.source = %(source)s
        and news.connection_id = any(%(connections)s::text[])
),
touched as (
    select max(seq) as seq
    from news
    group by kind, source_id
    having bool_or(
        (%(accounts)s::text[] is null or account = any(%(accounts)s::text[]))
        and exists (
            select from wanted
            where seq > wanted.after_seq
                and (
                    accounting_on between wanted.first_day and wanted.last_day
                    or previous_on between wanted.first_day and wanted.last_day
                    or accounting_on is null
                )
        )
    )
)
select
    latest.kind, latest.source_id, latest.account, latest.accounting_on, latest.removed,
    latest.content_hash, latest.file_hash, latest.seq
from touched
join news as latest using (seq)
order by latest.seq
