-- One row per record of a book in some months, or named by id: its newest version, tombstones included.
select {columns}
from {current}
where (book = %(book)s and month between %(first)s and %(last)s) or record_id = any(%(ids)s)
order by record_id
