-- One row per closing balance that a bank stated: what all booked lines of the account up to that day come to, by the
-- lines alone, less what the bank says. Lines that stand matched as repetitions of others are left out.
with opening as (
    select distinct on (account) account, balance_minor, balance_on
    from canonical.balance_current
    where book = %(book)s and kind = 'opening' and not removed
    order by account, balance_on, record_id
),
repeated as (
    select allocation.line_id
    from recon.standing
    join recon.allocation using (match_id, version)
    where standing.book = %(book)s and allocation.relation = 'duplicate'
),
line as materialized (
    select bank_account as account, booked_on, sum(amount_minor) as amount_minor
    from canonical.bank_transaction_current
    where book = %(book)s and not removed and status = 'booked' and bank_account = any(%(accounts)s)
        and record_id not in (select line_id from repeated)
    group by 1, 2
)
select
    stated.account as account_id, stated.balance_on,
    (
        opening.balance_minor - stated.balance_minor + coalesce(sum(line.amount_minor), 0)
    )::bigint as gap_minor
from canonical.balance_current as stated
join opening on opening.account = stated.account and opening.balance_on <= stated.balance_on
left join line
    on line.account = stated.account and line.booked_on >= opening.balance_on and line.booked_on <= stated.balance_on
where stated.book = %(book)s and stated.kind = 'closing' and not stated.removed and stated.account = any(%(accounts)s)
group by stated.record_id, stated.account, stated.balance_on, stated.balance_minor, opening.balance_minor
order by account_id, balance_on
