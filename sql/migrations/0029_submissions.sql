-- What people bring to the ledger from files: the opening of a book (accounting rule 12) and journals that no source holds
-- (rule 13). ledger.submission: one row per set of files that somebody submitted. ledger.submitted_balance: one row per
-- account of an opening's trial balance. ledger.submitted_item: one row per open item, outstanding payment or payout under
-- way of an opening. ledger.submitted_line: one row per line of a journal. ledger.verdict: one row per person's word on a
-- submission.
--
-- Promises: all of it is append-only; a submission is complete when its transaction ends, and nothing is added to it
-- later; nobody approves what they submitted; an opening stands when two people have signed it, a journal when one has; who
-- refuses ends it; a book opens once.

create table ledger.submission (
    submission_id text primary key check (submission_id ~ '^[0-9a-f]{64}$'),
    kind text not null check (kind in ('opening', 'journals')),
    book text collate "C" not null references ledger.book,
    files text[] not null check (cardinality(files) > 0),
    page_hashes text[] not null check (cardinality(page_hashes) = cardinality(files)),
    line_count integer not null check (line_count > 0),
    submitted_by text not null check (btrim(submitted_by) <> ''),
    reason text not null check (btrim(reason) <> ''),
    opened_xid xid8 not null default pg_current_xact_id(),
    recorded_at timestamptz not null default clock_timestamp()
);

create table ledger.submitted_balance (
    submission_id text not null references ledger.submission,
    ordinal integer not null,
    code text collate "C" not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null,
    functional_minor bigint not null,
    evidence_hash text not null,
    primary key (submission_id, code, currency)
);

create table ledger.submitted_item (
    submission_id text not null references ledger.submission,
    ordinal integer not null,
    kind text not null check (kind in (
        'invoice', 'bill', 'credit_note', 'supplier_credit', 'payout', 'recorded_receipt', 'recorded_payment'
    )),
    number text not null check (number <> ''),
    party_name text not null,
    account text,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null check (amount_minor <> 0),
    functional_minor bigint not null,
    issued_on date not null check (isfinite(issued_on)),
    due_on date,
    evidence_hash text not null,
    primary key (submission_id, kind, number, party_name)
);

create table ledger.submitted_line (
    submission_id text not null references ledger.submission,
    ordinal integer not null,
    journal text not null check (journal <> ''),
    effective_on date not null check (isfinite(effective_on)),
    reverses_on date check (reverses_on > effective_on),
    code text collate "C" not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null,
    functional_minor bigint not null,
    description text not null,
    evidence_hash text not null,
    primary key (submission_id, ordinal)
);

create table ledger.verdict (
    submission_id text not null references ledger.submission,
    actor text not null check (btrim(actor) <> ''),
    verdict text not null check (verdict in ('sign', 'refuse')),
    reason text not null check (btrim(reason) <> ''),
    recorded_at timestamptz not null default clock_timestamp()
);

create unique index verdict_of_person on ledger.verdict (submission_id, lower(btrim(actor)));

comment on table ledger.submission is 'One row per set of files that somebody submitted: the opening of a book, or journals. Append-only.';
comment on column ledger.submission.submission_id is 'Digest of kind, book and what the files hold: the same files are one submission.';
comment on column ledger.submission.page_hashes is 'SHA-256 of each file, under which it is landed.';
comment on column ledger.submission.opened_xid is 'Transaction that submitted it: no other may add to it.';
comment on table ledger.submitted_balance is 'One row per account and currency of an opening''s trial balance. Append-only.';
comment on column ledger.submitted_balance.amount_minor is 'In the currency, + debit.';
comment on column ledger.submitted_balance.functional_minor is 'In the book''s currency, + debit.';
comment on table ledger.submitted_item is 'One row per open document, outstanding payment or payout under way of an opening. Append-only.';
comment on column ledger.submitted_item.account is 'Bank or processor account that it is expected on or from.';
comment on column ledger.submitted_item.amount_minor is 'What is open, in its currency: + owed to us or expected.';
comment on column ledger.submitted_item.functional_minor is 'What it is carried at in the book''s currency, same sign.';
comment on column ledger.submitted_item.issued_on is 'Its own date, before the book starts.';
comment on table ledger.submitted_line is 'One row per line of a submitted journal. Append-only.';
comment on column ledger.submitted_line.reverses_on is 'Day on which it takes itself back; null where it stands.';
comment on table ledger.verdict is 'One row per person''s word on a submission. Append-only.';

