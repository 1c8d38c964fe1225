-- One row per acceptance of a match that names a record as line, item or other line; retracted is null while it stands.
select distinct
    match.match_id, match.version, match.tier, match.rule, match.words, match.matched_on, match.run_id,
    gone.reason as retracted
from recon.allocation as allocation
join recon.match as match using (match_id, version)
left join recon.retraction as gone using (match_id, version)
where allocation.line_id = %(id)s or allocation.item_id = %(id)s or allocation.other_line_id = %(id)s
order by match.match_id, match.version
