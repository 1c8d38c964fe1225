-- close: what people state about a book-month before it is locked, and what was signed. All append-only; rows come only
-- from the functions below, which note who, when, from where, why and what was seen.
--
-- close.explanation: one row per open item or line and what a person says of it. close.review: one row per time that a
-- person put a month forward for sign-off. close.signature: one row per sign-off. close.signed_balance, signed_record,
-- signed_item, signed_line: what the sign-off saw, which later versions of the same are compared with.
--
-- Promises: nobody signs what they put forward or explained; a signature records the balances as of one position of the
-- ledger's chain, and lapses when one of them moves; no period is locked without a signature that holds.

create schema close;
comment on schema close is 'Closing months: explanations, reviews, sign-offs and what they saw. Append-only.';
grant usage on schema close to finance_pipeline_app, finance_pipeline_reader;

create table close.explanation (
    explanation_seq bigint generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    month text collate "C" not null check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    subject text not null,
    currency text not null,
    open_minor bigint not null,
    verdict text not null check (verdict in ('explained', 'withdrawn')),
    actor text not null check (btrim(actor) <> ''),
    role text not null check (btrim(role) <> ''),
    reason text not null check (btrim(reason) <> ''),
    origin text not null check (btrim(origin) <> ''),
    seen text not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp()
);

create index explanation_by_subject on close.explanation (book, month, subject, explanation_seq desc);

create view close.explained as
select last_word.*
from (
    select distinct on (book, month, subject) explanation.*
    from close.explanation
    order by book, month, subject, explanation_seq desc
) as last_word
where verdict = 'explained';

create table close.review (
    review_seq bigint generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    month text collate "C" not null check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    actor text not null check (btrim(actor) <> ''),
    role text not null check (btrim(role) <> ''),
    reason text not null check (btrim(reason) <> ''),
    origin text not null check (btrim(origin) <> ''),
    seen text not null,
    seal_position bigint not null,
    seal_link bytea not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp()
);

create index review_by_month on close.review (book, month, review_seq desc);

