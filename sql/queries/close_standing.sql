-- One row: how far a book-month is on its way to being closed: its period, what was put forward last (has_moved: other
-- figures stand now, or it was signed already), the last sign-off, the first earlier month that is not locked.
select
    coalesce(period.state, 'open') as period_state,
    coalesce(period.locked_areas, '{}') as locked_areas,
    period.open_until,
    put.review_seq, put.actor, put.recorded_at as put_at, put.seen as put_seen,
    put.review_seq is not null and (
        exists (select from close.moved_since(put.book, put.month, put.seal_position))
        or exists (select from close.signature where signature.review_seq = put.review_seq)
    ) as has_moved,
    signed.signature_id, signed.prepared_by, signed.signed_by, signed.recorded_at as signed_at, signed.has_lapsed,
    (
        select to_char(min(month.first_day), 'YYYY-MM')
        from generate_series(%(first_month)s::date, %(first_day)s::date - interval '1 month', '1 month')
            as month (first_day)
        left join ledger.period_now as before
            on before.book = %(book)s and before.month = month.first_day::date
        where before.state is distinct from 'locked'
    ) as earlier_open
from (select) as one
left join ledger.period_now as period on period.book = %(book)s and period.month = %(first_day)s
left join lateral (
    select * from close.review
    where review.book = %(book)s and review.month = %(month)s
    order by review_seq desc
    limit 1
) as put on true
left join close.standing_signature as signed on signed.book = %(book)s and signed.month = %(month)s
