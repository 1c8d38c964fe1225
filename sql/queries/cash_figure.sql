-- One row: the latest cash figure of an account.
select *
from report.cash_position
where account = %(account)s and kind <> 'in_transit'
order by month desc
limit 1
