-- One row per account of a book that ever moved: balance before the month, debits and credits of the month, balance at
-- its end, by accounting date, in the book's currency. Read from what each batch moved, not from the entries.
select
    account.code,
    account.name,
    moved.opening_minor::bigint as opening_minor,
    moved.debit_minor::bigint as debit_minor,
    moved.credit_minor::bigint as credit_minor,
    (moved.opening_minor + moved.debit_minor - moved.credit_minor)::bigint as closing_minor
from (
    select
        account_id,
        coalesce(
            sum(functional_debit_minor - functional_credit_minor) filter (where accounting_month < %(first_day)s), 0
        ) as opening_minor,
        coalesce(sum(functional_debit_minor) filter (where accounting_month = %(first_day)s), 0) as debit_minor,
        coalesce(sum(functional_credit_minor) filter (where accounting_month = %(first_day)s), 0) as credit_minor
    from ledger.movement
    where book = %(book)s and accounting_month <= %(first_day)s
    group by account_id
) as moved
join ledger.account using (account_id)
order by account.code
