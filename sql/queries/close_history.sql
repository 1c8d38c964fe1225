-- One row per thing that a person did to close a month of a book or to open it again, oldest first. Explanations of one
-- person with one reason, made together, are one row.
select recorded_at, month, action, actor, role, origin, reason, words
from (
    select
        min(recorded_at) as recorded_at, month, verdict as action, actor, role, origin, reason,
        count(*)::text || case when count(*) = 1 then ' item' else ' items' end as words,
        min(explanation_seq) as ordinal
    from close.explanation
    where book = %(book)s
    group by month, verdict, actor, role, origin, reason, seen, date_trunc('second', recorded_at)
    union all
    select recorded_at, month, 'put forward', actor, role, origin, reason, 'review ' || review_seq::text, review_seq
    from close.review
    where book = %(book)s
    union all
    select
        recorded_at, month, 'signed', signed_by, role, origin, reason,
        'put forward by ' || prepared_by || '; sign-off ' || sequence::text || ', chain position ' || seal_position::text,
        sequence
    from close.signature
    where book = %(book)s
    union all
    select
        recorded_at, to_char(month, 'YYYY-MM'), replace(action, '_', ' '), actor, role, origin, reason,
        concat_ws('; ',
            case action when 'reopening_asked' then 'request ' || event_seq::text end,
            case when answers is not null then 'request ' || answers::text end,
            array_to_string(areas, ', '),
            case when posters is not null then 'may still post: ' || array_to_string(posters, ', ') end,
            'until ' || to_char(open_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
        ),
        event_seq
    from ledger.period_event
    where book = %(book)s
) as done
where %(month)s::text is null or month = %(month)s
order by recorded_at, ordinal
