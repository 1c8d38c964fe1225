-- One row per line or item of a book-month with what a person said of it last, by a moment, unless that was withdrawn.
select subject, open_minor, reason || ' (' || actor || ')' as explanation
from (
    select distinct on (subject) subject, open_minor, verdict, reason, actor
    from close.explanation
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
    order by subject, explanation_seq desc
) as last_word
where verdict = 'explained'
order by subject
