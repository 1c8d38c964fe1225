-- One row per entry that contradicts itself, its business key, its batch or its seal, and per business key without an
-- entry. Digests and ids are worked out here by their formulas, not by the functions that posting calls: somebody may have
-- replaced those. Each entry is judged before its key is looked for, so that only what is compared travels.
select
    coalesce(
        entry.book || '-' || entry.fiscal_year || '-' || entry.number,
        known.book || ' ' || known.source_id || ' ' || known.purpose
    ) as subject,
    case
        when entry.entry_id is null then 'is noted as posted, and there is no such entry'
        when entry.words is not null then entry.words
        when known.entry_id is null then 'has no business key'
        when (known.book, known.source, known.source_id, known.purpose, known.version)
            <> (entry.book, entry.source, entry.source_id, entry.purpose, entry.version)
            then 'is noted as ' || known.source_id || ' ' || known.purpose || ', which is not its business key'
        else 'is not what was posted under its business key'
    end as words
from (
    select
        entry.entry_id, entry.book, entry.fiscal_year, entry.number, entry.source, entry.source_id, entry.purpose,
        entry.version, entry.accounting_on, entry.digest,
        case
            when seal.batch_id is null then 'is in no sealed batch'
            when entry.run_id <> batch.run_id or entry.correlation_id <> batch.correlation_id
                then 'is of another run than its batch'
            when not ledger.is_balanced(entry.accounts, entry.amounts, entry.functional_amounts) then 'does not balance'
            when entry.digest <> sha256(convert_to(
                (entry.effective_on - date '2000-01-01')::text || ledger.part(entry.currency) || entry.accounts::text
                    || entry.amounts::text || coalesce(entry.functional_amounts::text, '-')
                    || ledger.part(entry.match_id),
                'UTF8'
            )) then 'is not what its digest says'
            when entry.entry_id <> encode(substr(sha256(convert_to(
                ledger.part(entry.book) || ledger.part(entry.source) || ledger.part(entry.source_id)
                    || ledger.part(entry.purpose) || entry.version::text,
                'UTF8'
            )), 1, 16), 'hex')::uuid then 'is not of the business key that its id says'
        end as words
    from ledger.entry
    left join ledger.seal on seal.batch_id = entry.batch_id
    left join ledger.batch on batch.batch_id = entry.batch_id
    offset 0
) as entry
full join ledger.business_key as known using (entry_id)
where entry.words is not null
    or entry.entry_id is null
    or known.entry_id is null
    or (known.book, known.source, known.source_id, known.purpose, known.version, known.accounting_on, known.digest)
        <> (entry.book, entry.source, entry.source_id, entry.purpose, entry.version, entry.accounting_on, entry.digest)
order by 1
limit 20
