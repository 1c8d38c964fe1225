-- What people decide about the books, sealed: changes of periods, permissions, explanations, reviews, sign-offs with
-- all that they saw, decisions on differences, settings, submissions, verdicts on them, the other ledger's balances.
-- ledger.control_seal: one row per such matter, made when its transaction commits: a root over its rows, chained to
-- the seal before. ledger.control_table: one row per table that matters consist of.
--
-- Promises: append-only, for the schema's owner too; a matter takes no rows after it was sealed; what is changed, added
-- or removed past all rights shows in the proof, by name, and what is cut off the end shows against the anchor.
--
-- It is a chain of its own, since matters are not batches of entries; but its end stands in the row where the ledger's
-- chain ends, so that one lock orders all commits and nobody waits in a circle.

alter table ledger.head
    add column control_position bigint not null default 0,
    add column control_link bytea not null default sha256('finance_pipeline controls');
comment on column ledger.head.control_position is 'Where the chain of decisions (ledger.control_seal) ends.';

create table ledger.control_table (
    table_name text collate "C" primary key,
    matter text collate "C" not null,
    key_column text not null
);

create table ledger.control_seal (
    position bigint primary key check (position > 0),
    matter text collate "C" not null references ledger.control_table,
    key text collate "C" not null,
    row_count bigint not null check (row_count > 0),
    root bytea not null,
    previous_link bytea not null,
    link bytea not null,
    recorded_at timestamptz not null,
    unique (matter, key)
);

comment on table ledger.control_table is 'One row per table of decisions: of which matter its rows are part, by which key.';
comment on column ledger.control_table.matter is 'Table with one row per matter; itself, or the one that its rows belong to.';
comment on table ledger.control_seal is 'One row per decision about the books, a hash chain. Append-only.';
comment on column ledger.control_seal.key is 'Key of the matter in its table.';
comment on column ledger.control_seal.root is 'SHA-256 over the hashes of its rows, in the order of the hashes.';
comment on column ledger.control_seal.link is 'SHA-256 of the previous link, position, matter, key, count, root and recorded time.';

-- All rows of a matter, and one hash of them: every column of every row, but for those that say nothing, so that a
-- column that a later migration adds changes no root.
create function ledger.control_root(wanted_matter text, wanted_key text, out row_count bigint, out root bytea)
stable language plpgsql
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set bytea_output = 'hex' set intervalstyle = 'iso_8601' as $$
declare
    part ledger.control_table;
    hashes bytea[] := '{}';
    added bytea[];
begin
    for part in select * from ledger.control_table where matter = wanted_matter loop
        execute format(
            'select array_agg(sha256(convert_to(%L || jsonb_strip_nulls(to_jsonb(each))::text, ''UTF8'')))
            from %s as each where each.%I = %L',
            part.table_name, part.table_name::regclass, part.key_column, wanted_key
        ) into added;
        hashes := hashes || coalesce(added, '{}');
    end loop;
    select count(*), sha256(string_agg(hash, ''::bytea order by hash)) into row_count, root from unnest(hashes) as hash;
end
$$;

create function ledger.control_link_of(
    previous_link bytea, seal_position bigint, matter text, key text, row_count bigint, root bytea,
    recorded_at timestamptz
) returns bytea
stable language sql
return sha256(
    previous_link || int8send(seal_position) || convert_to(ledger.part(matter) || ledger.part(key), 'UTF8')
        || int8send(row_count) || root || int8send((extract(epoch from recorded_at) * 1000000)::bigint)
);

