-- One row per landed file of reference rates, in the order in which they were landed.
select file.path, file.landed_at
from landing.file
where file.holds = 'evidence'
    and file.connection_id in (select connection_id from landing.record where source = 'ecb')
order by file.landed_at, file.content_hash
