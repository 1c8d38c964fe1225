-- What a close reads of the ledger, from what each batch moved (ledger.movement) instead of from the entries; where each
-- entry of a publish belongs while areas are locked; and ledger.rolled: one row per line of a year-end entry.

create or replace function close.moved_since(wanted_book text, wanted_month text, wanted_position bigint)
returns table (account_id integer, currency text, amount_minor bigint, functional_minor bigint)
stable language sql
begin atomic
    select movement.account_id, movement.currency, sum(movement.debit_minor - movement.credit_minor)::bigint,
        sum(movement.functional_debit_minor - movement.functional_credit_minor)::bigint
    from ledger.movement
    where movement.book = wanted_book and movement.accounting_month <= close.first_day(wanted_month)
        and movement.position > wanted_position
    group by movement.account_id, movement.currency
    having sum(movement.debit_minor - movement.credit_minor) <> 0
        or sum(movement.functional_debit_minor - movement.functional_credit_minor) <> 0;
end;

create or replace function close.balances(wanted_book text, wanted_month text)
returns table (
    account_id integer, currency text, amount_minor bigint, functional_minor bigint, effective_amount_minor bigint,
    effective_functional_minor bigint
)
stable language sql
begin atomic
    select
        account_id, currency,
        coalesce(sum(amount) filter (where accounting_month <= close.first_day(wanted_month)), 0)::bigint,
        coalesce(sum(functional) filter (where accounting_month <= close.first_day(wanted_month)), 0)::bigint,
        coalesce(sum(amount) filter (where effective_month <= close.first_day(wanted_month)), 0)::bigint,
        coalesce(sum(functional) filter (where effective_month <= close.first_day(wanted_month)), 0)::bigint
    from (
        select account_id, currency, accounting_month, effective_month, debit_minor - credit_minor as amount,
            functional_debit_minor - functional_credit_minor as functional
        from ledger.movement
        where book = wanted_book and (
            accounting_month <= close.first_day(wanted_month) or effective_month <= close.first_day(wanted_month)
        )
    ) as moved
    group by account_id, currency;
end;

alter table staging.ledger_plan add column areas text[];
comment on column staging.ledger_plan.areas is 'Areas that it touches; null while no area of the book is locked.';
grant update on staging.ledger_plan to finance_pipeline_app;

create view ledger.rolled as
select
    entry.book, entry.accounting_on, entry.effective_on, entry.batch_id, line.account_id,
    (coalesce(entry.functional_amounts, entry.amounts))[line.ordinal] as functional_minor
from ledger.business_key as known
join ledger.entry on entry.entry_id = known.entry_id and entry.accounting_on = known.accounting_on
cross join lateral unnest(entry.accounts) with ordinality as line (account_id, ordinal)
where known.source = 'year_end';

comment on view ledger.rolled is
    'One row per line of the entries that roll profit and loss into retained earnings on the first day of a fiscal year.';
grant select on ledger.rolled to finance_pipeline_app, finance_pipeline_reader;