create function ledger.seal_control(wanted_matter text, wanted_key text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    head ledger.head;
    again record;
    sealed_at timestamptz;
    new_link bytea;
begin
    select * into again from ledger.control_root(wanted_matter, wanted_key);
    select * into strict head from ledger.head for update;
    sealed_at := clock_timestamp();
    new_link := ledger.control_link_of(
        head.control_link, head.control_position + 1, wanted_matter, wanted_key, again.row_count, again.root, sealed_at
    );
    insert into ledger.control_seal
        (position, matter, key, row_count, root, previous_link, link, recorded_at)
    values (
        head.control_position + 1, wanted_matter, wanted_key, again.row_count, again.root, head.control_link, new_link,
        sealed_at
    );
    update ledger.head as chain_end set control_position = head.control_position + 1, control_link = new_link;
end
$$;

-- At commit, once all rows of the matter are there.
create function ledger.seal_matter() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform ledger.seal_control(tg_table_schema || '.' || tg_table_name, to_jsonb(new) ->> tg_argv[0]);
    return null;
end
$$;

create function ledger.refuse_late_rows() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    late text;
begin
    execute format(
        'select seal.key from ledger.control_seal as seal
        where seal.matter = %L and seal.key in (select distinct %I::text from added) limit 1', tg_argv[0], tg_argv[1]
    ) into late;
    if late is not null then
        raise exception '% % is sealed: nothing is added to it', tg_argv[0], late
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

create or replace function ledger.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '% of %.% is refused: it only grows', lower(tg_op), tg_table_schema, tg_table_name
        using errcode = 'integrity_constraint_violation';
end
$$;

-- Have a table's rows sealed from now on, as matters of their own or as part of the matters of another table; those
-- that are there already at once. key_column: tells matters apart. For migrations: whoever adds a table of decisions
-- calls it, the matter's table after its parts'.
create function ledger.seal_table(table_name text, matter text, key_column text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    key text;
begin
    insert into ledger.control_table values (table_name, matter, key_column);
    execute format(
        'create trigger only_grows before update or delete or truncate on %s
        for each statement execute function ledger.refuse_change()', table_name::regclass
    );
    if table_name = matter then
        execute format(
            'create constraint trigger seal_at_commit after insert on %s deferrable initially deferred
            for each row execute function ledger.seal_matter(%L)', table_name::regclass, key_column
        );
        for key in execute format('select %1$I::text from %2$s order by %1$I', key_column, table_name::regclass) loop
            perform ledger.seal_control(matter, key);
        end loop;
    else
        execute format(
            'create trigger is_in_time after insert on %s referencing new table as added
            for each statement execute function ledger.refuse_late_rows(%L, %L)',
            table_name::regclass, matter, key_column
        );
    end if;
end
$$;

-- One row per table and key of rows that are in no seal.
create function ledger.unsealed_controls() returns table (table_name text, key text)
stable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    part ledger.control_table;
begin
    for part in select * from ledger.control_table loop
        return query execute format(
            'select %L, kept.key from (select distinct %I::text as key from %s) as kept where not exists (
                select from ledger.control_seal as seal where seal.matter = %L and seal.key = kept.key
            )', part.table_name, part.key_column, part.table_name::regclass, part.matter
        );
    end loop;
end
$$;

-- What a period is, by its events alone: what ledger.period says, unless somebody went past them.
create view ledger.period_by_events as
select
    period.book, period.month,
    coalesce(closed.action, 'open') as state,
    coalesce(softly.posters, '{}') as posters,
    array(
        select area from ledger.period_event as event, unnest(event.areas) as area
        where event.book = period.book and event.month = period.month and event.action = 'area_locked'
        order by 1
    ) as locked_areas,
    reopened.open_until,
    case
        when reopened.event_seq is null then '{}'
        else coalesce(reopened.areas, array['AP', 'AR', 'GL', 'bank'])
    end as reopened_areas
from ledger.period
left join lateral (
    select event.action, event.event_seq from ledger.period_event as event
    where event.book = period.book and event.month = period.month and event.action in ('soft_closed', 'locked')
    order by event.event_seq desc limit 1
) as closed on true
left join lateral (
    select event.posters from ledger.period_event as event
    where event.book = period.book and event.month = period.month and event.action = 'soft_closed'
    order by event.event_seq desc limit 1
) as softly on true
left join lateral (
    select event.event_seq, event.open_until, event.areas from ledger.period_event as event
    where event.book = period.book and event.month = period.month and event.action = 'reopened'
        and event.event_seq > coalesce((
            select max(lock.event_seq) from ledger.period_event as lock
            where lock.book = period.book and lock.month = period.month and lock.action = 'locked'
        ), 0)
    order by event.event_seq desc limit 1
) as reopened on true;

comment on view ledger.period_by_events is 'One row per book and month that was ever opened, as its events say that it is.';

alter table ledger.verdict add column verdict_seq bigint generated always as identity unique;
comment on column ledger.verdict.verdict_seq is 'Counts verdicts.';
create index posting_permission_by_event on ledger.posting_permission (event_seq);

create trigger only_grows before update or delete or truncate on ledger.control_seal
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.control_table
for each statement execute function ledger.refuse_change();

select ledger.seal_table('ledger.posting_permission', 'ledger.period_event', 'event_seq');
select ledger.seal_table('ledger.period_event', 'ledger.period_event', 'event_seq');
select ledger.seal_table('close.explanation', 'close.explanation', 'explanation_seq');
select ledger.seal_table('close.review', 'close.review', 'review_seq');
select ledger.seal_table('close.signed_balance', 'close.signature', 'signature_id');
select ledger.seal_table('close.signed_record', 'close.signature', 'signature_id');
select ledger.seal_table('close.signed_item', 'close.signature', 'signature_id');
select ledger.seal_table('close.signed_line', 'close.signature', 'signature_id');
select ledger.seal_table('close.signature', 'close.signature', 'signature_id');
select ledger.seal_table('close.difference_decision', 'close.difference_decision', 'decision_seq');
select ledger.seal_table('ledger.submitted_balance', 'ledger.submission', 'submission_id');
select ledger.seal_table('ledger.submitted_item', 'ledger.submission', 'submission_id');
select ledger.seal_table('ledger.submitted_line', 'ledger.submission', 'submission_id');
select ledger.seal_table('ledger.submission', 'ledger.submission', 'submission_id');
select ledger.seal_table('ledger.verdict', 'ledger.verdict', 'verdict_seq');
select ledger.seal_table('ledger.other_balance', 'ledger.other_trial_balance', 'trial_balance_seq');
select ledger.seal_table('ledger.other_trial_balance', 'ledger.other_trial_balance', 'trial_balance_seq');
select ledger.seal_table('ledger.explained_difference', 'ledger.explained_difference', 'explanation_seq');
select ledger.seal_table('ledger.settings_proposal', 'ledger.settings_proposal', 'proposal_seq');
select ledger.seal_table('ledger.settings_approval', 'ledger.settings_approval', 'proposal_seq');

revoke execute on function ledger.seal_control, ledger.seal_matter, ledger.refuse_late_rows, ledger.seal_table
from public;
grant select on ledger.control_table, ledger.control_seal, ledger.period_by_events
to finance_pipeline_app, finance_pipeline_reader;
