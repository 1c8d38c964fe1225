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
touched as (
    select distinct record.kind, record.source_id
    from landing.record
    join wanted
        on record.seq > wanted.after_seq
            and record.seq > (select min(after_seq) from wanted)
            and record.seq <= %(up_to_seq)s
            and (
                record.accounting_on between wanted.first_day and wanted.last_day
                or record.previous_on between wanted.first_day and wanted.last_day
                or record.accounting_on is null
            )
    where record.source = %(source)s
        and record.connection_id = any(%(connections)s::text[])
        and (%(accounts)s::text[] is null or record.account = any(%(accounts)s::text[]))
)
select
    latest.kind, latest.source_id, latest.account, latest.accounting_on, latest.removed,
    latest.content_hash, file.path, latest.seq
from touched
cross join lateral (
    select *
    from landing.record as version
    where version.connection_id = any(%(connections)s::text[])
        and version.kind = touched.kind
        and version.source_id = touched.source_id
        and version.seq <= %(up_to_seq)s
    order by version.seq desc
    limit 1
) as latest
join landing.file as file on file.content_hash = latest.file_hash
order by latest.seq
