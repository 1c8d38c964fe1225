-- One row per decision about what differs from what was signed of a closed book-month, by a moment: records let in by
-- themselves as late items, proposed, adjusted or dismissed, and entries that rules make another; oldest first.
select
    recorded_at, cause, verdict, table_name, record_id, version, amount_minor, proposed_by, actor, reason
from (
    select
        recorded_at, decision_seq, cause, verdict, table_name, record_id, version, amount_minor, proposed_by, actor,
        reason
    from close.difference_decision
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
    union all
    select
        recorded_at, decision_seq, 'rule', verdict, 'entry', source_id, 0, null, proposed_by, actor, reason
    from close.rule_decision
    where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
) as decided
order by recorded_at, decision_seq
