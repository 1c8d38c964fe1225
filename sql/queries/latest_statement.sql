-- One row: the latest closing balance that a bank stated for an account by a day. Of a processor the latest at all: it
-- states its balance now only, and what it was on an earlier day is that less what followed.
select record_id
from canonical.balance_current
where account = %(account)s and not removed
    and ((kind = 'closing' and balance_on <= %(on_day)s) or kind = 'processor')
order by balance_on desc, stated_at desc nulls last, record_id
limit 1
