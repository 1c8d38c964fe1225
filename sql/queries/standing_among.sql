-- One row per match among some that stands, of a month or a later one, with why it is taken back.
select
    match_id, version,
    'it would not be found any more with what was let into closed months since they were signed' as reason
from recon.standing
where book = %(book)s and month >= %(month)s and match_id = any(%(matches)s)
    and not exists (
        select from recon.decisions_at('infinity') as decision
        join recon.allocation using (line_id)
        where allocation.match_id = standing.match_id and allocation.version = standing.version
            and decision.book = standing.book and decision.verdict = 'confirm'
    )
