-- One row: a bank line or movement of a processor's balance that a person decides about, as it is now.
select book, month, bank_account as account_id, currency, amount_minor, booked_on, removed or status <> 'booked' as is_gone
from canonical.bank_transaction_current
where record_id = %(id)s
union all
select book, month, account, currency, amount_minor, occurred_on, removed
from canonical.payment_current
where record_id = %(id)s and kind in ('charge', 'refund')
