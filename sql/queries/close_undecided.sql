-- How many records of a book's closed months are known otherwise than they count, and nobody dismissed that.
select count(*)
from close.withheld(%(book)s) as known
where not exists (
    select from close.difference_decision as decision
    where decision.table_name = known.table_name and decision.record_id = known.record_id
        and decision.version = known.version and decision.verdict = 'dismissed'
)
