-- One row: the latest closing balance that a bank stated for an account by a day.
select record_id
from canonical.balance_current
where account = %(account)s and kind in ('closing', 'processor') and balance_on <= %(on_day)s and not removed
order by balance_on desc, record_id
limit 1
