-- One row per entry on a bank account of a book, as known at a position of the chain, that one of its two dates puts on
-- the other side of a day than the other (is_late: it happened by then and is in a later period, or the other way round),
-- or that happened after the bank's last closing balance and up to the day (is_after_statement).
select
    account.code,
    (entry.accounting_on <= %(as_of)s) <> (entry.effective_on <= %(as_of)s) as is_late,
    coalesce(entry.effective_on > stated.stated_on and entry.effective_on <= %(as_of)s, false) as is_after_statement,
    entry.book || '-' || entry.fiscal_year || '-' || lpad(entry.number::text, 6, '0') as number,
    entry.effective_on, entry.accounting_on, seal.recorded_at, entry.currency, entry.description,
    entry.effective_on <= %(as_of)s as happened,
    sum(line.amount_minor)::bigint as amount_minor
from ledger.entry_known(%(book)s, %(position)s) as entry
join ledger.seal using (batch_id)
cross join lateral unnest(entry.accounts, entry.amounts) as line (account_id, amount_minor)
join ledger.account using (account_id)
join unnest(%(codes)s::text[], %(stated_on)s::date[]) as stated (code, stated_on) on stated.code = account.code
where (entry.accounting_on <= %(as_of)s) <> (entry.effective_on <= %(as_of)s)
    or entry.effective_on > stated.stated_on and entry.effective_on <= %(as_of)s
group by
    account.code, stated.stated_on, entry.book, entry.fiscal_year, entry.number, entry.effective_on, entry.accounting_on,
    seal.recorded_at, entry.currency, entry.description
having sum(line.amount_minor) <> 0
order by account.code, is_late desc, entry.effective_on, entry.fiscal_year, entry.number
