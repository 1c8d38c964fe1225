-- Closing periods: soft-closed, locked, locked by area, reopened for a time. ledger.period_event: one row per change of a
-- period, append-only. ledger.posting_permission: one row per batch and soft-closed month that it may post to.
--
-- Promises: a period changes only by the functions below, each of which writes its event in the same transaction; what
-- loosens takes two people, a reason and a time limit, and ends by itself: the clock decides, not a job. An entry is
-- refused where its period, or the area of any account that it touches, is closed.
--
-- Lock order. A writer takes the month's partition (ROW EXCLUSIVE, by its insert), then the row of the period (FOR SHARE,
-- check_3_periods), then numbering, business keys and, at commit, the chain's head. Who changes a period takes the
-- partition (SHARE ROW EXCLUSIVE) and then the row (FOR UPDATE), and nothing else: the same order, so that neither can
-- wait for the other in a circle. The partition's lock queues fairly: writers that overlap without end cannot keep the
-- closer out, as they could with the row alone, since one FOR SHARE never waits for another. It is not ACCESS EXCLUSIVE,
-- because reading harms no close: a long report neither holds one up nor stands still for it.

-- The part of the books that an account belongs to, for locks by area: what its whole role says. Bank charges are an
-- expense, and a month's end revalues what is open though its area is locked already: both are of the general ledger.
create function ledger.area_of(role text) returns text
immutable strict language sql
return case
    when role in ('receivables', 'unidentified_receipts', 'unapplied_card_receipts', 'disputes_receivable',
        'refunds_awaiting_credit_note') then 'AR'
    when role in ('payables', 'unidentified_payments') then 'AP'
    when role in ('bank', 'processor_clearing', 'payouts_in_transit', 'transfers_in_transit', 'outstanding_receipts',
        'outstanding_payments', 'exchange') then 'bank'
    else 'GL'
end;

alter table ledger.account add column area text not null generated always as (ledger.area_of(role)) stored;
alter table ledger.period
    add column locked_areas text[] not null default '{}',
    add column posters text[] not null default '{}',
    add column reopened_areas text[] not null default '{}',
    add column open_until timestamptz check (isfinite(open_until)),
    add constraint areas_are_known check (
        locked_areas || reopened_areas <@ array['AP', 'AR', 'GL', 'bank']
            and array_position(locked_areas || reopened_areas, null) is null
    ),
    add constraint reopening_ends check ((open_until is null) = (reopened_areas = '{}'));

comment on column ledger.account.area is 'AR, AP, bank or GL: what a lock by area closes. Follows from the role.';
comment on column ledger.period.state is
    'open: takes entries. soft_closed: those of named people, with a reason. locked: none, unless it is reopened.';
comment on column ledger.period.locked_areas is 'Areas that take no entries though the period does.';
comment on column ledger.period.posters is 'Who may still post while it is soft-closed.';
comment on column ledger.period.reopened_areas is 'Areas that take entries again until the reopening ends.';
comment on column ledger.period.open_until is 'When the reopening ends; from then on the period is closed as it was, by the clock alone.';

create table ledger.period_event (
    event_seq bigint generated always as identity primary key,
    book text collate "C" not null,
    month date not null,
    action text not null check (
        action in ('soft_closed', 'area_locked', 'locked', 'reopening_asked', 'reopened', 'posting_allowed')
    ),
    areas text[],
    actor text not null check (btrim(actor) <> ''),
    role text not null check (btrim(role) <> ''),
    reason text not null check (btrim(reason) <> ''),
    origin text not null check (btrim(origin) <> ''),
    seen text not null,
    posters text[],
    open_until timestamptz,
    answers bigint unique references ledger.period_event,
    signature_id text,
    head_position bigint not null,
    head_link bytea not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp(),
    foreign key (book, month) references ledger.period,
    check ((answers is not null) = (action = 'reopened')),
    check ((open_until is not null) = (action in ('reopening_asked', 'reopened'))),
    check ((signature_id is not null) = (action = 'locked'))
);

create index period_event_by_month on ledger.period_event (book, month);

create table ledger.posting_permission (
    batch_id bigint not null references ledger.batch,
    book text collate "C" not null,
    month date not null,
    event_seq bigint not null references ledger.period_event,
    primary key (batch_id, book, month)
);

