-- One row per book-year whose numbers have gaps, per batch without a seal or seal without its batch, and per account that
-- does not mean what it meant when it was first moved.
select
    numbered.book || '-' || numbered.fiscal_year as subject,
    'has ' || numbered.entries || ' entries, and the last number is ' || coalesce(numbering.last_number::text, 'unknown')
        as words
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
