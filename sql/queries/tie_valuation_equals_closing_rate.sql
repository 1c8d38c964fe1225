-- One row per valuation account and currency of a month that is over: its balance at the month's end against what the
-- open items and balances that it values are worth more than carried at, reckoned here from the published rates. An item
-- open with the other sign than its document was paid in advance, and is not revalued.
with rate as (
    select distinct on (currency) currency, per_eur
    from canonical.fx_rate
    where rate_on between %(last_day)s::date - %(rate_greatest_age_days)s::integer and %(last_day)s
    order by currency, rate_on desc
),
quoted as (
    select currency, per_eur from rate
    union all
    select 'EUR', 1
),
decimals as (
    select *
    from unnest(%(odd_currencies)s::text[], %(odd_exponents)s::integer[]) as decimals (currency, exponent)
),
account as (
    select *
    from unnest(%(revalued_codes)s::text[], %(valuation_codes)s::text[]) as account (code, valuation)
),
part as materialized (
    select
        case when kind in ('invoice', 'credit_note') then %(receivables)s else %(payables)s end as code,
        currency, open_minor as amount_minor, open_functional_minor as carried_minor
    from recon.open_item
    where book = %(book)s and month = %(month)s and currency <> %(functional)s
        and kind in ('invoice', 'credit_note', 'bill', 'supplier_credit') and sign(open_minor) = sign(total_minor)
    union all
    select code, currency, sum(amount_minor), sum(functional_minor)
    from movement
    where currency <> %(functional)s and accounting_on <= %(last_day)s
        and code in (select code from account) and code not in (%(receivables)s, %(payables)s)
    group by code, currency
),
worth as (
    select
        part.code, part.currency, part.carried_minor,
        case
            when part.amount_minor = 0 then 0
            else round(
                part.amount_minor * own.per_eur
                * power(10::numeric, coalesce(own_decimals.exponent, 2) - coalesce(decimals.exponent, 2))
                / foreign_rate.per_eur
            )
        end as value_minor
    from part
    left join quoted as foreign_rate on foreign_rate.currency = part.currency
    left join quoted as own on own.currency = %(functional)s
    left join decimals on decimals.currency = part.currency
    left join decimals as own_decimals on own_decimals.currency = %(functional)s
),
pair as (
    select account.valuation, movement.currency, movement.functional_minor as posted_minor, 0::numeric as due_minor,
        true as known
    from movement
    join account on account.valuation = movement.code
    where movement.accounting_on <= %(last_day)s
    union all
    select account.valuation, worth.currency, 0, worth.value_minor - worth.carried_minor, worth.value_minor is not null
    from worth
    join account using (code)
)
select
    'valuation_equals_closing_rate' as name,
    valuation || ' ' || currency as subject,
    %(last_day)s::date as on_day,
    %(functional)s::text as currency,
    'balance of the valuation account' as left_words,
    sum(posted_minor)::bigint as left_minor,
    'value at the closing rate' as right_words,
    case when bool_and(known) then sum(due_minor)::bigint end as right_minor
from pair
where %(is_over)s
group by valuation, pair.currency
having sum(posted_minor) <> 0 or sum(due_minor) <> 0 or not bool_and(known)
order by subject
