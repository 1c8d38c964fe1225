-- One row per entry that stands accrued at a month's end, as it would be wanted again.
select
    entry.book, entry.source, entry.source_id, entry.purpose, entry.effective_on, entry.accounting_on, entry.currency,
    entry.description,
    (
        select array_agg(account.code order by line.ordinal)
        from unnest(entry.accounts) with ordinality as line (account_id, ordinal)
        join ledger.account using (account_id)
    ) as accounts,
    entry.amounts, entry.functional_amounts, entry.evidence_id, entry.evidence_hash, entry.match_id, entry.rule
from ledger.business_key as known
join ledger.entry on entry.entry_id = known.entry_id and entry.accounting_on = known.accounting_on
where known.book = %(book)s and known.source = 'accrual' and known.purpose = 'accrual' and known.version > 0
    and known.accounting_on >= %(last_day)s and entry.effective_on = %(last_day)s
    and not exists (
        select from ledger.business_key as reversal
        where reversal.book = known.book and reversal.source = known.source and reversal.source_id = known.source_id
            and reversal.purpose = known.purpose and reversal.version = -known.version
    )
order by entry.source_id
