-- ledger.submitted_item: one row per open item of an opening. What customers and suppliers have on account (overpaid, paid
-- in advance, not applied) opens a book too, as an item of its own sign (accounting rules 12 and 24).

alter table ledger.submitted_item drop constraint submitted_item_kind_check;
alter table ledger.submitted_item add constraint submitted_item_kind_check check (kind in (
    'invoice', 'bill', 'credit_note', 'supplier_credit', 'customer_on_account', 'supplier_on_account', 'payout',
    'recorded_receipt', 'recorded_payment'
));
comment on column canonical.invoice.kind is 'invoice and supplier_credit are owed to us, bill and credit_note by us. Of a signed opening alone: supplier_on_account is owed to us, customer_on_account by us.';
