-- One row per booked bank line, charge and refund of a book and some days.
select record_id as line_id, booked_on
from canonical.bank_transaction_current
where book = %(book)s and not removed and status = 'booked' and booked_on between %(first_day)s and %(last_day)s
union all
select record_id, occurred_on
from canonical.payment_current
where book = %(book)s and not removed and kind in ('charge', 'refund')
    and occurred_on between %(first_day)s and %(last_day)s
