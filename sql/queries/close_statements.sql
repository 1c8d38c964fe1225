-- One row per bank account of a book: the last closing balance that its bank stated up to a month's end, and whether it is
-- that of the last day: dated so, or what a statement of a later day opens with, without a line between the two.
with account as (
    select * from unnest(%(bank_accounts)s::text[], %(bank_currencies)s::text[]) as account (id, currency)
),
stated as materialized (
    select account, kind, balance_on, balance_minor, record_id
    from canonical.balance_current
    where book = %(book)s and kind in ('opening', 'closing') and not removed
)
select
    account.id as account, account.currency, closing.balance_on as stated_on, closing.balance_minor as stated_minor,
    coalesce(closing.balance_on = %(last_day)s::date or exists (
        select
        from (
            select balance_on, balance_minor from stated
            where stated.account = account.id and kind = 'opening' and balance_on > %(last_day)s
            order by balance_on
            limit 1
        ) as opening
        where opening.balance_minor = closing.balance_minor and not exists (
            select from canonical.bank_transaction_current as line
            where line.book = %(book)s and line.bank_account = account.id and not line.removed
                and line.status = 'booked' and line.booked_on > closing.balance_on
                and line.booked_on < opening.balance_on
        )
    ), false) as is_at_month_end
from account
left join lateral (
    select balance_on, balance_minor from stated
    where stated.account = account.id and kind = 'closing' and balance_on <= %(last_day)s
    order by balance_on desc, record_id
    limit 1
) as closing on true
order by account.id