create function ledger.check_submitted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from ledger.submission
    where submission.submission_id = new.submission_id and submission.opened_xid = pg_current_xact_id();
    if not found then
        raise exception 'submission % is complete: nothing is added to it', new.submission_id
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

create trigger check_submitted before insert on ledger.submitted_balance
for each row execute function ledger.check_submitted();
create trigger check_submitted before insert on ledger.submitted_item
for each row execute function ledger.check_submitted();
create trigger check_submitted before insert on ledger.submitted_line
for each row execute function ledger.check_submitted();

-- Which submissions stand: of an opening two people's signatures, of journals that of one who did not submit them.
create view ledger.approved_submission as
select submission.*, signed.signers, signed.signed_at
from ledger.submission
cross join lateral (
    select array_agg(actor order by verdict.recorded_at) as signers, max(verdict.recorded_at) as signed_at,
        bool_or(verdict = 'refuse') as refused, bool_or(not ledger.is_same_person(actor, submitted_by)) as by_another
    from ledger.verdict
    where verdict.submission_id = submission.submission_id
) as signed
where not signed.refused and signed.by_another
    and cardinality(signed.signers) >= case submission.kind when 'opening' then 2 else 1 end;

comment on view ledger.approved_submission is 'One row per submission that stands, with who signed it.';

create function ledger.check_verdict() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked ledger.submission;
    wrong text;
begin
    select * into strict asked from ledger.submission where submission_id = new.submission_id;
    perform pg_advisory_xact_lock(hashtextextended('ledger.verdict/' || asked.book, 0));
    wrong := case
        when exists (select from ledger.verdict where submission_id = new.submission_id and verdict = 'refuse')
            then 'it was refused'
        when exists (select from ledger.approved_submission where submission_id = new.submission_id)
            then 'it stands approved; what is wrong with it is corrected by another journal'
        when asked.kind = 'journals' and new.verdict = 'sign' and ledger.is_same_person(asked.submitted_by, new.actor)
            then format('%s submitted it: another person approves', asked.submitted_by)
        when asked.kind = 'opening' and new.verdict = 'sign' and exists (
            select from ledger.approved_submission where kind = 'opening' and book = asked.book
        ) then 'the book has a signed opening'
        when new.verdict = 'sign' and asked.kind = 'opening' and (
            select coalesce(sum(functional_minor), 0) from ledger.submitted_balance
            where submission_id = new.submission_id
        ) + (
            select coalesce(sum(functional_minor), 0) from ledger.submitted_item
            where submission_id = new.submission_id
        ) <> 0 then 'debits and credits differ'
        when new.verdict = 'sign' and exists (
            select from ledger.submitted_line
            where submission_id = new.submission_id
            group by journal, effective_on, currency
            having sum(amount_minor) <> 0 or sum(functional_minor) <> 0
        ) then 'debits and credits of a journal differ'
    end;
    if wrong is not null then
        raise exception 'submission %: %', new.submission_id, wrong using errcode = 'check_violation';
    end if;
    return new;
end
$$;

create trigger check_verdict before insert on ledger.verdict
for each row execute function ledger.check_verdict();

revoke execute on function ledger.check_submitted, ledger.check_verdict from public;
grant select on ledger.submission, ledger.submitted_balance, ledger.submitted_item, ledger.submitted_line, ledger.verdict,
    ledger.approved_submission to finance_pipeline_app, finance_pipeline_reader;
grant insert (submission_id, kind, book, files, page_hashes, line_count, submitted_by, reason) on ledger.submission
to finance_pipeline_app;
grant insert on ledger.submitted_balance, ledger.submitted_item, ledger.submitted_line to finance_pipeline_app;
grant insert (submission_id, actor, verdict, reason) on ledger.verdict to finance_pipeline_app;
