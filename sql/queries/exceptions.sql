-- One row per line that a person has to look at. A carried line is listed in the month that it came from onwards; of
-- those, the latest folded month tells its present reason.
select distinct on (book, line_id)
    book, month, line_id, booked_on, account, currency, amount_minor, reason, words, suggestions
from recon.exception
where (%(book)s::text is null or book = %(book)s) and (%(month)s::text is null or month = %(month)s)
order by book, line_id, month desc
