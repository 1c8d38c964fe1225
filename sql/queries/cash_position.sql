-- One row per account of each book, in the latest month computed (or the one asked for).
select
    position.book, position.month, account, kind, currency, balance_minor, functional_minor, balance_on,
    stated_minor, stated_on, stated_by, oldest_source, read_at, tied
from report.cash_position as position
join (
    select book, max(month) as month from report.cash_position
    where %(month)s::text is null or month <= %(month)s
    group by book
) as latest using (book, month)
where %(book)s::text is null or position.book = %(book)s
order by position.book, kind, account
