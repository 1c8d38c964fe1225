-- One row per entry of a book whose accounting date is in a month, in the order of their numbers.
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
where entry.book = %(book)s and entry.accounting_on between %(first_day)s and %(last_day)s
order by entry.fiscal_year, entry.number
limit %(limit)s