comment on table ledger.period_event is 'One row per change of a period: who, when, from where, why, and what was seen. Append-only.';
comment on column ledger.period_event.month is 'First day of the period.';
comment on column ledger.period_event.areas is 'Areas that the event is about; null: the whole period.';
comment on column ledger.period_event.actor is 'Who did it.';
comment on column ledger.period_event.role is 'In which role.';
comment on column ledger.period_event.origin is 'From where: the command line of a machine, a page of the desk.';
comment on column ledger.period_event.seen is 'JSON: what was shown when it was decided.';
comment on column ledger.period_event.open_until is 'When a reopening ends.';
comment on column ledger.period_event.answers is 'The request that a reopening grants; each is granted once.';
comment on column ledger.period_event.signature_id is 'The sign-off that a lock rests on.';
comment on column ledger.period_event.head_position is 'Where the ledger''s chain ended.';
comment on table ledger.posting_permission is 'One row per batch and soft-closed month that it may post to, with the event that says who and why.';

-- What a period is at this moment. A reopening changes neither its state nor its locks: it stands before them while it
-- lasts, and what it does not name of a closed period stays closed to everybody.
create function ledger.state_now(state text, open_until timestamptz) returns text
volatile language sql
return case when open_until > clock_timestamp() then 'open' else state end;

create function ledger.areas_now(
    state text, locked_areas text[], reopened_areas text[], open_until timestamptz
) returns text[]
volatile language sql
return case
    when open_until > clock_timestamp() then array(
        select area from unnest(array['AP', 'AR', 'GL', 'bank']) as each (area)
        where area <> all(reopened_areas) and (state <> 'open' or area = any(locked_areas))
    )
    else locked_areas
end;

create view ledger.period_now as
select
    book, month, ledger.state_now(state, open_until) as state,
    ledger.areas_now(state, locked_areas, reopened_areas, open_until) as locked_areas, posters,
    case when open_until > clock_timestamp() then open_until end as open_until,
    state as closed_state, locked_areas as closed_areas
from ledger.period;

comment on view ledger.period_now is 'One row per book and month that was ever opened, as it is at this moment.';
comment on column ledger.period_now.open_until is 'When its reopening ends; null where none lasts.';
comment on column ledger.period_now.closed_state is 'What it is again when its reopening has ended.';

-- Areas of the accounts of one entry. Null-safe and cheap only where it is asked of few entries: see its callers.
create function ledger.areas_of(accounts integer[]) returns text[]
stable language sql
begin atomic
    select array_agg(distinct account.area) from ledger.account where account.account_id = any(accounts);
end;

-- The first month, from the given one on, that takes entries of a book which touch these areas: itself, unless somebody
-- closed it. A soft-closed month takes those of a transaction that holds a permission for it: what a named person posts
-- goes there on its own date.
create function ledger.first_open_month(wanted_book text, wanted date, areas text[]) returns date
volatile language sql
begin atomic
    select min(month.first_day)::date
    from generate_series(date_trunc('month', wanted), date_trunc('month', wanted) + interval '50 years', interval '1 month')
        as month (first_day)
    where not exists (
        select from ledger.period_now as period
        where period.book = wanted_book and period.month = month.first_day::date and (
            period.locked_areas && areas
            or period.state = 'locked'
            or period.state = 'soft_closed' and not exists (
                select from ledger.posting_permission as allowed
                join ledger.batch using (batch_id)
                where allowed.book = period.book and allowed.month = period.month
                    and batch.opened_xid = pg_current_xact_id_if_assigned()
            )
        )
    );
end;

create or replace function ledger.first_open_month(wanted_book text, wanted date) returns date
volatile language sql
begin atomic
    select ledger.first_open_month(wanted_book, wanted, '{}'::text[]);
end;

-- Whether any open month of a book is closed for an area: only then it matters which areas an entry touches.
create function ledger.locks_areas(wanted_book text) returns boolean
volatile language sql
begin atomic
    select exists (
        select from ledger.period_now as period
        where period.book = wanted_book and period.state = 'open' and period.locked_areas <> '{}'
    );
end;

-- The lock makes a posting and the closing of its period wait for each other, so that no entry slips in behind.
create or replace function ledger.check_periods() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
    any_area_is_locked boolean;
