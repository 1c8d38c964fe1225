-- One row per unidentified account and currency: its balance at the month's end against the lines without a counterpart.
-- A line that a later month showed to be a leg of a transfer, or another line told twice, was posted as that on its own
-- day; it has none at the month's end either, and counts as identified.
with held as (
    select *
    from (
        values
        ('unidentified receipts', %(unidentified_receipts)s::text, 'bank', 1),
        ('unidentified payments', %(unidentified_payments)s::text, 'bank', -1),
        ('unapplied card receipts', %(unapplied_card_receipts)s::text, 'charge', 1),
        ('refunds awaiting credit note', %(refunds_awaiting_credit_note)s::text, 'refund', -1)
    ) as held (subject, code, kind, side)
),
balance as (
    select code, currency, sum(amount_minor) as amount_minor
    from movement
    where accounting_on <= %(last_day)s
        and code in (select held.code from held)
    group by code, currency
),
line as (
    select kind, sign(amount_minor)::integer as side, currency, sum(amount_minor) as amount_minor
    from recon.open_line
    where book = %(book)s and month = %(month)s and not exists (
        select from recon.allocation
        join recon.standing using (match_id, version)
        join ledger.standing as entry on entry.match_id = allocation.match_id and entry.source = 'match'
        where (
            allocation.line_id = open_line.line_id and allocation.relation in ('transfer', 'duplicate')
            or allocation.other_line_id = open_line.line_id and allocation.relation = 'transfer'
        )
            and entry.evidence_id = open_line.line_id and entry.accounting_on <= %(last_day)s
    )
    group by 1, 2, 3
),
pair as (
    select held.subject, balance.currency, balance.amount_minor, 0 as line_minor
    from held
    join balance using (code)
    union all
    select held.subject, line.currency, 0, line.amount_minor
    from held
    join line on line.kind = held.kind and line.side = held.side
)
select
    'unidentified_equals_open_lines' as name,
    subject,
    %(last_day)s::date as on_day,
    currency,
    'ledger balance' as left_words,
    (-sum(amount_minor))::bigint as left_minor,
    'lines without a counterpart' as right_words,
    sum(line_minor)::bigint as right_minor
from pair
group by subject, currency
order by subject, currency
