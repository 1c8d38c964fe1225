-- One row: a line whose standing match settles an item.
select allocation.line_id
from recon.standing
join recon.allocation using (match_id, version)
where allocation.item_id = %(id)s and allocation.relation is null
order by standing.recorded_seq desc
limit 1
