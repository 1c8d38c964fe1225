-- One row per allocation that stands: a line and what it is matched with.
select allocation.line_id, coalesce(allocation.item_id, allocation.other_line_id) as counter_id,
    allocation.amount_minor, standing.tier
from recon.standing
join recon.allocation using (match_id, version)
where coalesce(allocation.item_id, allocation.other_line_id) is not null
