-- One row per account and day on which it moved: the movement and the balance at the end of that day, in one currency
-- and in the book's, by effective or accounting date.
select
    code,
    on_day,
    amount_minor::bigint as movement_minor,
    (sum(amount_minor) over running)::bigint as balance_minor,
    functional_minor::bigint as functional_movement_minor,
    (sum(functional_minor) over running)::bigint as functional_balance_minor
from (
    select
        code,
        case when %(by_effective)s then effective_on else accounting_on end as on_day,
        sum(amount_minor) as amount_minor,
        sum(functional_minor) as functional_minor
    from ledger.posting
    where book = %(book)s and code = any(%(codes)s::text[]) and currency = %(currency)s
    group by 1, 2
) as moved
window running as (partition by code order by on_day)
order by code, on_day
