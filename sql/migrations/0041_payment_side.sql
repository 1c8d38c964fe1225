-- canonical.payment.side: whose account a recorded payment stands on that names no document. The direction of the money does
-- not say it: what a customer paid too much is received, and paid out when it is given back.

alter table canonical.payment add column side text check (side in ('customer', 'supplier'));
alter table staging.payment add column side text;

comment on column canonical.payment.side is 'Whose account it stands on, where it names no document: customer or supplier.';

create or replace view canonical.payment_current as
select this.*
from canonical.payment as this
where not exists (
    select from canonical.payment as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);
