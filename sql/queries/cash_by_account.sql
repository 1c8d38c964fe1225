-- One row per bank account, processor account and payout account of a book at the end of a day: the ledger's balance by
-- effective date, the latest balance that the bank or processor stated, and the connection read least recently.
with account as (
    select id, 'bank' as kind, code, currency
    from unnest(%(bank_accounts)s::text[], %(bank_codes)s::text[], %(bank_currencies)s::text[])
        as bank (id, code, currency)
    union all
    select id, 'processor', %(clearing)s::text, currency
    from unnest(%(processor_accounts)s::text[], %(processor_currencies)s::text[]) as processor (id, currency)
    union all
    select id, 'in_transit', %(payouts_in_transit)s::text, currency
    from unnest(%(processor_accounts)s::text[], %(processor_currencies)s::text[]) as processor (id, currency)
),
balance as (
    select code, currency, sum(amount_minor)::bigint as amount_minor, sum(functional_minor)::bigint as functional_minor
    from ledger.posting
    where book = %(book)s and effective_on <= %(on_day)s and code in (select account.code from account)
    group by code, currency
),
stated as materialized (
    select distinct on (account) account, balance_minor, balance_on, kind
    from canonical.balance_current
    where book = %(book)s and not removed and kind in ('closing', 'processor') and balance_on <= %(on_day)s
    order by account, balance_on desc, stated_at desc nulls last, record_id
),
source as (
    select fed.account, fed.connection_id
    from unnest(%(fed_accounts)s::text[], %(feeds)s::text[]) as fed (account, connection_id)
    union
    select stated_account.account, record.connection_id
    from (select distinct account from canonical.balance_current where book = %(book)s) as stated_account
    join lateral (
        select sync.connection_id from landing.sync where sync.source = 'camt053' limit 1
    ) as record on not (stated_account.account = any(%(fed_accounts)s::text[]))
),
freshness as (
    select distinct on (source.account) source.account, source.connection_id, cursor.read_at
    from source
    left join landing.cursor as cursor using (connection_id)
    order by source.account, cursor.read_at nulls first
)
select
    account.id as account,
    account.kind,
    account.currency,
    coalesce(balance.amount_minor, 0)::bigint as balance_minor,
    coalesce(balance.functional_minor, 0)::bigint as functional_minor,
    %(on_day)s::date as balance_on,
    case when account.kind <> 'in_transit' then stated.balance_minor end as stated_minor,
    case when account.kind <> 'in_transit' then stated.balance_on end as stated_on,
    case when account.kind <> 'in_transit' then stated.kind end as stated_by,
    freshness.connection_id as oldest_source,
    freshness.read_at
from account
left join balance on balance.code = account.code and balance.currency = account.currency
left join stated on stated.account = account.id
left join freshness on freshness.account = account.id
order by account.kind, account.id
