-- One row per statement date of each bank account in the month, or one for an account without a statement:
-- the ledger's balance by effective date against the bank's own closing balance.
with account as (
    select *
    from unnest(%(bank_accounts)s::text[], %(bank_codes)s::text[], %(bank_currencies)s::text[])
        as account (id, code, currency)
),
balance as materialized (
    select account, kind, balance_on, balance_minor, statement_id, record_id
    from canonical.balance_current
    where book = %(book)s and kind in ('opening', 'closing') and not removed
        and balance_on between %(first_day)s and %(last_day)s
),
-- Of several statements that end on a day, the last is the one that no other of that day goes on from.
stated as materialized (
    select distinct on (closing.account, closing.balance_on)
        closing.account, closing.balance_on, closing.balance_minor
    from balance as closing
    where closing.kind = 'closing'
    order by closing.account, closing.balance_on,
        exists (
            select from balance as opening
            where opening.kind = 'opening' and opening.account = closing.account
                and opening.balance_on = closing.balance_on and opening.balance_minor = closing.balance_minor
                and opening.statement_id <> closing.statement_id
        ),
        closing.record_id
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
