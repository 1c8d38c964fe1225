-- The ledger beside ours: the accounting system's trial balance of a book at a month's end, and what people said of where
-- it differs from ours (accounting rule 13). ledger.other_trial_balance: one row per trial balance that was brought.
-- ledger.other_balance: one row per account of it. ledger.explained_difference: one row per explanation.
--
-- Promises: append-only; a trial balance is complete when its transaction ends; the latest of a month counts; an
-- explanation is of the amount that differed then, and no longer holds when that moves.

create table ledger.other_trial_balance (
    trial_balance_seq bigint generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    month date not null check (isfinite(month) and month = date_trunc('month', month)),
    file text not null,
    page_hash text not null,
    brought_by text not null check (btrim(brought_by) <> ''),
    opened_xid xid8 not null default pg_current_xact_id(),
    recorded_at timestamptz not null default clock_timestamp()
);

create index other_trial_balance_by_month on ledger.other_trial_balance (book, month, trial_balance_seq);

create table ledger.other_balance (
    trial_balance_seq bigint not null references ledger.other_trial_balance,
    other_code text collate "C" not null check (other_code <> ''),
    name text not null,
    functional_minor bigint not null,
    primary key (trial_balance_seq, other_code)
);

create table ledger.explained_difference (
    book text collate "C" not null references ledger.book,
    month date not null,
    code text collate "C" not null,
    difference_minor bigint not null check (difference_minor <> 0),
    actor text not null check (btrim(actor) <> ''),
    reason text not null check (btrim(reason) <> ''),
    explanation_seq bigint generated always as identity primary key,
    recorded_at timestamptz not null default clock_timestamp()
);

create index explained_difference_by_month on ledger.explained_difference (book, month);

comment on table ledger.other_trial_balance is 'One row per trial balance of the accounting system that was brought; the latest of a month counts. Append-only.';
comment on column ledger.other_trial_balance.month is 'First day of the month at whose end it is.';
comment on column ledger.other_trial_balance.page_hash is 'SHA-256 of the file, under which it is landed.';
comment on table ledger.other_balance is 'One row per account of the accounting system''s trial balance. Append-only.';
comment on column ledger.other_balance.other_code is 'Account code of the accounting system.';
comment on column ledger.other_balance.functional_minor is 'Balance at the month''s end in the book''s currency, + debit.';
comment on table ledger.explained_difference is 'One row per explanation of what an account differs in at a month''s end. Append-only.';
comment on column ledger.explained_difference.code is 'Account of ours; of one that only the accounting system has, its code there.';
comment on column ledger.explained_difference.difference_minor is 'Ours less theirs when it was explained, in the book''s currency.';

create function ledger.check_other_balance() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from ledger.other_trial_balance as whole
    where whole.trial_balance_seq = new.trial_balance_seq and whole.opened_xid = pg_current_xact_id();
    if not found then
        raise exception 'trial balance % is complete: nothing is added to it', new.trial_balance_seq
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

create trigger check_other_balance before insert on ledger.other_balance
for each row execute function ledger.check_other_balance();

-- What counts of the accounting system's side of a month: the latest trial balance that was brought of it.
create view ledger.other_ledger as
select distinct on (book, month) *
from ledger.other_trial_balance
order by book, month, trial_balance_seq desc;

comment on view ledger.other_ledger is 'One row per book and month of which a trial balance of the accounting system is here: the latest.';

revoke execute on function ledger.check_other_balance from public;
grant select on ledger.other_trial_balance, ledger.other_balance, ledger.explained_difference, ledger.other_ledger
to finance_pipeline_app, finance_pipeline_reader;
grant insert (book, month, file, page_hash, brought_by) on ledger.other_trial_balance to finance_pipeline_app;
grant insert on ledger.other_balance to finance_pipeline_app;
grant insert (book, month, code, difference_minor, actor, reason) on ledger.explained_difference to finance_pipeline_app;
