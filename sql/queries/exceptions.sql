-- One row per line that a person has to look at, at the end of a month, or of each book's latest computed month. A line
-- without a counterpart is carried and asked about again in every later month, so the latest month has them all.
select
    exception.book, exception.month, line_id, booked_on, account, currency, amount_minor, reason, words, suggestions
from recon.exception as exception
join (
    select book, max(month) as month
    from recon.month
    where %(month)s::text is null or month = %(month)s
    group by book
) as asked using (book, month)
where %(book)s::text is null or exception.book = %(book)s
