-- One row per allocation that stands: a line and what it is matched with.
select allocation.line_id, coalesce(allocation.other_line_id, allocation.item_id) as counter_id,
    allocation.amount_minor, standing.tier
from recon.standing
join recon.allocation using (match_id, version)
where coalesce(allocation.other_line_id, allocation.item_id) is not null
    and allocation.relation is distinct from 'on_account'
