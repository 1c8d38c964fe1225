-- One row per statement that was landed, in its latest version, with the landed file that holds it.
select distinct on (record.source_id) record.account, record.content_hash, file.path
from landing.record as record
join landing.file as file on file.content_hash = record.file_hash
where record.connection_id = any(%(connections)s) and record.kind = 'statement' and not record.removed
order by record.source_id, record.version desc
