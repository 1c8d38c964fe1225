-- One row per match that stands, of a month or a later one, and that what counts now would not lead to (now), with why it
-- is taken back: of those that the records as they were signed lead to (known), and those that were made since records
-- were let in.
select
    match_id, version,
    'it would not be found any more with what was let into closed months since they were signed' as reason
from recon.standing
where book = %(book)s and month >= %(month)s and match_id <> all(%(now)s)
    and (
        match_id = any(%(known)s)
        or recorded_at > (
            select min(decision.recorded_at) from close.difference_decision as decision
            where decision.book = %(book)s and decision.month >= %(month)s
                and decision.verdict in ('let_in', 'adjusted')
        )
    )
    and not exists (
        select from recon.decisions_at('infinity') as decision
        join recon.allocation using (line_id)
        where allocation.match_id = standing.match_id and allocation.version = standing.version
            and decision.book = standing.book and decision.verdict = 'confirm'
    )
