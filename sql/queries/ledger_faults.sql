-- One row per entry that contradicts itself, its business key, its batch or its seal, per business key without an entry,
-- per book-year whose numbers have gaps, per batch without a seal or seal without its batch, and per account that does
-- not mean what it meant when it was first moved.
select
    coalesce(entry.book || '-' || entry.fiscal_year || '-' || entry.number, book || ' ' || source_id || ' ' || purpose)
        as subject,
    case
        when entry.entry_id is null then 'is noted as posted, and there is no such entry'
        when seal.batch_id is null then 'is in no sealed batch'
        when known.entry_id is null then 'has no business key'
        when entry.run_id <> batch.run_id or entry.correlation_id <> batch.correlation_id
            then 'is of another run than its batch'
        when not ledger.is_balanced(entry.accounts, entry.amounts, entry.functional_amounts) then 'does not balance'
        else 'is not what was posted under its business key'
    end as words
from ledger.entry
left join ledger.seal on seal.batch_id = entry.batch_id
left join ledger.batch on batch.batch_id = entry.batch_id
full join ledger.business_key as known using (book, source, source_id, purpose, version)
where seal.batch_id is null
    or known.entry_id is null
    or entry.run_id <> batch.run_id
    or entry.correlation_id <> batch.correlation_id
    or not ledger.is_balanced(entry.accounts, entry.amounts, entry.functional_amounts)
    or known.entry_id <> entry.entry_id
    or known.accounting_on <> entry.accounting_on
    or known.digest <> ledger.entry_digest(
        entry.effective_on, entry.currency, entry.accounts, entry.amounts, entry.functional_amounts, entry.match_id
    )
    or entry.digest <> known.digest
    or entry.entry_id <> ledger.entry_id(entry.book, entry.source, entry.source_id, entry.purpose, entry.version)
union all
select
    numbered.book || '-' || numbered.fiscal_year,
    'has ' || numbered.entries || ' entries, and the last number is ' || coalesce(numbering.last_number::text, 'unknown')
from (
    select book, fiscal_year, count(*) as entries, count(distinct number) as numbers, max(number) as greatest
    from ledger.entry
    group by book, fiscal_year
) as numbered
full join ledger.numbering using (book, fiscal_year)
where numbered.entries is distinct from numbering.last_number
    or numbered.numbers is distinct from numbered.entries
    or numbered.greatest is distinct from numbered.entries
union all
select
    'batch ' || coalesce(seal.batch_id, batch.batch_id),
    case when batch.batch_id is null then 'is sealed, and its row is gone' else 'is in no seal' end
from ledger.seal
full join ledger.batch using (batch_id)
where seal.batch_id is null or batch.batch_id is null
union all
select
    'account ' || coalesce(account.code || ' of book ' || account.book, account_id::text),
    case
        when account.account_id is null then 'is gone'
        when account_seal.account_id is null then 'was moved, and no seal says what it meant then'
        else 'does not mean what it meant at link ' || account_seal.position || ', when it was first moved'
    end
from (select distinct account_id from ledger.movement) as moved
full join ledger.account_seal using (account_id)
left join ledger.account using (account_id)
where account_seal.meaning is distinct from ledger.meaning_of(account_id)
order by 1
limit 20
