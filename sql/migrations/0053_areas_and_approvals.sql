-- Areas follow from the whole role, not from how it begins: bank charges are an expense, and a month's end revalues what
-- is open though its area is locked already. Both are of the general ledger.

create or replace function ledger.area_of(role text) returns text
immutable strict language sql
return case
    when role in ('receivables', 'unidentified_receipts', 'unapplied_card_receipts', 'disputes_receivable',
        'refunds_awaiting_credit_note') then 'AR'
    when role in ('payables', 'unidentified_payments') then 'AP'
    when role in ('bank', 'processor_clearing', 'payouts_in_transit', 'transfers_in_transit', 'outstanding_receipts',
        'outstanding_payments', 'exchange') then 'bank'
    else 'GL'
end;

-- The areas that are there follow the function again.
update ledger.account set role = role;

-- What a book is computed with is approved in one place: ledger.settings_approval.
drop function close.approve_rules(text, text, text, text, text, text, text, text, text);
drop table close.rules_approval;
