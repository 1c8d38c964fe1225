-- One row per bank line among some ids, as it is now.
select record_id as line_id, book, bank_account as account_id, currency, amount_minor
from canonical.bank_transaction_current
where record_id = any(%(ids)s) and not removed and status = 'booked'
