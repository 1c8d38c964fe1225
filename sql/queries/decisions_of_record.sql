-- One row per decision of a person about a line, or that names a record as item or other line, oldest first.
select
    decision.line_id, coalesce(decision.item_id, decision.other_line_id, decision.account_code) as counterpart,
    decision.verdict, decision.difference, decision.actor, decision.reason, decision.recorded_at
from recon.decision
where decision.line_id = %(id)s or decision.item_id = %(id)s or decision.other_line_id = %(id)s
order by decision.recorded_seq
