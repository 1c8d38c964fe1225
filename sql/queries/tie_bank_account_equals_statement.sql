-- One row per statement date of each bank account in the month, or one for an account without a statement:
-- the ledger's balance by effective date against the bank's own closing balance.
with account as (
    select *
    from unnest(%(bank_accounts)s::text[], %(bank_codes)s::text[], %(bank_currencies)s::text[])
        as account (id, code, currency)
),
stated as materialized (
    select distinct on (account, balance_on) account, balance_on, balance_minor
    from canonical.balance_current
    where book = %(book)s and kind = 'closing' and not removed
        and balance_on between %(first_day)s and %(last_day)s
    order by account, balance_on, record_id
)
select
    'bank_account_equals_statement' as name,
    account.id as subject,
    coalesce(stated.balance_on, %(last_day)s::date) as on_day,
    account.currency,
    'ledger balance of the bank account' as left_words,
    (
        select coalesce(sum(movement.amount_minor), 0)::bigint
        from movement
        where movement.code = account.code and movement.effective_on <= coalesce(stated.balance_on, %(last_day)s::date)
    ) as left_minor,
    'closing balance of a bank statement in this month' as right_words,
    stated.balance_minor as right_minor
from account
left join stated on stated.account = account.id
order by subject, on_day
