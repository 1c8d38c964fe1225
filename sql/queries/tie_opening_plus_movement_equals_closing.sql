-- One row: open items and lines at the start of the month, plus what came in and went out, against those at its end.
-- Counted in functional minor units of items: documents and recorded settlements of the month, less what matches settle.
select
    'opening_plus_movement_equals_closing' as name,
    'open items' as subject,
    %(last_day)s::date as on_day,
    %(functional)s::text as currency,
    'open at the start plus movement' as left_words,
    (
        coalesce((
            select sum(open_functional_minor) from recon.open_item
            where book = %(book)s and month = to_char(%(first_day)s::date - 1, 'YYYY-MM')
        ), 0) + coalesce((
            select sum(functional_minor) from movement
            where accounting_on between %(first_day)s and %(last_day)s
                and code in (
                    %(receivables)s, %(payables)s, %(payouts_in_transit)s, %(outstanding_receipts)s,
                    %(outstanding_payments)s
                )
        ), 0)
    )::bigint as left_minor,
    'open at the end' as right_words,
    coalesce((
        select sum(open_functional_minor) from recon.open_item
        where book = %(book)s and month = %(month)s
    ), 0)::bigint as right_minor
