-- How many income and expense accounts of a book a year end has not emptied: their balance at the end of the last month of
-- the fiscal year, with what was rolled on the first day of the next.
select count(*)
from (
    select account_id, sum(functional_minor) as functional_minor
    from (
        select account_id, functional_debit_minor - functional_credit_minor as functional_minor
        from ledger.movement
        where book = %(book)s and accounting_month <= %(first_day)s
        union all
        select account_id, functional_minor from ledger.rolled
        where book = %(book)s and effective_on = %(next_day)s
    ) as moved
    join ledger.account using (account_id)
    where account.kind in ('income', 'expense')
    group by account_id
    having sum(functional_minor) <> 0
) as left_over
