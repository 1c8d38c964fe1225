-- One row: why a line needs a person, at the end of the latest month of its book.
select exception.month, exception.reason, exception.words, exception.suggestions
from recon.exception as exception
join (select book, max(month) as month from recon.month group by book) as latest using (book, month)
where exception.line_id = %(id)s
