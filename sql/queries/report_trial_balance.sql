-- One row per account of a book that ever moved, as of a day and as known at a position of the chain: balance before the
-- first day, debits and credits since, and the balance, in the book's currency; of an account that holds one other
-- currency only also in that. Whole months are read from what each batch moved; entries only of the months that the
-- first day or the last one divides. What rolled into retained earnings on the first day of a fiscal year counts to the
-- balance before that day.
with moved as (
    select
        account_id, case when %(by_effective)s then effective_month else accounting_month end as on_day,
        debit_minor - credit_minor as amount_minor, functional_debit_minor, functional_credit_minor
    from ledger.movement
    where book = %(book)s and position <= %(position)s
        and case when %(by_effective)s then effective_month else accounting_month end < %(whole_before)s
        and case when %(by_effective)s then effective_month else accounting_month end
            is distinct from %(divided_from)s::date
    union all
    select
        line.account_id,
        case when %(by_effective)s then entry.effective_on else entry.accounting_on end,
        line.amount_minor, greatest(line.functional_minor, 0), -least(line.functional_minor, 0)
    from ledger.entry_known(%(book)s, %(position)s) as entry
    cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount_minor, functional_minor)
    where %(divides)s and (
        not %(by_effective)s and (
            entry.accounting_on >= %(whole_before)s and entry.accounting_on <= %(as_of)s
            or entry.accounting_on >= %(divided_from)s and entry.accounting_on < %(divided_to)s
        )
        or %(by_effective)s and (
            entry.effective_on >= %(whole_before)s and entry.effective_on <= %(as_of)s
            or entry.effective_on >= %(divided_from)s and entry.effective_on < %(divided_to)s
        )
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
