-- One row per standing entry of a closed month that a match of another month posted to it, of one that is not closed.
select distinct standing.source, standing.source_id, standing.purpose
from ledger.standing
join ledger.book using (book)
join recon.match on match.match_id = standing.source_id and match.book = standing.book
where standing.book = %(book)s and standing.source = 'match' and standing.accounting_on >= %(first_day)s
    and greatest(standing.effective_on, book.starts_on) between %(first_day)s and %(last_day)s
    and match.month <> all(%(held)s::text[])
