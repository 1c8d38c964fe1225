-- One row per entry that stood for a closed month when it was signed: of its records and matches, by their effective
-- days (the first month of a book takes in what is older).
with entry as materialized (
    select entry.*
    from ledger.entry
    join ledger.seal using (batch_id)
    join ledger.book using (book)
    where entry.book = %(book)s and entry.accounting_on >= %(first_day)s
        and greatest(entry.effective_on, book.starts_on) between %(first_day)s and %(last_day)s
        and seal.position <= %(position)s
        and (entry.source = any(%(sources)s::text[]) or entry.rule = %(opening)s)
)
select
    book, source, source_id, purpose, effective_on, accounting_on, currency, description,
    array(
        select account.code
        from unnest(entry.accounts) with ordinality as line (account_id, ordinal)
        join ledger.account using (account_id)
        order by ordinal
    ) as accounts,
    amounts, functional_amounts, evidence_id, evidence_hash, match_id, rule
from entry
where version > 0 and not exists (select from entry as reversal where reversal.reverses = entry.entry_id)
