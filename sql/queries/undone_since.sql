-- One row per closed month of which a person undid a standing match since it was folded: declined it, or withdrew what
-- it was confirmed by.
select distinct standing.month
from recon.standing
join recon.month as folded on folded.book = standing.book and folded.month = standing.month
join recon.allocation using (match_id, version)
join recon.decision as decision
    on decision.book = standing.book and decision.recorded_at > folded.folded_at
        and decision.verdict in ('decline', 'withdraw')
        and (
            decision.line_id = allocation.line_id
            or decision.line_id = allocation.other_line_id
            or decision.other_line_id = allocation.line_id
        )
where standing.book = %(book)s and standing.month = any(%(months)s::text[])
