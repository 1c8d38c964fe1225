-- One row: the latest acceptance of a match; retracted is null while it stands.
select
    match.match_id, match.version, match.tier, match.rule, match.words, match.matched_on, match.run_id,
    gone.reason as retracted
from recon.match as match
left join recon.retraction as gone using (match_id, version)
where match.match_id = %(id)s
order by match.version desc
limit 1
