-- One row per bank line of a book and some days that no document settles: open at the end of its latest month, with the
-- reason, or standing coded to an account.
with latest as (
    select max(month) as month from recon.month where book = %(book)s
),
coded as (
    select allocation.line_id, min(standing.rule) as rule, min(allocation.account_code) as account_code
    from recon.standing
    join recon.allocation using (match_id, version)
    where standing.book = %(book)s and standing.tier = 6 and allocation.account_code is not null
    group by allocation.line_id
)
select
    line.record_id as line_id, line.book, line.bank_account as account_id, line.currency, line.amount_minor,
    line.booked_on, line.counterparty_name, line.memo, line.transaction_code,
    coded.rule as coded_by, coded.account_code as coded_to, exception.reason
from canonical.bank_transaction_current as line
left join coded on coded.line_id = line.record_id
left join recon.exception as exception
    on exception.book = line.book and exception.month = (select month from latest) and exception.line_id = line.record_id
where line.book = %(book)s and not line.removed and line.status = 'booked'
    and line.booked_on between %(first_day)s and %(last_day)s
    and (coded.line_id is not null or exception.line_id is not null)
order by line.booked_on, line.record_id
