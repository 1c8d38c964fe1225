-- What a closed month lets in. close.difference_decision: one row per version of a record that belongs to a closed month
-- and what was decided about it. Append-only.
--
-- Promises: a record counts in a closed month as it was signed, until a decision lets a newer version in; what is
-- above the limit takes two people; a version is let in once.
--
-- close.held_month: one row per month that is closed and signed, and so held as it was signed. close.withheld: one row
-- per record of a book whose newest version does not count, with the version that does.

create table close.difference_decision (
    decision_seq bigint generated always as identity primary key,
    difference_id text not null,
    book text collate "C" not null references ledger.book,
    month text collate "C" not null check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    signature_id text not null references close.signature,
    table_name text not null check (table_name in ('bank_transaction', 'invoice', 'payment')),
    record_id text not null,
    version integer not null check (version > 0),
    cause text not null check (cause in ('late', 'changed', 'removed')),
    verdict text not null check (verdict in ('let_in', 'proposed', 'adjusted', 'dismissed')),
    amount_minor bigint,
    limit_minor bigint not null check (limit_minor >= 0),
    proposed_by text,
    actor text not null check (btrim(actor) <> ''),
    reason text not null check (btrim(reason) <> ''),
    seen text not null,
    run_id text not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp(),
    constraint by_itself_only_late_and_small check (
        verdict <> 'let_in' or cause = 'late' and amount_minor is not null and abs(amount_minor) <= limit_minor
    ),
    constraint above_the_limit_takes_two_people check (
        verdict in ('let_in', 'proposed') or amount_minor is not null and abs(amount_minor) <= limit_minor
            or proposed_by is not null
    ),
    constraint nobody_approves_their_own check (
        proposed_by is null or not ledger.is_same_person(proposed_by, actor)
    )
);

create unique index difference_is_let_in_once on close.difference_decision (table_name, record_id, version)
where verdict in ('let_in', 'adjusted');
create unique index difference_is_dismissed_once on close.difference_decision (table_name, record_id, version)
where verdict = 'dismissed';
create index difference_decision_by_month on close.difference_decision (book, month, decision_seq);
create index signed_record_by_record on close.signed_record (record_id, table_name);

comment on table close.difference_decision is 'One row per version of a record of a closed month and what was decided about it. Append-only.';
comment on column close.difference_decision.difference_id is 'Digest of book, month, table, record and version.';
comment on column close.difference_decision.month is 'Closed month that it belongs to.';
comment on column close.difference_decision.signature_id is 'Sign-off that it differs from.';
comment on column close.difference_decision.cause is 'late: no version was signed. changed, removed: another version was.';
comment on column close.difference_decision.verdict is 'let_in: a late item, by itself. proposed: waits for a second person. adjusted: let in by a person. dismissed: stays out.';
comment on column close.difference_decision.amount_minor is 'What it is about, in the book''s currency; null where no rate says so.';
comment on column close.difference_decision.limit_minor is 'Limit of the book when it was decided.';
comment on column close.difference_decision.proposed_by is 'Who asked for it, where another person answered.';
comment on column close.difference_decision.seen is 'JSON: what was shown when it was decided.';

-- A month that was reopened since it was signed is held by nothing until it is signed again.
create view close.held_month as
select
    last_one.book, last_one.month, last_one.signature_id, last_one.recorded_at as signed_at,
    last_one.seal_position, last_one.versions,
    case when to_char(book.starts_on, 'YYYY-MM') >= last_one.month then '' else last_one.month end as first_month
from (
    select distinct on (book, month) signature.* from close.signature order by book, month, sequence desc
) as last_one
join ledger.book using (book)
join ledger.period_now as period
    on period.book = last_one.book and period.month = close.first_day(last_one.month) and period.state <> 'open'
where not exists (
    select from ledger.period_event as event
    where event.book = last_one.book and event.month = close.first_day(last_one.month) and event.action = 'reopened'
        and event.recorded_at > last_one.recorded_at
);

comment on view close.held_month is 'One row per month that is closed and signed; it counts the records that were signed.';
comment on column close.held_month.first_month is 'A book''s first month takes in what is older: from here on.';

-- Versions that count in closed months: signed, or let in since.
create view close.admitted as
select held.book, record.table_name, record.record_id, record.version
from close.held_month as held
join close.signed_record as record using (signature_id)
union all
select book, table_name, record_id, version from close.difference_decision where verdict in ('let_in', 'adjusted');

comment on view close.admitted is 'One row per version of a record that counts in a closed month. Ask by record.';

-- Records of a book whose newest version does not count, because it, or the version before it that counts, belongs to a
-- held month and nobody let it in. Counts instead: the version that was let in last or, of a record that no held month
-- counted yet, its last version of an open month; none, of a record that is only late. What nobody would post, as it is
-- known now or as it counted, such as a pending line, is held back by nothing.
create function close.withheld(wanted_book text)
returns table (
    table_name text, record_id text, version integer, month text, counted_version integer, counted_month text
)
stable language plpgsql as $$
declare
    held_table text;
    posts text;
