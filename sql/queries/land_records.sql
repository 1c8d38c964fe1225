-- One row per new version of a source record: staged evidence of one update, each record once with its last word, against
-- the latest landed versions. Kinds that the update lists completely get tombstones for what it no longer lists; what it
-- lists and did not fit (refused_ids) is still there. Costs as much as the update holds, however much was landed before;
-- less where nothing was. Numbered by kind and id, which is the order that the index of versions takes fastest.
with said as materialized (
    select kind, source_id, account, accounting_on, removed, content_hash, page_hash
    from staging.evidence
    where sync_id = %(sync_id)s
),
before as materialized (
    select exists (select from landing.record where connection_id = %(connection_id)s) as anything
),
listed as (
    select distinct on (kind, source_id)
        kind, source_id, version, account, accounting_on, removed, content_hash, file_hash, page_hash
    from landing.record
    where connection_id = %(connection_id)s and kind = any(%(complete_kinds)s::text[])
    order by kind, source_id, version desc
),
vanished as (
    select listed.*
    from listed
    left join said using (kind, source_id)
    where not listed.removed and said.source_id is null
        and listed.source_id <> all(%(refused_ids)s::text[])
        and (%(complete_from)s::date is null or listed.accounting_on >= %(complete_from)s)
),
news as (
    select
        said.kind,
        said.source_id,
        coalesce(latest.version, 0) + 1 as version,
        coalesce(said.account, latest.account) as account,
        coalesce(said.accounting_on, latest.accounting_on) as accounting_on,
        latest.accounting_on as previous_on,
        said.removed,
        said.content_hash,
        %(file_hash)s::text as file_hash,
        said.page_hash
    from said
    left join lateral (
        select version.version, version.account, version.accounting_on, version.removed, version.content_hash
        from landing.record as version
        where (select anything from before)
            and version.connection_id = %(connection_id)s
            and version.kind = said.kind
            and version.source_id = said.source_id
        order by version.version desc
        limit 1
    ) as latest on true
    where (latest.version is null and not said.removed)
        or (latest.version is not null and (latest.removed <> said.removed
            or (not said.removed and latest.content_hash <> said.content_hash)))
    union all
    select
        kind, source_id, version + 1, account, accounting_on, accounting_on,
        true, content_hash, file_hash, page_hash
    from vanished
)
insert into landing.record (
    connection_id, source, kind, source_id, version, account, accounting_on, previous_on, removed, content_hash,
    file_hash, page_hash, sync_id
)
select
    %(connection_id)s, %(source)s, kind, source_id, version, account, accounting_on,
    nullif(previous_on, accounting_on), removed, content_hash, file_hash, page_hash, %(sync_id)s
from news
order by kind, source_id
