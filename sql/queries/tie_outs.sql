-- One row per two figures that must be equal, of a book and month.
select
    book, month, name, subject, on_day, currency, left_words, left_minor, right_words, right_minor, tied, words
from report.tie_out
where (%(book)s::text is null or book = %(book)s) and (%(month)s::text is null or month = %(month)s)
order by book, month, name, subject, on_day
