-- One row per booked bank line and movement of a processor's balance: the book and month that it belongs to.
select record_id as line_id, book, month
from canonical.bank_transaction_current
where not removed and status = 'booked'
union all
select record_id, book, month
from canonical.payment_current
where not removed and kind not in ('recorded_receipt', 'recorded_payment', 'allocation')
order by line_id
