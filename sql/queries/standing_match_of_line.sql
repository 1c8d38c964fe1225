-- One row per standing match that holds a line: what it says, and everything that it names beside the line.
select
    standing.match_id, standing.tier, standing.rule, standing.words,
    array_agg(distinct coalesce(
        case when allocation.line_id = %(id)s then allocation.other_line_id else allocation.line_id end,
        allocation.item_id, allocation.account_code
    )) as named
from recon.standing
join recon.allocation using (match_id, version)
where allocation.line_id = %(id)s
    or allocation.other_line_id = %(id)s and allocation.relation in ('transfer', 'netted')
group by 1, 2, 3, 4
