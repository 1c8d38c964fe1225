-- One row per account that must clear: payouts in transit, outstanding receipts and payments, against their open items;
-- and per currency of transfers in transit, against what left an account of ours by then and reached another later.
with leg as (
    select
        case when line_amount_minor < 0 then line_currency else other_line_currency end as currency,
        case when line_amount_minor < 0 then line_on else other_line_on end as left_on,
        case when line_amount_minor < 0 then other_line_on else line_on end as arrived_on,
        -case when line_amount_minor < 0 then amount_minor else other_amount_minor end as amount_minor
    from recon.allocation
    join recon.standing using (match_id, version)
    where allocation.book = %(book)s and relation = 'transfer' and role = 'principal'
),
transit as (
    select currency, sum(ledger_minor) as ledger_minor, sum(leg_minor) as leg_minor
    from (
        select currency, amount_minor as ledger_minor, 0 as leg_minor
        from movement
        where code = %(transfers_in_transit)s and accounting_on <= %(last_day)s
        union all
        select currency, 0, amount_minor
        from leg
        where left_on <= %(last_day)s and arrived_on > %(last_day)s
    ) as either
    group by currency
),
held as (
    select *
    from (
        values
        ('payouts in transit', %(payouts_in_transit)s::text, 'payout'),
        ('outstanding receipts', %(outstanding_receipts)s::text, 'recorded_receipt'),
        ('outstanding payments', %(outstanding_payments)s::text, 'recorded_payment')
    ) as held (subject, code, kind)
)
select
    'transit_equals_open_items' as name,
    held.subject,
    %(last_day)s::date as on_day,
    %(functional)s::text as currency,
    'ledger balance' as left_words,
    (
        select coalesce(sum(functional_minor), 0)::bigint
        from movement
        where movement.code = held.code and accounting_on <= %(last_day)s
    ) as left_minor,
    'sum of open items' as right_words,
    (
        select coalesce(sum(open_functional_minor), 0)::bigint
        from recon.open_item
        where book = %(book)s and month = %(month)s and kind = held.kind
    ) as right_minor
from held
union all
select
    'transit_equals_open_items', 'transfers in transit', %(last_day)s::date, currency, 'ledger balance',
    ledger_minor::bigint, 'sum of transfers under way', leg_minor::bigint
from transit
order by subject
