-- One row per account, currency, months and batch of which the noted movement is not the sum of the entries' lines.
with added_up as materialized (
    select
        batch_id, book, date_trunc('month', accounting_on::timestamp)::date as accounting_month, account_id, currency,
        date_trunc('month', effective_on::timestamp)::date as effective_month,
        sum(debit_minor) as debit_minor, sum(credit_minor) as credit_minor,
        sum(functional_debit_minor) as functional_debit_minor, sum(functional_credit_minor) as functional_credit_minor
    from (
        select
            batch_id, book, accounting_on, effective_on, currency, account_id,
            sum(greatest(amount_minor, 0)) as debit_minor,
            -sum(least(amount_minor, 0)) as credit_minor,
            sum(greatest(functional_minor, 0)) as functional_debit_minor,
            -sum(least(functional_minor, 0)) as functional_credit_minor
        from (
            select
                batch_id, book, accounting_on, effective_on, currency, unnest(accounts) as account_id,
                unnest(amounts) as amount_minor, unnest(coalesce(functional_amounts, amounts)) as functional_minor
            from ledger.entry
        ) as line
        group by 1, 2, 3, 4, 5, 6
    ) as of_day
    group by 1, 2, 3, 4, 5, 6
)
select
    'account ' || coalesce(account.code, account_id::text) || ' of book ' || book || ' in '
        || to_char(accounting_month, 'YYYY-MM') as subject,
    case
        when moved.debit_minor is null then 'lacks what batch ' || summed.batch_id || ' moved'
        else 'is noted to have moved otherwise at link ' || position || ' than the entries say'
    end as words
from (select added_up.*, seal.position from added_up left join ledger.seal using (batch_id)) as summed
full join ledger.movement as moved
    using (book, accounting_month, account_id, currency, effective_month, position)
left join ledger.account using (account_id, book)
where (summed.debit_minor, summed.credit_minor, summed.functional_debit_minor, summed.functional_credit_minor)
    is distinct from
    (moved.debit_minor, moved.credit_minor, moved.functional_debit_minor, moved.functional_credit_minor)
order by 1, 2
limit 20
