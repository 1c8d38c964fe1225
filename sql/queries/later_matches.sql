-- One row per standing match of a month that is not closed with a line of a closed one that its entries bear the day of.
select distinct standing.match_id as source_id
from recon.standing
join recon.allocation using (match_id, version)
where standing.book = %(book)s and standing.month <> all(%(held)s::text[])
    and allocation.relation in ('transfer', 'duplicate')
    and (
        allocation.line_on between %(first_day)s and %(last_day)s
        or allocation.other_line_on between %(first_day)s and %(last_day)s
    )
