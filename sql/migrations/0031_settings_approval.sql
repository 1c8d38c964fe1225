-- What a book's mapping, rules, tolerances and rates are: proposed by one person, approved by another, and in force from
-- then on (accounting rules 14 and 27). ledger.settings_proposal: one row per proposal. ledger.settings_approval: one row
-- per proposal that another person approved.
--
-- Promises: append-only; nobody approves what they proposed; only the latest proposal of a book can be approved, so that
-- what is approved is what was seen. A book of which nothing was ever approved goes by its settings files alone.

create table ledger.settings_proposal (
    proposal_seq bigint generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    settings text not null,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    proposed_by text not null check (btrim(proposed_by) <> ''),
    reason text not null check (btrim(reason) <> ''),
    recorded_at timestamptz not null default clock_timestamp()
);

create index settings_proposal_by_book on ledger.settings_proposal (book, proposal_seq);

create table ledger.settings_approval (
    proposal_seq bigint primary key references ledger.settings_proposal,
    approved_by text not null check (btrim(approved_by) <> ''),
    reason text not null check (btrim(reason) <> ''),
    recorded_at timestamptz not null default clock_timestamp()
);

comment on table ledger.settings_proposal is 'One row per set of a book''s accounting settings that somebody proposed. Append-only.';
comment on column ledger.settings_proposal.settings is 'JSON: chart, policy, ledger, intercompany.';
comment on column ledger.settings_proposal.digest is 'SHA-256 of the settings.';
comment on table ledger.settings_approval is 'One row per proposal that another person approved: in force from then on. Append-only.';

create view ledger.settings_in_force as
select distinct on (proposal.book)
    proposal.book, proposal.settings, proposal.digest, proposal.proposed_by, approval.approved_by,
    approval.recorded_at as approved_at
from ledger.settings_approval as approval
join ledger.settings_proposal as proposal using (proposal_seq)
order by proposal.book, proposal.proposal_seq desc;

comment on view ledger.settings_in_force is 'One row per book with approved settings: the latest that were approved.';

create function ledger.check_settings_approval() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked ledger.settings_proposal;
    wrong text;
begin
    select * into strict asked from ledger.settings_proposal where proposal_seq = new.proposal_seq;
    perform pg_advisory_xact_lock(hashtextextended('ledger.settings/' || asked.book, 0));
    wrong := case
        when ledger.is_same_person(asked.proposed_by, new.approved_by)
            then format('%s proposed them: another person approves', asked.proposed_by)
        when exists (
            select from ledger.settings_proposal as later
            where later.book = asked.book and later.proposal_seq > asked.proposal_seq
        ) then 'there is a later proposal'
    end;
    if wrong is not null then
        raise exception 'settings of book %: %', asked.book, wrong using errcode = 'check_violation';
    end if;
    return new;
end
$$;

create trigger check_settings_approval before insert on ledger.settings_approval
for each row execute function ledger.check_settings_approval();

revoke execute on function ledger.check_settings_approval from public;
grant select on ledger.settings_proposal, ledger.settings_approval, ledger.settings_in_force
to finance_pipeline_app, finance_pipeline_reader;
grant insert (book, settings, digest, proposed_by, reason) on ledger.settings_proposal to finance_pipeline_app;
grant insert (proposal_seq, approved_by, reason) on ledger.settings_approval to finance_pipeline_app;
