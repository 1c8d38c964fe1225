-- DuckDB, over landed files of evidence. One row per thing that the files and the manifest say differently: kind of
-- defect, where, and in words. file: the files with the name that each is read by; listed: the manifest's versions of
-- records; page: its pages.
--
-- A file may say a record several times; its last word is a version, unless it is what was known already.
with held as (
    select
        file.content_hash as file_hash, file.path, held.file_row_number as ordinal, held.kind, source_id, account,
        accounting_on, removed, held.content_hash, page_hash, sha256(payload) as actual
    from read_parquet($files, filename = true, file_row_number = true) as held
    join file using (filename)
),
last_word as (
    select *
    from held
    qualify row_number() over (partition by file_hash, kind, source_id order by ordinal desc) = 1
),
counted as (
    select path, count(*) as row_count
    from held
    group by path
)
select
    'record' as kind, path as place,
    held.kind || ' ' || source_id || ': its payload hashes to ' || actual || ', not to ' || content_hash || '.' as words
from held
where not removed and content_hash <> actual
union all
select distinct 'page', path, held.kind || ' ' || source_id || ' came in page ' || page_hash || ', which the manifest does not list.'
from held
where page_hash not in (select page_hash from page)
union all
select 'manifest', path, last_word.kind || ' ' || source_id || ' is in it (' || content_hash || '), and the manifest has no such version.'
from last_word
anti join listed
    on listed.kind = last_word.kind and listed.source_id = last_word.source_id
        and listed.content_hash = last_word.content_hash
where not removed
union all
select
    'manifest', file.path,
    'the manifest''s version ' || listed.version || ' of ' || listed.kind || ' ' || listed.source_id
    || ' is not what the file says: its hash, account or day differs.'
from listed
join file on file.content_hash = listed.file_hash
anti join held
    on held.file_hash = listed.file_hash and held.kind = listed.kind and held.source_id = listed.source_id
        and held.content_hash = listed.content_hash
        and coalesce(held.account, listed.account) is not distinct from listed.account
        and coalesce(held.accounting_on, listed.accounting_on) is not distinct from listed.accounting_on
where not listed.removed
union all
select 'manifest', file.path, 'the manifest says ' || file.row_count || ' rows; it holds ' || coalesce(counted.row_count, 0) || '.'
from file
left join counted using (path)
where file.row_count <> coalesce(counted.row_count, 0)
order by 1, 2, 3