begin
    if not exists (select from close.held_month as held where held.book = wanted_book) then
        return;
    end if;
    foreach held_table in array array['bank_transaction', 'invoice', 'payment'] loop
        posts := case held_table
            when 'bank_transaction' then 'not %1$I.removed and %1$I.status = ''booked'''
            when 'invoice' then 'not %1$I.removed and %1$I.status = ''authorised'''
            else 'not %1$I.removed'
        end;
        return query execute format($q$
            with held as materialized (
                select first_month, held.month, signed_at from close.held_month as held where held.book = $1
            ),
            newest as (
                -- What was recorded well before the sign-off was current then; a day covers any transaction.
                select this.record_id, this.version, this.month, true as is_held, %2$s as posts
                from canonical.%1$I as this
                join held on this.month between held.first_month and held.month
                where this.book = $1 and this.recorded_at > held.signed_at - interval '1 day'
                union all
                select this.record_id, this.version, this.month, false, %2$s
                from canonical.%1$I as this
                where this.book = $1 and this.version > 1
                    and not exists (select from held where this.month between held.first_month and held.month)
            ),
            based as (
                select newest.*, base.posts as base_posts, base.version as base_version, base.month as base_month,
                    exists (select from held where base.month between held.first_month and held.month) as base_is_held
                from newest
                left join lateral (
                    select counted.version, counted.month, %3$s as posts
                    from canonical.%1$I as counted
                    where counted.record_id = newest.record_id and counted.version = (
                        select max(admitted.version) from close.admitted
                        where admitted.record_id = newest.record_id and admitted.table_name = %1$L
                            and admitted.version <= newest.version
                    )
                ) as base on true
                where not exists (
                    select from canonical.%1$I as newer
                    where newer.record_id = newest.record_id and newer.version > newest.version and newer.version > 1
                )
            )
            select %1$L, based.record_id, based.version, based.month, counted.version, counted.month
            from based
            left join lateral (
                select other.version, other.month
                from canonical.%1$I as other
                where other.record_id = based.record_id and case
                    when base_is_held then other.version = base_version
                    else other.version < based.version and other.version >= coalesce(base_version, 0)
                        and not exists (select from held where other.month between held.first_month and held.month)
                end
                order by other.version desc
                limit 1
            ) as counted on true
            where based.version is distinct from base_version and (is_held or base_is_held)
                and (posts or coalesce(base_posts, false))
            order by based.record_id
        $q$, held_table, format(posts, 'this'), format(posts, 'counted')) using wanted_book;
    end loop;
end
$$;

grant select on close.difference_decision, close.held_month, close.admitted
to finance_pipeline_app, finance_pipeline_reader;
grant insert on close.difference_decision to finance_pipeline_app;

-- Matches and decisions as they stood at a moment; infinity: as they stand.
create function recon.standing_at(moment timestamptz) returns setof recon.match
stable language sql
begin atomic
    select match.*
    from recon.match as match
    where match.recorded_at <= moment and not exists (
        select from recon.retraction as gone
        where gone.match_id = match.match_id and gone.version = match.version and gone.recorded_at <= moment
    );
end;

create function recon.decisions_at(moment timestamptz) returns setof recon.decision
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

-- Records of a book-month as they count, tombstones included: what a sign-off signs. The first month of a book takes in
-- what is older.
create or replace function close.records(wanted_book text, wanted_month text)
returns table (table_name text, record_id text, version integer, content_hash text, removed boolean, recorded_seq bigint)
stable language sql
begin atomic
    with wanted as (
        select book.book, wanted_month as last_month,
            case when to_char(book.starts_on, 'YYYY-MM') < wanted_month then wanted_month else '' end as first_month
        from ledger.book where book.book = wanted_book
    ),
    withheld as materialized (
        select * from close.withheld(wanted_book)
    ),
    newest as (
        select 'bank_transaction' as table_name, this.record_id, this.version, this.content_hash, this.removed,
            this.recorded_seq
        from canonical.bank_transaction_current as this
        join wanted on this.book = wanted.book and this.month between wanted.first_month and wanted.last_month
        union all
        select 'invoice', this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
        from canonical.invoice_current as this
        join wanted on this.book = wanted.book and this.month between wanted.first_month and wanted.last_month
        union all
        select 'payment', this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
        from canonical.payment_current as this
        join wanted on this.book = wanted.book and this.month between wanted.first_month and wanted.last_month
        union all
        select 'balance', this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
        from canonical.balance_current as this
        join wanted on this.book = wanted.book and this.month between wanted.first_month and wanted.last_month
    ),
    counted as (
        select withheld.table_name, withheld.record_id, withheld.counted_version
        from withheld
        join wanted on withheld.counted_month between wanted.first_month and wanted.last_month
    )
    select newest.* from newest
    where not exists (
        select from withheld
        where withheld.table_name = newest.table_name and withheld.record_id = newest.record_id
    )
    union all
    select counted.table_name, this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
    from counted
    join canonical.bank_transaction as this
        on this.record_id = counted.record_id and this.version = counted.counted_version
    where counted.table_name = 'bank_transaction'
    union all
    select counted.table_name, this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
    from counted
    join canonical.invoice as this on this.record_id = counted.record_id and this.version = counted.counted_version
    where counted.table_name = 'invoice'
    union all
    select counted.table_name, this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
    from counted
    join canonical.payment as this on this.record_id = counted.record_id and this.version = counted.counted_version
    where counted.table_name = 'payment';
end;
