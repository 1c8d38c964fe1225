-- One row per account that must clear: payouts in transit, outstanding receipts and payments, against their open items.
with held as (
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
order by subject
