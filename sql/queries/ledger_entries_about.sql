-- One row per entry that a subject names: an entry's id or number, the record that proves it, or the match behind it.
select
    entry.entry_id::text as entry_id,
    entry.book || '-' || entry.fiscal_year || '-' || lpad(entry.number::text, 6, '0') as number,
    entry.book, entry.accounting_on, entry.effective_on, seal.recorded_at, entry.currency, entry.description,
    (
        select array_agg(account.code order by line.ordinal)
        from unnest(entry.accounts) with ordinality as line (account_id, ordinal)
        join ledger.account using (account_id)
    ) as accounts,
    entry.amounts, entry.functional_amounts, entry.source, entry.source_id, entry.purpose, entry.version,
    entry.evidence_id, entry.evidence_hash, entry.match_id, entry.rule, entry.reverses::text as reverses, entry.run_id,
    entry.correlation_id
from ledger.entry
left join ledger.seal using (batch_id)
where entry.entry_id = %(entry_id)s::uuid
    or entry.evidence_id = %(subject)s
    or entry.match_id = %(subject)s
    or (entry.book = %(book)s and entry.fiscal_year = %(fiscal_year)s and entry.number = %(number)s)
order by entry.book, entry.fiscal_year, entry.number
