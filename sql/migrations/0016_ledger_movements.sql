-- ledger.movement: one row per book, accounting month, account, currency, effective month and seal: what the batch of that
-- seal moved, in debit and credit. Append-only, written by the seal itself and by nobody else, so that a balance is a sum
-- over few rows however many entries there are; `verify` adds the entries up again and compares.
--
-- A balance by accounting month is the sum over accounting_month <= the month; by effective month the same over
-- effective_month; as known at a moment, over position <= the last seal recorded by then. Nothing is ever updated, so
-- that the same question gives the same answer for ever, and writers never wait for each other's balances.

create table ledger.movement (
    book text collate "C" not null,
    accounting_month date not null,
    account_id integer not null,
    currency text not null,
    effective_month date not null,
    position bigint not null,
    debit_minor bigint not null,
    credit_minor bigint not null,
    functional_debit_minor bigint not null,
    functional_credit_minor bigint not null,
    primary key (book, accounting_month, account_id, currency, effective_month, position)
);

comment on table ledger.movement is 'One row per book, accounting month, account, currency, effective month and seal: what it moved.';
comment on column ledger.movement.book is 'Legal entity.';
comment on column ledger.movement.accounting_month is 'First day of the month of the accounting dates: the period.';
comment on column ledger.movement.account_id is 'Account that moved (ledger.account).';
comment on column ledger.movement.currency is 'Currency of the entries (ISO 4217).';
comment on column ledger.movement.effective_month is 'First day of the month of the effective dates: when it happened.';
comment on column ledger.movement.position is 'Place of its batch in the chain (ledger.seal): as known at a seal is position <= its place.';
comment on column ledger.movement.debit_minor is 'Sum of the debits, in minor units of the currency.';
comment on column ledger.movement.credit_minor is 'Sum of the credits, as a positive figure, in minor units of the currency.';
comment on column ledger.movement.functional_debit_minor is 'Sum of the debits in the book''s currency.';
comment on column ledger.movement.functional_credit_minor is 'Sum of the credits in the book''s currency, as a positive figure.';

-- What one batch moved; position stays 0. Days are added up before months: cutting a date is dearer than adding.
create function ledger.movements_of(wanted_batch bigint) returns setof ledger.movement
stable language sql
begin atomic
    select
        book, date_trunc('month', accounting_on::timestamp)::date, account_id, currency,
        date_trunc('month', effective_on::timestamp)::date, 0::bigint,
        sum(debit_minor)::bigint, sum(credit_minor)::bigint,
        sum(functional_debit_minor)::bigint, sum(functional_credit_minor)::bigint
    from (
        select
            book, accounting_on, effective_on, currency, account_id,
            sum(greatest(amount_minor, 0)) as debit_minor,
            -sum(least(amount_minor, 0)) as credit_minor,
            sum(greatest(functional_minor, 0)) as functional_debit_minor,
            -sum(least(functional_minor, 0)) as functional_credit_minor
        from (
            select
                book, accounting_on, effective_on, currency, unnest(accounts) as account_id,
                unnest(amounts) as amount_minor, unnest(coalesce(functional_amounts, amounts)) as functional_minor
            from ledger.entry
            where entry.batch_id = wanted_batch
        ) as line
        group by book, accounting_on, effective_on, currency, account_id
    ) as of_day
    group by 1, 2, 3, 4, 5;
end;

insert into ledger.movement
select
    moved.book, moved.accounting_month, moved.account_id, moved.currency, moved.effective_month, seal.position,
    moved.debit_minor, moved.credit_minor, moved.functional_debit_minor, moved.functional_credit_minor
from ledger.seal
cross join lateral ledger.movements_of(seal.batch_id) as moved;

grant select on ledger.movement to finance_pipeline_app, finance_pipeline_reader;
