-- One row: how many matches stand that post to a book-month, and which: those of that month, and transfers and repeated
-- lines of any month with a line of that month.
select count(*), coalesce(max(recorded_seq), 0), coalesce(sum(recorded_seq), 0)
from recon.standing
where book = %(book)s and (
    month = %(month)s
    or exists (
        select from recon.allocation
        where allocation.match_id = standing.match_id and allocation.version = standing.version
            and allocation.relation in ('transfer', 'duplicate') and (
                allocation.line_on between %(first_day)s and %(last_day)s
                or allocation.other_line_on between %(first_day)s and %(last_day)s
            )
    )
)
