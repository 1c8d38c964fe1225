-- One row per entry of a book's closed months that rules make another, and that something was decided about: the last
-- decision.
select distinct on (difference_id)
    difference_id, verdict, actor, reason, recorded_at as decided_at, proposed_by
from close.rule_decision
where book = %(book)s
order by difference_id, decision_seq desc
