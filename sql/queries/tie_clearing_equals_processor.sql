-- One row per processor account and day of the month with a movement: clearing by effective date against the
-- processor's balance that day. The processor states its balance now; its balance on a day is that less every movement
-- after the day, so that one missing movement anywhere breaks every day before it.
with account as (
    select *
    from unnest(%(processor_accounts)s::text[], %(processor_currencies)s::text[]) as account (id, currency)
),
stated as materialized (
    select distinct on (account) account, balance_minor
    from canonical.balance_current
    where book = %(book)s and kind = 'processor' and not removed
    order by account, stated_at desc nulls last
),
processed as materialized (
    select account, occurred_on, sum(net_minor) as net_minor
    from canonical.payment_current
    where book = %(book)s and not removed and account = any(%(processor_accounts)s::text[])
        and kind not in ('recorded_receipt', 'recorded_payment')
    group by account, occurred_on
),
day as (
    select distinct account, occurred_on as on_day
    from processed
    where occurred_on between %(first_day)s and %(last_day)s
)
select
    'clearing_equals_processor' as name,
    account.id as subject,
    day.on_day,
    account.currency,
    'ledger balance of processor clearing' as left_words,
    (
        select coalesce(sum(movement.amount_minor), 0)::bigint
        from movement
        where movement.code = %(clearing)s and movement.currency = account.currency
            and movement.effective_on <= day.on_day
    ) as left_minor,
    'balance that the processor stated' as right_words,
    (
        stated.balance_minor - (
            select coalesce(sum(processed.net_minor), 0)::bigint
            from processed
            where processed.account = account.id and processed.occurred_on > day.on_day
        )
    )::bigint as right_minor
from account
join day on day.account = account.id
left join stated on stated.account = account.id
order by subject, on_day
