-- One row per account and currency of a book-month's last sign-off by a moment: the balance that was signed, in the
-- book's currency, and what has been posted up to the month's end after it and by the position of the chain.
with signature as (
    select * from close.signature
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
    order by sequence desc
    limit 1
),
moved as (
    select movement.account_id, sum(functional_debit_minor - functional_credit_minor)::bigint as functional_minor
    from ledger.movement, signature
    where movement.book = %(book)s and movement.accounting_month <= %(first_day)s
        and movement.position > signature.seal_position and movement.position <= %(position)s
    group by movement.account_id
),
signed as (
    select signed_balance.account_id, sum(functional_minor)::bigint as functional_minor
    from signature
    join close.signed_balance using (signature_id)
    group by signed_balance.account_id
)
select
    account.code, account.name, coalesce(signed.functional_minor, 0) as signed_minor,
    coalesce(moved.functional_minor, 0) as moved_minor
from signed
full join moved using (account_id)
join ledger.account using (account_id)
order by account.code
