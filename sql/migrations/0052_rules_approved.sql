-- close.rules_approval: one row per time that a person approved what a book is computed with: its matching policy, its
-- accounts and mapping. Append-only. Promise: nobody approves a policy that they saved. recon.decision: from where, too.

create table close.rules_approval (
    approval_seq bigint generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    month text collate "C" not null check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    policy_digest text not null,
    chart_digest text not null,
    actor text not null check (btrim(actor) <> ''),
    role text not null check (btrim(role) <> ''),
    reason text not null check (btrim(reason) <> ''),
    origin text not null check (btrim(origin) <> ''),
    seen text not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp()
);

create index rules_approval_by_book on close.rules_approval (book, approval_seq desc);

comment on table close.rules_approval is 'One row per approval of what a book is computed with: policy, accounts, mapping. Append-only.';
comment on column close.rules_approval.month is 'Month that was being closed: they apply from then on.';
comment on column close.rules_approval.policy_digest is 'Digest of the matching policy: rules and tolerances.';
comment on column close.rules_approval.chart_digest is 'Digest of the accounts, the bank accounts and the mapping.';

create function close.approve_rules(
    wanted_book text, wanted_month text, policy_digest text, chart_digest text, actor text, role text, reason text,
    origin text, seen text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    saved_by text;
    noted bigint;
begin
    select change.actor into saved_by from recon.policy_change as change
    where change.book = wanted_book and change.new_digest = approve_rules.policy_digest
    order by change.recorded_seq desc
    limit 1;
    if ledger.is_same_person(saved_by, approve_rules.actor) then
        raise exception 'the rules of book % are not approved: % saved them, and another person approves', wanted_book, saved_by
            using errcode = 'check_violation';
    end if;
    insert into close.rules_approval (book, month, policy_digest, chart_digest, actor, role, reason, origin, seen)
    values (
        wanted_book, wanted_month, approve_rules.policy_digest, approve_rules.chart_digest, approve_rules.actor,
        approve_rules.role, approve_rules.reason, approve_rules.origin, approve_rules.seen
    )
    returning approval_seq into noted;
    return noted;
end
$$;

revoke execute on function close.approve_rules from public;
grant execute on function close.approve_rules to finance_pipeline_app;
grant select on close.rules_approval to finance_pipeline_app, finance_pipeline_reader;

alter table recon.decision add column origin text check (btrim(origin) <> '');
comment on column recon.decision.origin is 'From where it was decided; null of decisions older than this column.';

-- As in 0023, with the new column: what a function returns follows its table only when it is made.
create or replace function recon.decisions_at(moment timestamptz) returns setof recon.decision
stable language sql
begin atomic
    select last_word.*
    from (
        select distinct on (book, line_id, coalesce(item_id, other_line_id, account_code)) decision.*
        from recon.decision
        where recorded_at <= moment
        order by book, line_id, coalesce(item_id, other_line_id, account_code), recorded_seq desc
    ) as last_word
    where verdict <> 'withdraw';
end;
