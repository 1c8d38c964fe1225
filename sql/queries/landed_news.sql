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
touched as (
    select distinct on (news.kind, news.source_id)
        news.kind, news.source_id, news.account, news.accounting_on, news.removed, news.content_hash, news.file_hash,
        news.seq,
        bool_or(
            (%(accounts)s::text[] is null or news.account = any(%(accounts)s::text[]))
            and exists (
                select from wanted
                where news.seq > wanted.after_seq
                    and (
                        news.accounting_on between wanted.first_day and wanted.last_day
                        or news.previous_on between wanted.first_day and wanted.last_day
                        or news.accounting_on is null
                    )
            )
        ) over (partition by news.kind, news.source_id) as is_wanted
    from landing.record as news
    where news.seq > (select min(after_seq) from wanted)
        and news.seq <= %(up_to_seq)s
        and news.source = %(source)s
        and news.connection_id = any(%(connections)s::text[])
    order by news.kind, news.source_id, news.seq desc
)
select
    latest.kind, latest.source_id, latest.account, latest.accounting_on, latest.removed,
    latest.content_hash, file.path, latest.seq
from touched as latest
join landing.file as file on file.content_hash = latest.file_hash
where latest.is_wanted
order by latest.seq
