-- One row per line of an entry.
select code, name, amount_minor, functional_minor, currency
from ledger.posting
where entry_id = %(id)s
order by ordinal
