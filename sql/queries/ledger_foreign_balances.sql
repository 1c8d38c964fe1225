-- One row per account and currency other than the book's own that an entry of the book ever moved: its balance by
-- accounting date at a month's end, in that currency and in the book's, without what stands for that month itself (whoever
-- asks is about to say anew what should). Beside a valuation account, the last entry that revalued: what a reversal takes
-- back.
with moved as (
    select
        movement.account_id, movement.currency, movement.debit_minor - movement.credit_minor as amount_minor,
        movement.functional_debit_minor - movement.functional_credit_minor as functional_minor
    from ledger.movement
    join ledger.book using (book)
    where movement.book = %(book)s and movement.accounting_month <= date_trunc('month', %(last_day)s::timestamp)
        and movement.currency <> book.functional_currency
    union all
    select line.account_id, entry.currency, -line.amount, -line.functional_amount
    from ledger.standing as entry
    join ledger.book using (book)
    cross join lateral unnest(entry.accounts, entry.amounts, entry.functional_amounts)
        as line (account_id, amount, functional_amount)
    where entry.book = %(book)s and entry.functional_amounts is not null
        and entry.accounting_on between %(first_day)s and %(last_day)s
        and greatest(entry.effective_on, book.starts_on) between %(first_day)s and %(last_day)s
),
balance as (
    select
        account.code, moved.currency, sum(moved.amount_minor)::bigint as amount_minor,
        sum(moved.functional_minor)::bigint as functional_minor
    from moved
    join ledger.account using (account_id)
    group by account.code, moved.currency
),
revaluation as (
    select distinct on (code, currency) code, currency, source_id, digest
    from (
        select
            split_part(source_id, '/', 2) as month, split_part(source_id, '/', 3) || 'V' as code,
            split_part(source_id, '/', 4) as currency, source_id, version, digest
        from ledger.business_key
        where book = %(book)s and source = 'revaluation' and purpose = 'revaluation' and version > 0
    ) as known
    where month < to_char(%(first_day)s::date, 'YYYY-MM')
    order by code, currency, month desc, version desc
)
select
    balance.code, balance.currency, balance.amount_minor, balance.functional_minor, revaluation.source_id as evidence_id,
    encode(revaluation.digest, 'hex') as evidence_hash
from balance
left join revaluation using (code, currency)
order by balance.code, balance.currency
