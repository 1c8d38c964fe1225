-- One row per entry of a book, as known at a position of the chain, whose two dates are in different months of which one
-- is the month asked for: what happened in it and is in a later period, and what is in it and happened before (but for
-- what opened the book). amount_minor: its debits, in the book's currency.
select
    entry.book || '-' || entry.fiscal_year || '-' || lpad(entry.number::text, 6, '0') as number,
    entry.effective_on, entry.accounting_on, seal.recorded_at, entry.description, entry.evidence_id,
    (
        select sum(amount) filter (where amount > 0)
        from unnest(coalesce(entry.functional_amounts, entry.amounts)) as line (amount)
    )::bigint as amount_minor,
    entry.accounting_on > %(as_of)s as is_later
from ledger.entry_known(%(book)s, %(position)s) as entry
join ledger.seal using (batch_id)
join ledger.book on book.book = entry.book
where (
    entry.effective_on between %(first_day)s and %(as_of)s and entry.accounting_on > %(as_of)s
    or entry.accounting_on between %(first_day)s and %(as_of)s and entry.effective_on < %(first_day)s
        and entry.effective_on >= book.starts_on
)
order by is_later desc, entry.effective_on, entry.fiscal_year, entry.number
