-- One row per match, of some, and record that it is of, whatever became of the match.
select distinct match_id as source_id, each.record_id
from recon.allocation
cross join lateral (values (line_id), (item_id), (other_line_id)) as each (record_id)
where match_id = any(%(matches)s) and each.record_id is not null
