-- One row per thing that a person did to close a book-month, or to open it again, by a moment: oldest first.
select recorded_at, action, actor, role, reason, words
from (
    select
        min(recorded_at) as recorded_at, verdict as action, actor, role, reason,
        count(*)::text || case when count(*) = 1 then ' item' else ' items' end as words, min(explanation_seq) as ordinal
    from close.explanation
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
    group by verdict, actor, role, reason, date_trunc('second', recorded_at)
    union all
    select recorded_at, 'put forward', actor, role, reason, 'review ' || review_seq::text, review_seq
    from close.review
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
    union all
    select
        recorded_at, 'signed', signed_by, role, reason,
        'put forward by ' || prepared_by || ', at chain position ' || seal_position::text, sequence
    from close.signature
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
    union all
    select
        recorded_at, replace(action, '_', ' '), actor, role, reason,
        concat_ws(', ', array_to_string(areas, ', '), 'chain position ' || head_position::text), event_seq
    from ledger.period_event
    where book = %(book)s and month = %(first_day)s and recorded_at <= %(known_at)s
) as done
order by recorded_at, ordinal
