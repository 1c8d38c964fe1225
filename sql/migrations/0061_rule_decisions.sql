-- What newer rules, mappings or code would post otherwise in a closed month, where people want it so (accounting rule
-- 10). close.rule_decision: one row per entry of a closed month that would be another though no record of it changed, and
-- what was decided about it. Append-only.
--
-- Promises: nothing of the kind is adjusted by one person; each is adjusted once.

create table close.rule_decision (
    decision_seq bigint generated always as identity primary key,
    difference_id text not null,
    book text collate "C" not null references ledger.book,
    month text collate "C" not null check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    signature_id text not null references close.signature,
    source text not null,
    source_id text not null,
    purpose text not null,
    verdict text not null check (verdict in ('proposed', 'adjusted', 'dismissed')),
    proposed_by text,
    actor text not null check (btrim(actor) <> ''),
    reason text not null check (btrim(reason) <> ''),
    seen text not null,
    run_id text not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp(),
    constraint adjusting_takes_two_people check (
        verdict <> 'adjusted' or proposed_by is not null and not ledger.is_same_person(proposed_by, actor)
    )
);

create unique index rule_difference_is_adjusted_once on close.rule_decision (difference_id)
where verdict = 'adjusted';
create index rule_decision_by_month on close.rule_decision (book, month, decision_seq);

comment on table close.rule_decision is 'One row per entry of a closed month that rules, not records, make another, and what was decided about it. Append-only.';
comment on column close.rule_decision.difference_id is 'Digest of book, month, the entry''s subject and what it would say.';
comment on column close.rule_decision.signature_id is 'Sign-off that it differs from.';
comment on column close.rule_decision.verdict is 'proposed: waits for a second person. adjusted: posted in the open period. dismissed: stays as it was signed.';
comment on column close.rule_decision.proposed_by is 'Who asked for it, where another person answered.';
comment on column close.rule_decision.seen is 'JSON: what was shown when it was decided.';

create function close.check_rule_decision() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.verdict = 'adjusted' and not exists (
        select from close.rule_decision as asked
        where asked.difference_id = new.difference_id and asked.verdict = 'proposed' and asked.actor = new.proposed_by
    ) then
        raise exception 'difference % was not proposed by %', new.difference_id, new.proposed_by
            using errcode = 'check_violation';
    end if;
    return null;
end
$$;

create trigger adjusting_follows_a_proposal after insert on close.rule_decision
for each row execute function close.check_rule_decision();

grant select on close.rule_decision to finance_pipeline_app, finance_pipeline_reader;
grant insert on close.rule_decision to finance_pipeline_app;
