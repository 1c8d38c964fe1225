-- A month that was reopened is signed again, whether or not a balance moved: what it counts may have changed meanwhile.

create or replace view close.standing_signature as
select
    last_one.*,
    exists (select from close.moved_since(last_one.book, last_one.month, last_one.seal_position)) or exists (
        select from ledger.period_event as event
        where event.book = last_one.book and event.month = close.first_day(last_one.month)
            and event.action = 'reopened' and event.recorded_at > last_one.recorded_at
    ) as has_lapsed
from (
    select distinct on (book, month) signature.* from close.signature order by book, month, sequence desc
) as last_one;

comment on view close.standing_signature is
    'One row per signed book-month: its last sign-off, and whether a balance moved or the month was reopened since.';
