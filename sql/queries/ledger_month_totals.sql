-- One row per wanted month of a book, by accounting date: its entries, its debits and credits in the book's currency, and
-- the accounts that ever moved up to its end. The journal is read once for all months.
with moved as materialized (
    select
        entry.accounting_on, line.account_id,
        sum(line.amount) filter (where line.amount > 0) as debit_minor,
        -sum(line.amount) filter (where line.amount < 0) as credit_minor
    from ledger.entry
    cross join lateral unnest(entry.accounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount)
    where entry.book = %(book)s and entry.accounting_on <= (select max(day) from unnest(%(last_days)s::date[]) as last (day))
    group by 1, 2
)
select
    to_char(wanted.first_day, 'YYYY-MM') as month,
    (
        select count(*) from ledger.entry
        where entry.book = %(book)s and entry.accounting_on between wanted.first_day and wanted.last_day
    ) as entries,
    count(distinct moved.account_id) as accounts,
    coalesce(sum(moved.debit_minor) filter (where moved.accounting_on >= wanted.first_day), 0)::bigint as debit_minor,
    coalesce(sum(moved.credit_minor) filter (where moved.accounting_on >= wanted.first_day), 0)::bigint as credit_minor
from unnest(%(first_days)s::date[], %(last_days)s::date[]) as wanted (first_day, last_day)
left join moved on moved.accounting_on <= wanted.last_day
group by wanted.first_day, wanted.last_day
order by month
