-- One row per line and counterpart that a person decided about, oldest first; holds: it is the last word on them.
select
    decision.recorded_seq as seq, decision.book, decision.line_id,
    coalesce(decision.item_id, decision.other_line_id, decision.account_code) as counterpart, decision.verdict,
    decision.difference, decision.actor, decision.recorded_at, decision.reason, decision.tier, decision.rule,
    current.recorded_seq is not null as holds
from recon.decision
left join recon.decision_current as current
    on current.decision_id = decision.decision_id and current.ordinal = decision.ordinal
where %(book)s::text is null or decision.book = %(book)s
order by decision.recorded_seq