begin
    execute $q$
        select coalesce(bool_or(period.locked_areas <> '{}' or period.open_until is not null), false)
        from (
            select locked_areas, open_until from ledger.period
            where (book, month) in (
                select book, date_trunc('month', accounting_on)::date
                from (select distinct book, accounting_on from added) as day
            )
            for share
        ) as period
    $q$ into any_area_is_locked;
    execute $q$
        select format('period %s of book %s is not open', to_char(added.month, 'YYYY-MM'), added.book)
        from (
            select distinct book, batch_id, date_trunc('month', accounting_on)::date as month
            from (select distinct book, batch_id, accounting_on from added) as day
        ) as added
        left join ledger.period_now as period using (book, month)
        where case coalesce(period.state, 'missing')
            when 'open' then false
            when 'soft_closed' then not exists (
                select from ledger.posting_permission as allowed
                where allowed.batch_id = added.batch_id and allowed.book = added.book and allowed.month = added.month
            )
            else true
        end
        limit 1
    $q$ into wrong;
    if wrong is null and any_area_is_locked then
        execute $q$
            select format('period %s of book %s is locked for %s, which account %s belongs to',
                to_char(period.month, 'YYYY-MM'), period.book, account.area, account.code)
            from (
                select distinct book, date_trunc('month', accounting_on)::date as month, unnest(accounts) as account_id
                from added
            ) as touched
            join ledger.period_now as period using (book, month)
            join ledger.account on account.account_id = touched.account_id and account.area = any(period.locked_areas)
            limit 1
        $q$ into wrong;
    end if;
    if wrong is null then
        execute $q$
            select format('an entry of book %s is dated %s, before the book starts', added.book, added.accounting_on)
            from (select book, min(accounting_on) as accounting_on from added group by book) as added
            join ledger.book using (book)
            where added.accounting_on < book.starts_on
            limit 1
        $q$ into wrong;
    end if;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'check_violation';
    end if;
    return null;
end
$$;

-- Take a period to change it: nobody is posting to it and nobody begins to, until this transaction ends. See the lock
-- order above. A month that was never opened is opened first, so that there is something to close.
create function ledger.take_period(wanted_book text, wanted_month date) returns ledger.period
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    taken ledger.period;
begin
    perform ledger.open_period(wanted_book, wanted_month);
    execute format('lock table ledger.%I in share row exclusive mode', 'entry_' || to_char(wanted_month, 'YYYY_MM'));
    select * into strict taken from ledger.period where book = wanted_book and month = wanted_month for update;
    return taken;
end
$$;

-- The names of people are compared without case and blanks: nobody becomes a second person by a capital letter.
create function ledger.is_same_person(one text, other text) returns boolean
immutable strict language sql
return lower(btrim(one)) = lower(btrim(other));

-- Whether a month is soft-closed and names a person among those who may still post.
create function ledger.may_post_softly(wanted_book text, wanted_month date, actor text) returns boolean
volatile language sql
begin atomic
    select exists (
        select from ledger.period_now as period
        cross join unnest(period.posters) as poster (name)
        where period.book = wanted_book and period.month = wanted_month and period.state = 'soft_closed'
            and ledger.is_same_person(poster.name, actor)
    );
end;

