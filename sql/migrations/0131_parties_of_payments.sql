-- canonical.payment.party_id: who paid, where the processor names a customer of its own. The name follows from the party,
-- which a processor's customers are too; what a payer typed at the till is a text and no identity.

alter table canonical.payment add column party_id text;
alter table staging.payment add column party_id text;

comment on column canonical.payment.party_id is 'record_id of the party, where the processor names its customer.';
comment on column canonical.payment.party_name is 'Payer or payee as the source states it; the name of party_id counts before it.';
comment on column canonical.party.name is 'Name in the accounting system, or at the processor whose customer it is.';

create or replace view canonical.payment_current as
select this.*
from canonical.payment as this
where this.version = 1 and not exists (
    select from canonical.payment as newer where newer.record_id = this.record_id and newer.version > 1
) or this.version > 1 and not exists (
    select from canonical.payment as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);
