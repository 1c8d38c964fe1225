-- One row per account of each book and month computed.
select
    book, month, account, kind, currency, balance_minor, functional_minor, balance_on,
    stated_minor, stated_on, stated_by, oldest_source, read_at, tied
from report.cash_position
where %(book)s::text is null or book = %(book)s
order by book, kind, account, month
