-- One row per account of a book, currency, effective and accounting day, and whether it is an opening balance: what was
-- posted up to the end of the month by either date. What the tie-outs (tie_*.sql) read as `movement`, so that the
-- journal is added up once for all of them.
--
-- What is accounted for in earlier months comes as the seals noted it, on the first day of its months: no tie-out tells
-- the days of earlier months apart, and the entries of all months since the book began are not read again each month.
select
    account.code, moved.currency, moved.effective_on, moved.accounting_on, moved.is_opening, moved.amount_minor,
    moved.functional_minor, moved.debit_minor, moved.credit_minor
from (
    select
        account_id, currency, effective_month as effective_on, accounting_month as accounting_on, false as is_opening,
        sum(debit_minor - credit_minor) as amount_minor,
        sum(functional_debit_minor - functional_credit_minor) as functional_minor,
        sum(functional_debit_minor) as debit_minor,
        sum(functional_credit_minor) as credit_minor
    from ledger.movement
    where book = %(book)s and accounting_month < %(first_day)s
    group by 1, 2, 3, 4
    union all
    select
        line.account_id, entry.currency, entry.effective_on, entry.accounting_on, entry.purpose = 'opening',
        sum(line.amount_minor),
        sum(line.functional_minor),
        sum(line.functional_minor) filter (where line.functional_minor > 0),
        -sum(line.functional_minor) filter (where line.functional_minor < 0)
    from ledger.entry
    cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount_minor, functional_minor)
    -- Nothing is accounted for before it happened: what is accounted for by the month's end happened by then, too.
    where entry.book = %(book)s and entry.accounting_on >= %(first_day)s and entry.effective_on <= %(last_day)s
    group by 1, 2, 3, 4, 5
) as moved
join ledger.account using (account_id)
