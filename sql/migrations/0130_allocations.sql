-- canonical.payment: allocations. What a customer or supplier has to their credit (a credit note, or what a payment left on
-- account) is applied to a document, with no money involved: one record takes from the credit what it settles of the
-- document (accounting rule 24).

alter table canonical.payment add column credit text;
alter table staging.payment add column credit text;

alter table canonical.payment drop constraint payment_kind_check;
alter table canonical.payment
    add constraint payment_kind_check check (kind in (
        'charge', 'refund', 'fee', 'dispute', 'dispute_reversal',
        'dispute_lost', 'payout', 'payout_failure', 'adjustment', 'recorded_receipt',
        'recorded_payment', 'allocation'
    )),
    add constraint payment_allocation_check check (
        kind <> 'allocation' and credit is null
        or kind = 'allocation' and credit is not null and settles is not null and settled_minor = amount_minor
            and net_minor = 0
    );

-- Those that a source no longer lists are looked for among the few that there are.
create index payment_allocation on canonical.payment (book, record_id) where kind = 'allocation';

comment on column canonical.payment.kind is 'charge, refund, fee, dispute, dispute_reversal, dispute_lost, payout, payout_failure, adjustment: on a processor''s balance. recorded_receipt, recorded_payment: recorded in the accounting system. allocation: of a credit to a document.';
comment on column canonical.payment.amount_minor is 'Gross; + raises the balance or is received, - lowers it or is paid. Of an allocation what it settles of the document.';
comment on column canonical.payment.credit is 'Of an allocation: the item that it takes from, a credit note or what a payment left on account.';

create or replace view canonical.payment_current as
select this.*
from canonical.payment as this
where this.version = 1 and not exists (
    select from canonical.payment as newer where newer.record_id = this.record_id and newer.version > 1
) or this.version > 1 and not exists (
    select from canonical.payment as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);
