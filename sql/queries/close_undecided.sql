-- How many records of a book's closed months before a month are known otherwise than they count, and nobody dismissed that.
select count(*)
from close.withheld(%(book)s) as known
where least(known.month, known.counted_month) < %(month)s and not exists (
    select from close.difference_decision as decision
    where decision.table_name = known.table_name and decision.record_id = known.record_id
        and decision.version = known.version and decision.verdict = 'dismissed'
)
