-- What concurrent runs share about connections: what was used of each rate limit, how each connection does, and what
-- people decided about dead letters.
--
-- ops.rate_budget: one row per limit and whose it is. ops.connection_state: one row per connection that was pulled. Both
-- are working state. landing.dead_letter_decision: one row per retry or dismissal of a dead letter, append-only.
-- landing.dead_letter_standing: one row per dead letter with what became of it.

create table ops.rate_budget (
    name text primary key,
    slot bigint not null default 0,
    counts integer[] not null default '{}',
    used_at timestamptz not null default clock_timestamp()
);

create table ops.connection_state (
    connection_id text primary key,
    state text not null check (state in ('healthy', 'throttled', 'needs_owner', 'refused', 'stale')),
    since timestamptz not null,
    reason text not null,
    todo text not null,
    failures integer not null check (failures >= 0),
    open_until timestamptz,
    changed_at timestamptz not null default clock_timestamp()
);

create table landing.dead_letter_decision (
    decision_seq bigint generated always as identity primary key,
    dead_letter_id bigint not null references landing.dead_letter,
    verdict text not null check (verdict in ('dismissed', 'retried')),
    fits boolean,
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    recorded_at timestamptz not null default clock_timestamp(),
    check ((fits is not null) = (verdict = 'retried'))
);

create index decision_by_dead_letter on landing.dead_letter_decision (dead_letter_id, decision_seq desc);

-- A page is settled once its connection was read to the end after it; a record once a later version of it was landed.
create view landing.dead_letter_standing as
select
    letter.*,
    decision.verdict,
    decision.actor,
    decision.reason as decided_because,
    decision.recorded_at as decided_at,
    case
        when decision.verdict = 'dismissed' then 'dismissed'
        when decision.fits then 'settled'
        when letter.kind = 'page' and cursor.read_at > letter.landed_at then 'settled'
        when letter.source_id <> '' and exists (
            select from landing.record
            where record.connection_id = letter.connection_id and record.kind = letter.kind
                and record.source_id = letter.source_id and record.landed_at > letter.landed_at
        ) then 'settled'
        else 'waiting'
    end as standing
from landing.dead_letter as letter
left join landing.cursor as cursor using (connection_id)
left join lateral (
    select verdict, fits, actor, reason, recorded_at from landing.dead_letter_decision
    where dead_letter_decision.dead_letter_id = letter.dead_letter_id
    order by decision_seq desc
    limit 1
) as decision on true;

comment on table ops.rate_budget is 'One row per limit of a vendor and whose it is: calls made of late. Working state.';
comment on column ops.rate_budget.slot is 'Number of the newest slot; a slot is a twentieth of the limit''s window.';
comment on column ops.rate_budget.counts is 'Calls by slot, newest first.';
comment on table ops.connection_state is 'One row per connection that was pulled: how it does, and until when it is left alone.';
comment on column ops.connection_state.state is 'healthy, throttled, needs_owner, refused or stale.';
comment on column ops.connection_state.since is 'When it came into this state.';
comment on column ops.connection_state.todo is 'What a person can do about it.';
comment on column ops.connection_state.failures is 'Pulls in a row that ended without an answer worth anything.';
comment on column ops.connection_state.open_until is 'The circuit: no call before this moment; the first pull after it is the trial.';
comment on table landing.dead_letter_decision is 'One row per retry or dismissal of a dead letter, by whom and why.';
comment on column landing.dead_letter_decision.fits is 'Of a retry: whether it fits now.';
comment on view landing.dead_letter_standing is 'One row per dead letter: waiting, settled or dismissed.';

grant select on ops.rate_budget, ops.connection_state, landing.dead_letter_decision, landing.dead_letter_standing
    to finance_pipeline_app, finance_pipeline_reader;
grant insert, update on ops.rate_budget, ops.connection_state to finance_pipeline_app;
grant insert on landing.dead_letter_decision to finance_pipeline_app;
