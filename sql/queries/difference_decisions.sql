-- One row per record version of a book that something was decided about: the last decision.
select distinct on (table_name, record_id, version)
    table_name, record_id, version, verdict, actor, reason, recorded_at as decided_at, proposed_by
from close.difference_decision
where book = %(book)s
order by table_name, record_id, version, decision_seq desc
