-- One row: the entries of a book that are in a month, and of all its months up to it, as known at a position of the chain.
select
    count(*) filter (where accounting_on >= %(first_day)s) as month_entries,
    count(*) as entries,
    count(distinct batch_id) as batches,
    min(number) filter (where accounting_on >= %(first_day)s) as first_number,
    max(number) filter (where accounting_on >= %(first_day)s) as last_number
from ledger.entry_known(%(book)s, %(position)s)
where accounting_on <= %(as_of)s
