-- One row per bank account, processor account and payout account of a book at the end of a day: the ledger's balance by
-- effective date, the latest balance that the bank or processor stated by then, whether the ledger agrees on that day
-- (null where nobody states a balance), and the connection read least recently. A processor states its balance now; what
-- it was on an earlier day is that less every movement since.
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
closing as (
    select distinct on (account) account, 'bank' as kind, balance_minor, balance_on, kind as stated_by
    from canonical.balance_current
    where book = %(book)s and not removed and kind = 'closing' and balance_on <= %(on_day)s
    order by account, balance_on desc, stated_at desc nulls last, record_id
),
said as materialized (
    select distinct on (account) account, balance_minor, balance_on, least(balance_on, %(on_day)s::date) as on_day, kind
    from canonical.balance_current
    where book = %(book)s and not removed and kind = 'processor'
    order by account, stated_at desc nulls last
),
stated as materialized (
    select account, kind, balance_minor, balance_on, stated_by from closing
    union all
    select
        said.account, 'processor', said.balance_minor - coalesce(sum(payment.net_minor), 0)::bigint, said.on_day, said.kind
    from said
    left join canonical.payment_current as payment
        on payment.book = %(book)s and payment.account = said.account and not payment.removed
            and payment.kind not in ('recorded_receipt', 'recorded_payment')
            and payment.occurred_on > said.on_day and payment.occurred_on <= said.balance_on
    group by said.account, said.balance_minor, said.on_day, said.kind
),
posted as materialized (
    select code, currency, effective_on, sum(amount_minor) as amount_minor, sum(functional_minor) as functional_minor
    from ledger.posting
    where book = %(book)s and effective_on <= %(on_day)s and code in (select account.code from account)
    group by code, currency, effective_on
),
balance as (
    select
        account.id, account.kind,
        coalesce(sum(posted.amount_minor), 0)::bigint as amount_minor,
        coalesce(sum(posted.functional_minor), 0)::bigint as functional_minor,
        coalesce(sum(posted.amount_minor) filter (where posted.effective_on <= stated.balance_on), 0) as when_stated_minor
    from account
    left join stated on stated.account = account.id and stated.kind = account.kind
    left join posted on posted.code = account.code and posted.currency = account.currency
    group by account.id, account.kind
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
    balance.amount_minor as balance_minor,
    balance.functional_minor,
    %(on_day)s::date as balance_on,
    stated.balance_minor as stated_minor,
    stated.balance_on as stated_on,
    stated.stated_by,
    freshness.connection_id as oldest_source,
    freshness.read_at,
    case
        when account.kind = 'in_transit' then null
        else coalesce(stated.balance_minor = balance.when_stated_minor, false)
    end as tied
from account
join balance using (id, kind)
left join stated on stated.account = account.id and stated.kind = account.kind
left join freshness on freshness.account = account.id
order by account.kind, account.id
