-- DuckDB, over landed files of pages. One row per thing that the files and the manifest say differently: kind of defect,
-- where, and in words. file: the files with the name that each is read by; listed: the manifest's pages.
with held as (
    select file.content_hash as file_hash, file.path, page_hash, sha256(raw) as actual, endpoint, fetched_at
    from read_parquet($files, filename = true)
    join file using (filename)
),
counted as (
    select path, count(*) as row_count
    from held
    group by path
)
select 'page' as kind, path as place, 'a page of ' || endpoint || ' is named ' || page_hash || ' and its bytes hash to ' || actual || '.' as words
from held
where page_hash <> actual
union all
select 'manifest', path, 'it holds a page of ' || held.endpoint || ' (' || page_hash || ') that the manifest does not list as that.'
from held
anti join listed
    on listed.page_hash = held.page_hash and listed.file_hash = held.file_hash
        and listed.endpoint = held.endpoint and listed.fetched_at = held.fetched_at
union all
select 'manifest', file.path, 'the manifest lists a page of ' || listed.endpoint || ' (' || listed.page_hash || ') that is not in it as that.'
from listed
join file on file.content_hash = listed.file_hash
anti join held
    on listed.page_hash = held.page_hash and listed.file_hash = held.file_hash
        and listed.endpoint = held.endpoint and listed.fetched_at = held.fetched_at
union all
select 'manifest', file.path, 'the manifest says ' || file.row_count || ' rows; it holds ' || coalesce(counted.row_count, 0) || '.'
from file
left join counted using (path)
where file.row_count <> coalesce(counted.row_count, 0)
order by 1, 2, 3