create table close.signature (
    signature_id text primary key,
    book text collate "C" not null references ledger.book,
    month text collate "C" not null check (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    sequence integer not null check (sequence > 0),
    seal_position bigint not null,
    seal_link bytea not null,
    review_seq bigint not null unique references close.review,
    prepared_by text not null,
    signed_by text not null,
    role text not null check (btrim(role) <> ''),
    reason text not null check (btrim(reason) <> ''),
    origin text not null check (btrim(origin) <> ''),
    seen text not null,
    seen_digest text not null,
    versions jsonb not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp(),
    unique (book, month, sequence),
    constraint takes_two_people check (not ledger.is_same_person(prepared_by, signed_by))
);

create table close.signed_balance (
    signature_id text not null references close.signature,
    account_id integer not null references ledger.account,
    code text collate "C" not null,
    currency text not null,
    amount_minor bigint not null,
    functional_minor bigint not null,
    effective_amount_minor bigint not null,
    effective_functional_minor bigint not null,
    primary key (signature_id, account_id, currency)
);

create table close.signed_record (
    signature_id text not null references close.signature,
    table_name text not null,
    record_id text not null,
    version integer not null,
    content_hash text not null,
    removed boolean not null,
    recorded_seq bigint not null,
    primary key (signature_id, table_name, record_id)
);

create table close.signed_item (
    signature_id text not null references close.signature,
    item_id text not null,
    kind text not null,
    number text,
    "references" text[] not null,
    party_id text,
    party_name text,
    account text,
    currency text not null,
    total_minor bigint not null,
    open_minor bigint not null,
    open_functional_minor bigint not null,
    issued_on date not null,
    due_on date,
    available_on date,
    evidence_hash text not null,
    primary key (signature_id, item_id)
);

create table close.signed_line (
    signature_id text not null references close.signature,
    line_id text not null,
    kind text not null,
    account text not null,
    currency text not null,
    amount_minor bigint not null,
    booked_on date not null,
    primary key (signature_id, line_id)
);

alter table ledger.period_event add foreign key (signature_id) references close.signature;

comment on table close.explanation is 'One row per open item or line of a month and what a person says of it. Append-only.';
comment on column close.explanation.subject is 'Record id of the line or item.';
comment on column close.explanation.open_minor is 'What was open of it; once that changes, the explanation says nothing any more.';
comment on column close.explanation.verdict is 'explained, or withdrawn: as if nothing had been said.';
comment on view close.explained is 'One row per line or item of a month with the explanation that holds.';
comment on table close.review is 'One row per time that a person put the figures of a month forward for sign-off. Append-only.';
comment on column close.review.seal_position is 'Where the ledger''s chain ended: what was posted after it was not seen.';
comment on table close.signature is 'One row per sign-off of a book and month. Append-only.';
comment on column close.signature.month is 'Accounting month (YYYY-MM).';
comment on column close.signature.sequence is 'Counts the sign-offs of the month; the highest is the one that may hold.';
comment on column close.signature.seal_position is 'Position of the ledger''s chain: the balances count all that was sealed up to it.';
comment on column close.signature.seal_link is 'Link of the chain at that position.';
comment on column close.signature.prepared_by is 'Who put the figures forward.';
comment on column close.signature.signed_by is 'Who signed: another person.';
comment on column close.signature.seen is 'JSON: the steps of the close as they were shown.';
comment on column close.signature.seen_digest is 'SHA-256 of what was seen.';
comment on column close.signature.versions is 'What computed the month: posting rules, engine, policy, chart, rates.';
comment on table close.signed_balance is 'One row per account and currency of a sign-off: its balance at the month''s end.';
comment on column close.signed_balance.amount_minor is 'By accounting date, minor units of the currency, + debit.';
comment on column close.signed_balance.functional_minor is 'The same in the book''s currency.';
comment on column close.signed_balance.effective_amount_minor is 'By effective date, of all that was known.';
comment on table close.signed_record is 'One row per record of the month: the version that the sign-off counted.';
comment on table close.signed_item is 'One row per item that was open at the end of the signed month.';
comment on table close.signed_line is 'One row per line without a counterpart at the end of the signed month.';

create function close.first_day(month text) returns date
immutable strict language sql
return to_date(month, 'YYYY-MM');

create function close.last_day(month text) returns date
immutable strict language sql
return (to_date(month, 'YYYY-MM') + interval '1 month')::date - 1;

-- What was posted up to the end of a month after a position of the chain, by account and currency, where it is not zero:
-- of what each batch moved (ledger.movement), not of the entries.
create function close.moved_since(wanted_book text, wanted_month text, wanted_position bigint)
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

create view close.standing_signature as
select
    last_one.*,
    exists (select from close.moved_since(last_one.book, last_one.month, last_one.seal_position)) or exists (
        select from ledger.period_event as event
        where event.book = last_one.book and event.month = close.first_day(last_one.month)
            and event.action = 'reopened' and event.recorded_at > last_one.recorded_at
    ) as has_lapsed
from (
    select distinct on (book, month) signature.* from close.signature order by book, month, sequence desc
) as last_one;

comment on view close.standing_signature is
    'One row per signed book-month: its last sign-off, and whether a balance moved or the month was reopened since.';

create function close.explain(
    wanted_book text, wanted_month text, subjects text[], currencies text[], opens_minor bigint[], verdict text, actor text,
    role text, reason text, origin text, seen text
) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    noted integer;
begin
    insert into close.explanation
        (book, month, subject, currency, open_minor, verdict, actor, role, reason, origin, seen)
    select wanted_book, wanted_month, each.subject, each.currency, each.open_minor, explain.verdict, explain.actor,
        explain.role, explain.reason, explain.origin, explain.seen
    from unnest(subjects, currencies, opens_minor) as each (subject, currency, open_minor);
    get diagnostics noted = row_count;
    return noted;
end
$$;

create function close.put_forward(
    wanted_book text, wanted_month text, actor text, role text, reason text, origin text, seen text
) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
    insert into close.review (book, month, actor, role, reason, origin, seen, seal_position, seal_link)
    select wanted_book, wanted_month, put_forward.actor, put_forward.role, put_forward.reason, put_forward.origin,
        put_forward.seen, head.position, head.link
    from ledger.head
    returning review_seq;
end;

-- Balances of a book at the end of a month, by both dates, of all that is sealed; one row per account and currency.
create function close.balances(wanted_book text, wanted_month text)
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

-- Current canonical records of a book-month, tombstones included; the first month of a book takes in what is older.
create function close.records(wanted_book text, wanted_month text)
returns table (table_name text, record_id text, version integer, content_hash text, removed boolean, recorded_seq bigint)
stable language sql
begin atomic
    with wanted as (
        select book.book, wanted_month as last_month,
            case when to_char(book.starts_on, 'YYYY-MM') < wanted_month then wanted_month else '' end as first_month
        from ledger.book where book.book = wanted_book
    )
    select 'bank_transaction', this.record_id, this.version, this.content_hash, this.removed, this.recorded_seq
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
    join wanted on this.book = wanted.book and this.month between wanted.first_month and wanted.last_month;
end;

-- Sign what another person put forward. Refused: by that person, or by one whose explanations it rests on; where a
-- balance has moved since it was put forward; where figures that must be equal are not; twice.
create function close.sign(
    wanted_review bigint, actor text, role text, reason text, origin text, seen text, versions jsonb
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    put close.review;
    wrong text;
    signed text;
begin
    select * into put from close.review where review_seq = wanted_review for update;
    perform pg_advisory_xact_lock(hashtextextended('close.sign/' || put.book || '/' || put.month, 0));
    wrong := case
        when put.review_seq is null then format('nothing was put forward as %s', wanted_review)
        when ledger.is_same_person(put.actor, actor) then format('%s put it forward: another person signs', actor)
        when exists (
            select from close.explained
            where book = put.book and month = put.month and ledger.is_same_person(explained.actor, sign.actor)
        ) then format('%s explained items of it: another person signs', actor)
        when exists (select from report.tie_out where book = put.book and month = put.month and not tied)
            then 'figures that must be equal are not'
        when exists (
            select from close.standing_signature where book = put.book and month = put.month and not has_lapsed
        ) then 'it is signed already'
    end;
    if wrong is not null then
        raise exception 'period % of book % is not signed: %', put.month, put.book, wrong using errcode = 'check_violation';
    end if;
    -- One statement, one snapshot: the balances are those of the position that is noted beside them.
    with head as materialized (select position, link from ledger.head),
    added as (
        insert into close.signature (
            signature_id, book, month, sequence, seal_position, seal_link, review_seq, prepared_by, signed_by, role,
            reason, origin, seen, seen_digest, versions
        )
        select
            encode(sha256(convert_to(put.book || '/' || put.month || '/' || counted.sequence || '/' || sign.seen, 'UTF8')
                || head.link), 'hex'),
            put.book, put.month, counted.sequence, head.position, head.link, put.review_seq, put.actor, sign.actor,
            sign.role, sign.reason, sign.origin, sign.seen, encode(sha256(convert_to(sign.seen, 'UTF8')), 'hex'),
            sign.versions
        from head
        cross join (
            select coalesce(max(sequence), 0) + 1 as sequence from close.signature
            where book = put.book and month = put.month
        ) as counted
        returning signature_id
    ),
    balances as (
        insert into close.signed_balance
        select added.signature_id, balance.account_id, account.code, balance.currency, balance.amount_minor,
            balance.functional_minor, balance.effective_amount_minor, balance.effective_functional_minor
        from added
        cross join close.balances(put.book, put.month) as balance
        join ledger.account using (account_id)
    )
    select signature_id into strict signed from added;
    -- Asked last, so that nothing can be posted between the question and the balances.
    if exists (select from close.moved_since(put.book, put.month, put.seal_position)) then
        raise exception 'period % of book % is not signed: balances have moved since it was put forward', put.month, put.book
            using errcode = 'check_violation';
    end if;
    insert into close.signed_record
    select signed, record.* from close.records(put.book, put.month) as record;
    insert into close.signed_item
    select signed, item_id, kind, number, "references", party_id, party_name, account, currency, total_minor, open_minor,
        open_functional_minor, issued_on, due_on, available_on, evidence_hash
    from recon.open_item where book = put.book and month = put.month;
    insert into close.signed_line
    select signed, line_id, kind, account, currency, amount_minor, booked_on
    from recon.open_line where book = put.book and month = put.month;
    return signed;
end
$$;

-- Lock a period. Refused without a signature that holds, and while an earlier month of the book is not locked: its
-- balances would go on moving. It must be what its transaction does first: entries of the same transaction would not be
-- sealed, and would slip through the comparison with the signature; a snapshot from before the lock would not see what
-- was posted until then. Returns the event.
create function ledger.lock_period(
    wanted_book text, wanted_month date, actor text, role text, reason text, origin text, seen text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    taken ledger.period;
    signature close.standing_signature;
    wrong text;
    noted bigint;
begin
    if pg_current_xact_id_if_assigned() is not null or current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a period is locked at the beginning of a transaction that reads what is committed'
            using errcode = 'invalid_transaction_state';
    end if;
    taken := ledger.take_period(wanted_book, wanted_month);
    select * into signature from close.standing_signature
    where book = wanted_book and month = to_char(wanted_month, 'YYYY-MM');
    wrong := case
        when taken.state = 'locked' and taken.open_until is null then 'it is locked already'
        when signature.signature_id is null then 'nobody has signed it'
        when signature.has_lapsed then 'a balance has moved since it was signed'
    end;
    if wrong is null then
        select format('%s is not locked', to_char(month.first_day, 'YYYY-MM')) into wrong
        from ledger.book
        cross join generate_series(date_trunc('month', book.starts_on), wanted_month - interval '1 month', '1 month')
            as month (first_day)
        left join ledger.period_now as period on period.book = book.book and period.month = month.first_day::date
        where book.book = wanted_book and period.state is distinct from 'locked'
        order by month.first_day
        limit 1;
    end if;
    if wrong is not null then
        raise exception 'period % of book % is not locked: %', to_char(wanted_month, 'YYYY-MM'), wanted_book, wrong
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    update ledger.period set state = 'locked', open_until = null, reopened_areas = '{}'
    where book = wanted_book and month = wanted_month;
    insert into ledger.period_event
        (book, month, action, actor, role, reason, origin, seen, signature_id, head_position, head_link)
    select wanted_book, wanted_month, 'locked', actor, lock_period.role, reason, origin, seen, signature.signature_id,
        head.position, head.link
    from ledger.head
    returning event_seq into noted;
    return noted;
end
$$;

revoke execute on function close.explain, close.put_forward, close.sign, ledger.lock_period from public;
grant execute on function close.explain, close.put_forward, close.sign, ledger.lock_period to finance_pipeline_app;
grant select on all tables in schema close to finance_pipeline_app, finance_pipeline_reader;
