-- One row per account that either ledger has a balance on at a month's end: ours by accounting date, valuation accounts
-- taken together with the account that they value; the other's, by the code that the book's chart maps it to; and what was
-- said of just this difference.
with ours as (
    select valued.code, min(valued.name) as name, sum(moved.functional_minor)::bigint as functional_minor
    from (
        select account_id, sum(functional_debit_minor - functional_credit_minor) as functional_minor
        from ledger.movement
        where book = %(book)s and accounting_month <= %(first_day)s
        group by account_id
    ) as moved
    join ledger.account using (account_id)
    join ledger.account as valued
        on valued.book = account.book and valued.code = case
            when account.role like '%%\_valuation' then left(account.code, -1) else account.code
        end
    group by valued.code
),
theirs as (
    select coalesce(mapped.code, other.other_code) as code, min(other.name) as name,
        bool_or(mapped.code is null and ours.code is null) as is_unmapped,
        sum(other.functional_minor)::bigint as functional_minor
    from ledger.other_ledger
    join ledger.other_balance as other using (trial_balance_seq)
    left join unnest(%(other_codes)s::text[], %(codes)s::text[]) as mapped (other_code, code)
        on mapped.other_code = other.other_code
    left join ledger.account as ours on ours.book = other_ledger.book and ours.code = other.other_code
    where other_ledger.book = %(book)s and other_ledger.month = %(first_day)s
    group by 1
)
select
    code, coalesce(ours.name, theirs.name, '') as name, coalesce(ours.functional_minor, 0) as ours_minor,
    coalesce(theirs.functional_minor, 0) as theirs_minor,
    coalesce(ours.functional_minor, 0) - coalesce(theirs.functional_minor, 0) as difference_minor,
    coalesce(theirs.is_unmapped, false) as is_unmapped, said.actor as explained_by, said.reason as explanation
from ours
full join theirs using (code)
left join lateral (
    select actor, reason
    from ledger.explained_difference as explained
    where explained.book = %(book)s and explained.month = %(first_day)s and explained.code = code
        and explained.difference_minor = coalesce(ours.functional_minor, 0) - coalesce(theirs.functional_minor, 0)
    order by explanation_seq desc
    limit 1
) as said on true
where coalesce(ours.functional_minor, 0) <> 0 or coalesce(theirs.functional_minor, 0) <> 0
order by code
