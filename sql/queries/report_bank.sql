-- One row per bank account of a book, as of a day and as known at a moment: what the ledger has on it by accounting date,
-- by effective date, and by effective date on the day of the bank's last closing balance up to then (all null without
-- one), in the currency of the account.
with account as (
    select *
    from unnest(%(bank_accounts)s::text[], %(bank_codes)s::text[], %(bank_currencies)s::text[])
        as account (id, code, currency)
),
balance as materialized (
    select account, kind, balance_on, balance_minor, statement_id, record_id, source
    from canonical.balance_known(%(known_at)s)
    where book = %(book)s and kind in ('opening', 'closing') and not removed and balance_on <= %(as_of)s
),
-- Of several statements that end on a day, the last is the one that no other of that day goes on from.
stated as (
    select distinct on (closing.account)
        closing.account, closing.balance_on, closing.balance_minor, closing.statement_id
    from balance as closing
    where closing.kind = 'closing'
    order by closing.account, closing.balance_on desc,
        exists (
            select from balance as opening
            where opening.kind = 'opening' and opening.account = closing.account
                and opening.balance_on = closing.balance_on and opening.balance_minor = closing.balance_minor
                and opening.statement_id <> closing.statement_id
        ),
        closing.record_id
),
posted as materialized (
    select account.code, entry.accounting_on, entry.effective_on, sum(line.amount_minor) as amount_minor
    from ledger.entry_known(%(book)s, %(position)s) as entry
    cross join lateral unnest(entry.accounts, entry.amounts) as line (account_id, amount_minor)
    join ledger.account using (account_id)
    where account.code in (select account.code from account)
        and (entry.accounting_on <= %(as_of)s or entry.effective_on <= %(as_of)s)
    group by 1, 2, 3
)
select
    account.id as account, account.code, account.currency,
    coalesce(sum(posted.amount_minor) filter (where accounting_on <= %(as_of)s), 0)::bigint as by_accounting_minor,
    coalesce(sum(posted.amount_minor) filter (where effective_on <= %(as_of)s), 0)::bigint as by_effective_minor,
    case when stated.balance_on is not null then
        coalesce(sum(posted.amount_minor) filter (where effective_on <= stated.balance_on), 0)::bigint
    end as when_stated_minor,
    stated.balance_minor as stated_minor, stated.balance_on as stated_on, stated.statement_id
from account
left join stated on stated.account = account.id
left join posted on posted.code = account.code
group by account.id, account.code, account.currency, stated.balance_minor, stated.balance_on, stated.statement_id
order by account.id
