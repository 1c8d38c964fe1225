-- One row per book, month and reason: the lines booked in that month that still need a person.
select exception.book, to_char(exception.booked_on, 'YYYY-MM') as month, exception.reason, count(*) as lines
from recon.exception as exception
join (select book, max(month) as month from recon.month group by book) as latest using (book, month)
where %(book)s::text is null or exception.book = %(book)s
group by 1, 2, 3
order by 1, 2, 4 desc, 3
