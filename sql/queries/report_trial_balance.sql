-- One row per account of a book that ever moved, as of a day and as known at a position of the chain: balance before the
-- first day, debits and credits since, and the balance, in the book's currency; of an account that holds one other
-- currency only also in that. Whole months are read from what each batch moved; entries only of the months that the
-- first day or the last one divides. What rolled into retained earnings on the first day of a fiscal year counts to the
-- balance before that day.
with wanted as (
    select
        date_trunc('month', %(as_of)s::date + 1)::date as whole_before,
        case
            when %(first_day)s::date <> date_trunc('month', %(first_day)s::date)
                then date_trunc('month', %(first_day)s::date)::date
        end as divided_month
),
moved as (
    select
        movement.account_id,
        case when %(by_effective)s then movement.effective_month else movement.accounting_month end as on_day,
        movement.debit_minor - movement.credit_minor as amount_minor, movement.functional_debit_minor,
        movement.functional_credit_minor
    from wanted
    join ledger.movement on movement.book = %(book)s and movement.position <= %(position)s
    where case when %(by_effective)s then movement.effective_month else movement.accounting_month end < wanted.whole_before
        and case when %(by_effective)s then movement.effective_month else movement.accounting_month end
            is distinct from wanted.divided_month
    union all
    select
        line.account_id,
        case when %(by_effective)s then entry.effective_on else entry.accounting_on end,
        line.amount_minor, greatest(line.functional_minor, 0), -least(line.functional_minor, 0)
    from wanted
    cross join ledger.entry_known(%(book)s, %(position)s) as entry
    cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount_minor, functional_minor)
    where case when %(by_effective)s then entry.effective_on else entry.accounting_on end <= %(as_of)s
        and (
            case when %(by_effective)s then entry.effective_on else entry.accounting_on end >= wanted.whole_before
            or date_trunc('month', case when %(by_effective)s then entry.effective_on else entry.accounting_on end)
                = wanted.divided_month
        )
    union all
    select
        rolled.account_id, rolled.effective_on - side.days_before, 0,
        side.sign * greatest(rolled.functional_minor, 0), -side.sign * least(rolled.functional_minor, 0)
    from ledger.rolled
    join ledger.seal using (batch_id)
    cross join (values (1, 1), (0, -1)) as side (days_before, sign)
    where rolled.book = %(book)s and rolled.accounting_on = rolled.effective_on and rolled.effective_on <= %(as_of)s
        and seal.position <= %(position)s
),
balance as (
    select
        account_id,
        sum(amount_minor)::bigint as amount_minor,
        coalesce(sum(functional_debit_minor - functional_credit_minor) filter (where on_day < %(first_day)s), 0)::bigint
            as opening_minor,
        coalesce(sum(functional_debit_minor) filter (where on_day >= %(first_day)s), 0)::bigint as debit_minor,
        coalesce(sum(functional_credit_minor) filter (where on_day >= %(first_day)s), 0)::bigint as credit_minor
    from moved
    group by account_id
)
select
    account.code, account.name, account.kind, account.role, balance.opening_minor, balance.debit_minor,
    balance.credit_minor, balance.opening_minor + balance.debit_minor - balance.credit_minor as closing_minor,
    case when account.currency <> %(functional)s then account.currency end as other_currency,
    case when account.currency <> %(functional)s then balance.amount_minor end as other_minor
from balance
join ledger.account using (account_id)
order by account.code
