-- One row per wanted month of a book, by accounting date: its entries, its debits and credits in the book's currency, and
-- the accounts that ever moved up to its end. Sums are read from what each batch moved, not from the entries.
select
    to_char(wanted.first_day, 'YYYY-MM') as month,
    (
        select count(*) from ledger.entry
        where entry.book = %(book)s and entry.accounting_on between wanted.first_day and wanted.last_day
    ) as entries,
    count(distinct moved.account_id) as accounts,
    coalesce(sum(moved.functional_debit_minor) filter (where moved.accounting_month = wanted.first_day), 0)::bigint
        as debit_minor,
    coalesce(sum(moved.functional_credit_minor) filter (where moved.accounting_month = wanted.first_day), 0)::bigint
        as credit_minor
from unnest(%(first_days)s::date[], %(last_days)s::date[]) as wanted (first_day, last_day)
left join ledger.movement as moved on moved.book = %(book)s and moved.accounting_month <= wanted.first_day
group by wanted.first_day, wanted.last_day
order by month
