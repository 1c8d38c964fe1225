-- One row per landed record that is named by kind and id, or is of one kind within some days: its latest version, with
-- the landed file that holds the payload. Tombstones are left out.
with wanted as (
    select named.kind, named.source_id
    from unnest(%(named_kinds)s::text[], %(named_ids)s::text[]) as named (kind, source_id)
    union
    select record.kind, record.source_id
    from landing.record
    where record.connection_id = any(%(connections)s::text[])
        and record.kind = %(kind)s
        and record.accounting_on between %(first_day)s and %(last_day)s
)
select
    latest.kind, latest.source_id, latest.account, latest.accounting_on, latest.removed,
    latest.content_hash, latest.file_hash, latest.seq
from wanted
cross join lateral (
    select *
    from landing.record as version
    where version.connection_id = any(%(connections)s::text[])
        and version.kind = wanted.kind
        and version.source_id = wanted.source_id
        and version.seq <= %(up_to_seq)s
    order by version.seq desc
    limit 1
) as latest
where not latest.removed
order by latest.seq
