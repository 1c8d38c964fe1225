-- One row per account of the accounting system that authorised documents of a month name and the book's chart lacks.
select distinct line.account
from canonical.invoice_current as document
cross join lateral unnest(document.line_accounts) as line (account)
where document.book = %(book)s and document.month between %(first)s and %(last)s and not document.removed
    and document.status = 'authorised' and line.account <> all(%(mapped)s::text[])
order by line.account
