-- One row per income or expense account of a book and currency: its balance at the end of a month by accounting date.
select
    account.code, movement.currency,
    sum(movement.debit_minor - movement.credit_minor)::bigint as amount_minor,
    sum(movement.functional_debit_minor - movement.functional_credit_minor)::bigint as functional_minor
from ledger.movement
join ledger.account using (account_id)
where movement.book = %(book)s and movement.accounting_month <= %(first_day)s and account.kind in ('income', 'expense')
group by account.code, movement.currency
order by account.code, movement.currency
