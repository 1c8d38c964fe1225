-- One row per account of a book that ever moved: balance before the month, debits and credits of the month, balance at
-- its end, by accounting date, in the book's currency.
select
    account.code,
    account.name,
    moved.opening_minor::bigint as opening_minor,
    moved.debit_minor::bigint as debit_minor,
    moved.credit_minor::bigint as credit_minor,
    (moved.opening_minor + moved.debit_minor - moved.credit_minor)::bigint as closing_minor
from (
    select
        line.account_id,
        coalesce(sum(line.amount) filter (where entry.accounting_on < %(first_day)s), 0) as opening_minor,
        coalesce(sum(line.amount) filter (where entry.accounting_on >= %(first_day)s and line.amount > 0), 0)
            as debit_minor,
        coalesce(-sum(line.amount) filter (where entry.accounting_on >= %(first_day)s and line.amount < 0), 0)
            as credit_minor
    from ledger.entry
    cross join lateral unnest(entry.accounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount)
    where entry.book = %(book)s and entry.accounting_on <= %(last_day)s
    group by line.account_id
) as moved
join ledger.account using (account_id)
order by account.code
