-- One row per pair of books of a group and currency: what each says at a month's end that the other owes it, by accounting
-- date, and what the two do not cancel out to.
with account as (
    select declared.book, declared.other, known.account_id
    from unnest(%(books)s::text[], %(others)s::text[], %(codes)s::text[]) as declared (book, other, code)
    join ledger.account as known on known.book = declared.book and known.code = declared.code
),
owed as (
    select account.book, account.other, movement.currency,
        sum(movement.debit_minor - movement.credit_minor)::bigint as amount_minor
    from account
    join ledger.movement on movement.book = account.book and movement.account_id = account.account_id
    where movement.accounting_month <= %(first_day)s
    group by account.book, account.other, movement.currency
)
select
    least(book, other) as book, greatest(book, other) as other, currency,
    coalesce(sum(amount_minor) filter (where book < other), 0)::bigint as book_minor,
    coalesce(sum(amount_minor) filter (where book > other), 0)::bigint as other_minor,
    sum(amount_minor)::bigint as difference_minor
from owed
group by 1, 2, 3
having bool_or(amount_minor <> 0)
order by 1, 2, 3