create function ledger.soft_close_period(
    wanted_book text, wanted_month date, posters text[], actor text, role text, reason text, origin text, seen text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    taken ledger.period := ledger.take_period(wanted_book, wanted_month);
    noted bigint;
begin
    if taken.state <> 'open' then
        raise exception 'period % of book % is % already', to_char(wanted_month, 'YYYY-MM'), wanted_book, taken.state
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    update ledger.period set state = 'soft_closed', posters = soft_close_period.posters
    where book = wanted_book and month = wanted_month;
    insert into ledger.period_event
        (book, month, action, actor, role, reason, origin, seen, posters, head_position, head_link)
    select wanted_book, wanted_month, 'soft_closed', actor, role, reason, origin, seen, soft_close_period.posters,
        head.position, head.link
    from ledger.head
    returning event_seq into noted;
    return noted;
end
$$;

-- A batch of this transaction may post to a soft-closed month: by one of its posters, with a reason, noted as an event.
create function ledger.allow_posting(
    wanted_batch bigint, wanted_book text, wanted_month date, actor text, role text, reason text, origin text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    noted bigint;
begin
    -- The partition before the row of the period, like any writer.
    perform ledger.open_period(wanted_book, wanted_month);
    execute format('lock table ledger.%I in row exclusive mode', 'entry_' || to_char(wanted_month, 'YYYY_MM'));
    perform from ledger.period
    where book = wanted_book and month = wanted_month and ledger.state_now(state, open_until) = 'soft_closed'
        and exists (select from unnest(posters) as poster where ledger.is_same_person(poster, actor))
    for share;
    if not found then
        raise exception '% may not post to period % of book %', actor, to_char(wanted_month, 'YYYY-MM'), wanted_book
            using errcode = 'check_violation';
    end if;
    perform from ledger.batch where batch_id = wanted_batch and opened_xid = pg_current_xact_id();
    if not found then
        raise exception 'batch % was not opened by this transaction', wanted_batch
            using errcode = 'integrity_constraint_violation';
    end if;
    insert into ledger.period_event (book, month, action, actor, role, reason, origin, seen, head_position, head_link)
    select wanted_book, wanted_month, 'posting_allowed', actor, role, reason, origin,
        format('{"batch_id": %s}', wanted_batch), head.position, head.link
    from ledger.head
    returning event_seq into noted;
    insert into ledger.posting_permission (batch_id, book, month, event_seq)
    values (wanted_batch, wanted_book, wanted_month, noted);
    return noted;
end
$$;

create function ledger.lock_area(
    wanted_book text, wanted_month date, area text, actor text, role text, reason text, origin text, seen text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    taken ledger.period := ledger.take_period(wanted_book, wanted_month);
    noted bigint;
begin
    if taken.state = 'locked' or area = any(taken.locked_areas) then
        raise exception 'period % of book % is locked for % already', to_char(wanted_month, 'YYYY-MM'), wanted_book, area
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    update ledger.period set locked_areas = array(select unnest(taken.locked_areas || area) order by 1)
    where book = wanted_book and month = wanted_month;
    insert into ledger.period_event
        (book, month, action, areas, actor, role, reason, origin, seen, head_position, head_link)
    select wanted_book, wanted_month, 'area_locked', array[area], actor, role, reason, origin, seen, head.position, head.link
    from ledger.head
    returning event_seq into noted;
    return noted;
end
$$;

-- Ask that a closed month takes entries again until a moment; it stays closed until a second person approves.
-- areas: only these are wanted open, null: all.
create function ledger.ask_reopening(
    wanted_book text, wanted_month date, areas text[], open_until timestamptz, actor text, role text, reason text,
    origin text, seen text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    noted bigint;
begin
    perform from ledger.period
    where book = wanted_book and month = wanted_month
        and (state <> 'open' or locked_areas <> '{}');
    if not found then
        raise exception 'period % of book % is not closed', to_char(wanted_month, 'YYYY-MM'), wanted_book
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if open_until is null or open_until not between clock_timestamp() and clock_timestamp() + interval '31 days'
        or areas = '{}' or not areas <@ array['AP', 'AR', 'GL', 'bank']
    then
        raise exception 'a reopening ends within 31 days from now and is of AR, AP, bank or GL, or of all of them'
            using errcode = 'check_violation';
    end if;
    insert into ledger.period_event
        (book, month, action, areas, actor, role, reason, origin, seen, open_until, head_position, head_link)
    select wanted_book, wanted_month, 'reopening_asked', areas, actor, role, reason, origin, seen, open_until,
        head.position, head.link
    from ledger.head
    returning event_seq into noted;
    return noted;
end
$$;

-- Grant a request to reopen: by another person, once, before the time that it asks for has passed.
create function ledger.approve_reopening(
    request bigint, actor text, role text, reason text, origin text, seen text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked ledger.period_event;
    noted bigint;
begin
    select * into asked from ledger.period_event where event_seq = request and action = 'reopening_asked';
    if asked.event_seq is null or asked.open_until <= clock_timestamp() then
        raise exception 'no request % to reopen a period waits', request using errcode = 'object_not_in_prerequisite_state';
    end if;
    if coalesce(ledger.is_same_person(asked.actor, actor), true) then
        raise exception 'request % is of % and takes a second person', request, asked.actor using errcode = 'check_violation';
    end if;
    perform ledger.take_period(asked.book, asked.month);
    update ledger.period set
        open_until = asked.open_until, reopened_areas = coalesce(asked.areas, array['AP', 'AR', 'GL', 'bank'])
    where book = asked.book and month = asked.month;
    insert into ledger.period_event
        (book, month, action, areas, actor, role, reason, origin, seen, open_until, answers, head_position, head_link)
    select asked.book, asked.month, 'reopened', asked.areas, actor, role, reason, origin, seen, asked.open_until, request,
        head.position, head.link
    from ledger.head
    returning event_seq into noted;
    return noted;
end
$$;

revoke execute on function ledger.take_period, ledger.soft_close_period, ledger.allow_posting, ledger.lock_area,
    ledger.ask_reopening, ledger.approve_reopening from public;
grant execute on function ledger.soft_close_period, ledger.allow_posting, ledger.lock_area, ledger.ask_reopening,
    ledger.approve_reopening to finance_pipeline_app;
grant select on ledger.period_event, ledger.posting_permission, ledger.period_now
to finance_pipeline_app, finance_pipeline_reader;
