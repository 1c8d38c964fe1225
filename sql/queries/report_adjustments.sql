-- One row per decision about a record that belongs to a closed book-month and differs from what was signed, by a moment:
-- let in by itself as a late item, proposed, adjusted or dismissed; oldest first.
select
    recorded_at, cause, verdict, table_name, record_id, version, amount_minor, proposed_by, actor, reason
from close.difference_decision
where book = %(book)s and month = %(month)s and recorded_at <= %(known_at)s
order by recorded_at, decision_seq
