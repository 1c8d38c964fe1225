-- One row per book-month: its booked bank lines, and how many of each book's lines stand matched by tier.
with line as (
    select book, month, record_id as line_id, true as is_bank
    from canonical.bank_transaction_current
    where not removed and status = 'booked'
    union all
    select book, month, record_id, false
    from canonical.payment_current
    where not removed and kind in ('charge', 'refund')
),
matched as (
    select leg.line_id, min(standing.tier) as tier
    from recon.standing
    join recon.allocation using (match_id, version)
    cross join lateral (
        values (allocation.line_id), (case when relation in ('transfer', 'netted') then allocation.other_line_id end)
    ) as leg (line_id)
    where leg.line_id is not null
    group by leg.line_id
)
select
    line.book,
    line.month,
    count(*) as lines,
    count(*) filter (where line.is_bank) as bank_lines,
    count(*) filter (where matched.tier = 0) as tier_0,
    count(*) filter (where matched.tier = 1) as tier_1,
    count(*) filter (where matched.tier = 2) as tier_2,
    count(*) filter (where matched.tier = 3) as tier_3,
    count(*) filter (where matched.tier = 4) as tier_4,
    count(*) filter (where matched.tier = 5) as tier_5,
    count(*) filter (where matched.tier = 6) as tier_6,
    count(*) filter (where matched.tier is null) as unmatched
from line
left join matched using (line_id)
where %(book)s::text is null or line.book = %(book)s
group by line.book, line.month
order by line.book, line.month
