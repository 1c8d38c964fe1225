-- One row per bank account, processor account and payout account of a book at the end of a day: the ledger's balance by
-- effective or accounting date, the latest balance that the bank or processor stated by then, whether the ledger agrees on
-- the day it was stated for (null where nobody states one), and the connection read least recently. A processor states its
-- balance now; what it was on an earlier day is that less every movement since. As known at a moment (report_known.sql).
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
-- A feed's current balance stands where no statement states one: it may hold what is pending, and proves nothing.
closing as (
    select distinct on (account) account, 'bank' as kind, balance_minor, balance_on, kind as stated_by
    from canonical.balance_known(%(known_at)s)
    where book = %(book)s and not removed and kind in ('closing', 'feed') and balance_on <= %(on_day)s
    order by account, kind = 'feed', balance_on desc, stated_at desc nulls last, record_id
),
said as materialized (
    select distinct on (account) account, balance_minor, balance_on, least(balance_on, %(on_day)s::date) as on_day, kind
    from canonical.balance_known(%(known_at)s)
    where book = %(book)s and not removed and kind = 'processor'
    order by account, stated_at desc nulls last
),
stated as materialized (
    select account, kind, balance_minor, balance_on, stated_by from closing
    union all
    select
        said.account, 'processor', said.balance_minor - coalesce(sum(payment.net_minor), 0)::bigint, said.on_day, said.kind
    from said
    left join canonical.payment_known(%(known_at)s) as payment
        on payment.book = %(book)s and payment.account = said.account and not payment.removed
            and payment.kind not in ('recorded_receipt', 'recorded_payment')
            and payment.occurred_on > said.on_day and payment.occurred_on <= said.balance_on
    group by said.account, said.balance_minor, said.on_day, said.kind
),
posted as materialized (
    select
        account.code, entry.currency, entry.effective_on,
        case when %(by_effective)s then entry.effective_on else entry.accounting_on end as asked_on,
        sum(line.amount_minor) as amount_minor, sum(line.functional_minor) as functional_minor
    from ledger.entry_known(%(book)s, %(position)s) as entry
    cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
        as line (account_id, amount_minor, functional_minor)
    join ledger.account using (account_id)
    where entry.accounts && (  -- before they are taken apart: few entries move cash accounts
            select array_agg(known.account_id)
            from ledger.account as known
            where known.book = %(book)s and known.code in (select account.code from account)
        )
        and account.code in (select account.code from account)
        and (entry.effective_on <= %(on_day)s or entry.accounting_on <= %(on_day)s)
    group by 1, 2, 3, 4
),
balance as (
    select
        account.id, account.kind,
        coalesce(sum(posted.amount_minor) filter (where posted.asked_on <= %(on_day)s), 0)::bigint as amount_minor,
        coalesce(sum(posted.functional_minor) filter (where posted.asked_on <= %(on_day)s), 0)::bigint as functional_minor,
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
    from (select distinct account from canonical.balance_known(%(known_at)s) where book = %(book)s) as stated_account
    join lateral (
        select sync.connection_id from landing.sync
        where sync.source = 'camt053' and sync.ended_at <= %(known_at)s::timestamptz - interval '1 second'
        order by sync.connection_id
        limit 1
    ) as record on not (stated_account.account = any(%(fed_accounts)s::text[]))
),
-- A read counts a second after it ended, so that one that was still being noted changes no answer.
freshness as (
    select distinct on (source.account) source.account, source.connection_id, sync.read_at
    from source
    left join lateral (
        select max(started_at) as read_at
        from landing.sync
        where sync.connection_id = source.connection_id and outcome = 'read'
            and ended_at <= %(known_at)s::timestamptz - interval '1 second'
    ) as sync on true
    order by source.account, sync.read_at nulls first, source.connection_id
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
        else coalesce(stated.balance_minor = balance.when_stated_minor and stated.stated_by <> 'feed', false)
    end as tied
from account
join balance using (id, kind)
left join stated on stated.account = account.id and stated.kind = account.kind
left join freshness on freshness.account = account.id
order by account.kind, account.id
