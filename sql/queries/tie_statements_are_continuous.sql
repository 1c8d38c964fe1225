-- One row per statement of the month that follows another: its opening balance against the closing balance before it.
with stated as (
    select distinct account, currency, kind, balance_on, balance_minor, statement_id
    from canonical.balance_current
    where book = %(book)s and kind in ('opening', 'closing') and not removed and balance_on <= %(last_day)s
),
opening as (
    select * from stated where kind = 'opening' and balance_on >= %(first_day)s
)
select distinct on (opening.account, opening.balance_on)
    'statements_are_continuous' as name,
    opening.account as subject,
    opening.balance_on as on_day,
    opening.currency,
    'opening balance of a statement' as left_words,
    opening.balance_minor as left_minor,
    'closing balance of the statement before' as right_words,
    before.balance_minor as right_minor
from opening
join stated as before
    on before.account = opening.account
        and before.kind = 'closing'
        and before.statement_id <> opening.statement_id
        and before.balance_on < opening.balance_on
order by opening.account, opening.balance_on, before.balance_on desc
