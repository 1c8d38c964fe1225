-- One row per account of a book, currency, effective and accounting day, and whether it is an opening balance: what was
-- posted up to the end of the month by either date. What the tie-outs (tie_*.sql) read as `movement`, so that the
-- journal is added up once for all of them.
select
    account.code, moved.currency, moved.effective_on, moved.accounting_on, moved.is_opening, moved.amount_minor,
    moved.functional_minor, moved.debit_minor, moved.credit_minor
from (
    select
        line.account_id, entry.currency, entry.effective_on, entry.accounting_on, entry.purpose = 'opening' as is_opening,
        sum(line.amount_minor) as amount_minor,
        sum(line.functional_minor) as functional_minor,
        sum(line.functional_minor) filter (where line.functional_minor > 0) as debit_minor,
        -sum(line.functional_minor) filter (where line.functional_minor < 0) as credit_minor
    from ledger.entry
    cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount_minor, functional_minor)
    where entry.book = %(book)s and (entry.effective_on <= %(last_day)s or entry.accounting_on <= %(last_day)s)
    group by 1, 2, 3, 4, 5
) as moved
join ledger.account using (account_id)
