-- One row per wanted version of a record.
select {columns}
from {table}
where (record_id, version) in (select * from unnest(%(ids)s::text[], %(versions)s::integer[]))
order by record_id
