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
from ledger.standing as entry
where entry.book = %(book)s and entry.source = 'accrual' and entry.purpose = 'accrual'
    and entry.effective_on = %(last_day)s and entry.accounting_on >= %(last_day)s
order by entry.source_id
