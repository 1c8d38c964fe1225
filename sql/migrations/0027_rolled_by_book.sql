-- ledger.rolled, as in 0022: one row per line of the entries that roll profit and loss into retained earnings on the first
-- day of a fiscal year. The book is that of the business key, so that who asks for one book's finds them by the key.
create or replace view ledger.rolled as
select
    known.book, entry.accounting_on, entry.effective_on, entry.batch_id, line.account_id,
    (coalesce(entry.functional_amounts, entry.amounts))[line.ordinal] as functional_minor
from ledger.business_key as known
join ledger.entry on entry.entry_id = known.entry_id and entry.accounting_on = known.accounting_on
cross join lateral unnest(entry.accounts) with ordinality as line (account_id, ordinal)
where known.source = 'year_end';
