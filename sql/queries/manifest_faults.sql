-- One row per row of the manifest that contradicts another row of it: where, and in words.
select
    format('landing.record %s', record.seq) as place,
    format('version %s of %s %s came in page %s, which is not listed.', record.version, record.kind, record.source_id,
        record.page_hash) as words
from landing.record
where not exists (select from landing.page where page.page_hash = record.page_hash)
union all
select
    format('landing.record of %s', connection_id),
    format('%s %s has %s versions, and the last is called %s.', kind, source_id, count(*), max(version))
from landing.record
group by connection_id, kind, source_id
having count(*) <> max(version)
union all
select
    format('landing.record %s', record.seq),
    format('%s %s is said to be of %s; the pull that landed it was of %s.', record.kind, record.source_id,
        record.connection_id, sync.connection_id)
from landing.record
join landing.sync on sync.sync_id = record.sync_id
where sync.connection_id <> record.connection_id
union all
select
    format('landing.record %s', record.seq),
    format('version %s of %s %s rests on %s, which is a file of %s.', record.version, record.kind, record.source_id,
        file.content_hash, file.holds)
from landing.record
join landing.file on file.content_hash = record.file_hash
where file.holds <> 'evidence' and not record.removed
order by 1, 2
