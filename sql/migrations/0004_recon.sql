-- recon: what settles what. recon.match, recon.allocation and recon.retraction are append-only and together say which
-- matches stand; what is open or exceptional at a month's end is a projection, replaced when its month is folded again.
--
-- recon.match: one row per acceptance of a match. recon.allocation: one row per part of a line that settles part of an
-- item. recon.retraction: one row per acceptance that no longer stands.

create table recon.match (
    match_id text not null,
    version integer not null check (version > 0),
    book text not null,
    month text not null,
    tier smallint not null,
    rule text not null,
    rule_version text not null,
    confidence text not null,
    matched_on date not null,
    words text not null,
    evidence text not null,
    run_id text not null,
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (match_id, version)
);

create index match_by_month on recon.match (book, month);

create table recon.retraction (
    match_id text not null,
    version integer not null,
    book text not null,
    reason text not null,
    run_id text not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (match_id, version),
    foreign key (match_id, version) references recon.match
);

create index retraction_by_book on recon.retraction (book);

create table recon.allocation (
    match_id text not null,
    version integer not null,
    ordinal integer not null,
    book text not null,
    line_id text not null,
    line_kind text not null check (line_kind in ('bank', 'charge', 'refund')),
    line_account text not null,
    line_on date not null,
    line_currency text not null,
    line_amount_minor bigint not null,
    item_id text,
    item_kind text,
    item_currency text,
    item_total_minor bigint,
    item_amount_minor bigint,
    item_functional_minor bigint,
    other_line_id text,
    other_line_on date,
    amount_minor bigint not null,
    role text not null check (role in ('principal', 'fee', 'discount', 'write_off', 'fx', 'residual')),
    evidence_hash text not null,
    primary key (match_id, version, ordinal)
);

create index allocation_by_line on recon.allocation (line_id);
create index allocation_by_other_line on recon.allocation (other_line_id) where other_line_id is not null;
create index allocation_by_item on recon.allocation (item_id) where item_id is not null;
create index allocation_by_book on recon.allocation (book);

create view recon.standing as
select match.*
from recon.match as match
where not exists (
    select from recon.retraction as gone where gone.match_id = match.match_id and gone.version = match.version
);

-- Conservation: a line belongs to one standing match, whose parts add to it; no item is settled beyond its total.
-- Checked over what one statement added, after any retraction of the same transaction. First of all acceptances, which
-- is one cheap join; only for lines and items where those could break the rule is it asked which of them stand. (Parts
-- that all have the sign of the item and together stay within its total break nothing, whichever of them stand.)
-- EXECUTE plans each statement for the rows at hand: a plan kept from a first small month took seconds for a large one.
create function recon.check_conservation() returns trigger language plpgsql
set search_path = pg_catalog as $$
declare
    broken record;
begin
    execute $q$
        with touched as materialized (
            select line_id from added
            union
            select other_line_id from added where other_line_id is not null
        ),
        claim as materialized (
            select line_id, match_id, version from recon.allocation
            where line_id in (select line_id from touched)
            union
            select other_line_id, match_id, version from recon.allocation
            where other_line_id in (select line_id from touched)
        ),
        contested as materialized (
            select line_id from claim group by line_id having count(*) > 1
        )
        select claim.line_id, count(*) as matches
        from contested
        join claim using (line_id)
        join recon.standing using (match_id, version)
        group by claim.line_id
        having count(*) > 1
        limit 1
    $q$ into broken;
    if broken.line_id is not null then
        raise exception 'line % belongs to % standing matches', broken.line_id, broken.matches
            using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        select line_id, sum(amount_minor) as allocated, min(line_amount_minor) as amount
        from added
        group by line_id
        having sum(amount_minor) <> min(line_amount_minor) or min(line_amount_minor) <> max(line_amount_minor)
        limit 1
    $q$ into broken;
    if broken.line_id is not null then
        raise exception 'line % of % is allocated %', broken.line_id, broken.amount, broken.allocated
            using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        with settled as materialized (
            select item_id, match_id, version, item_amount_minor, item_total_minor from recon.allocation
            where item_id in (select item_id from added)
        ),
        suspect as materialized (
            select item_id from settled
            group by item_id
            having abs(sum(item_amount_minor)) > abs(max(item_total_minor))
                or min(item_total_minor) <> max(item_total_minor)
                or bool_or(sign(item_amount_minor) <> sign(item_total_minor))
        )
        select item_id, sum(item_amount_minor) as settled, max(item_total_minor) as total
        from suspect
        join settled using (item_id)
        join recon.standing using (match_id, version)
        group by item_id
        having abs(sum(item_amount_minor)) > abs(max(item_total_minor))
            or sign(sum(item_amount_minor)) <> sign(max(item_total_minor))
        limit 1
    $q$ into broken;
    if broken.item_id is not null then
        raise exception 'item % of % is settled with %', broken.item_id, broken.total, broken.settled
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

create trigger conservation after insert on recon.allocation
referencing new table as added for each statement execute function recon.check_conservation();

create table recon.open_item (
    book text not null,
    month text not null,
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
    primary key (book, month, item_id)
);

create table recon.open_line (
    book text not null,
    month text not null,
    line_id text not null,
    kind text not null,
    account text not null,
    currency text not null,
    amount_minor bigint not null,
    booked_on date not null,
    primary key (book, month, line_id)
);

create table recon.exception (
    book text not null,
    month text not null,
    line_id text not null,
    booked_on date not null,
    account text not null,
    currency text not null,
    amount_minor bigint not null,
    reason text not null,
    words text not null,
    suggestions text not null,
    primary key (book, month, line_id)
);

create table recon.month (
    book text not null,
    month text not null,
    input_digest text not null,
    closing_digest text not null,
    line_count bigint not null,
    run_id text not null,
    folded_at timestamptz not null default clock_timestamp(),
    primary key (book, month)
);

create table ops.stage_mark (
    book text not null,
    month text not null,
    stage text not null,
    digest text not null,
    marked_at timestamptz not null default clock_timestamp(),
    primary key (book, month, stage)
);

comment on table recon.match is 'One row per acceptance of a match; the same match accepted again after a retraction is a new version.';
comment on column recon.match.book is 'Legal entity.';
comment on column recon.match.month is 'Accounting month (YYYY-MM).';
comment on column recon.match.match_id is 'Hash of what it says.';
comment on column recon.match.tier is 'Kind of evidence: 0 identity, 1 reference, 2 party and amount, 5 transfer.';
comment on column recon.match.rule is 'Rule that accepted it.';
comment on column recon.match.rule_version is 'Version of the engine that applied the rule.';
comment on column recon.match.confidence is 'Strength of the evidence, in words.';
comment on column recon.match.matched_on is 'Day on which both sides were known: accounting date of its entry.';
comment on column recon.match.words is 'The explanation, as a bookkeeper would write it.';
comment on table recon.allocation is 'One row per part of a line that settles part of an item or of another line.';
comment on column recon.allocation.amount_minor is 'Minor units of the line''s currency; the parts of a line add to it.';
comment on column recon.allocation.item_amount_minor is 'Minor units of the item''s currency that it settles, signed like the item.';
comment on column recon.allocation.item_functional_minor is 'Carrying amount settled, in the book''s currency, signed like the item.';
comment on table recon.retraction is 'One row per acceptance that no longer stands, with the reason.';
comment on view recon.standing is 'Matches that stand.';
comment on table recon.open_item is 'One row per item still open at a month''s end; the next month starts from these. Projection.';
comment on column recon.open_item.book is 'Legal entity.';
comment on column recon.open_item.month is 'Accounting month (YYYY-MM).';
comment on column recon.open_item.item_id is 'Record id of the document, payout or recorded payment.';
comment on column recon.open_item.kind is 'invoice, bill, credit_note, supplier_credit, payout, recorded_receipt, ...';
comment on column recon.open_item.number is 'Document number.';
comment on column recon.open_item."references" is 'Other texts by which payers name it.';
comment on column recon.open_item.party_id is 'Record id of the customer or supplier.';
comment on column recon.open_item.party_name is 'Name of the customer or supplier.';
comment on column recon.open_item.account is 'Processor or bank account it is expected on or from.';
comment on column recon.open_item.currency is 'Currency of the item.';
comment on column recon.open_item.total_minor is 'Original amount, + owed to us.';
comment on column recon.open_item.open_minor is 'Amount still open, same sign.';
comment on column recon.open_item.open_functional_minor is 'Carrying amount still open, in the book''s currency.';
comment on column recon.open_item.issued_on is 'Day it came into being.';
comment on column recon.open_item.due_on is 'Due date.';
comment on column recon.open_item.available_on is 'Expected arrival.';
comment on column recon.open_item.evidence_hash is 'SHA-256 of the landed source record.';
comment on table recon.open_line is 'One row per line without a counterpart at a month''s end; the next month starts from these. Projection.';
comment on column recon.open_line.book is 'Legal entity.';
comment on column recon.open_line.month is 'Accounting month (YYYY-MM).';
comment on column recon.open_line.line_id is 'Record id of the line.';
comment on column recon.open_line.kind is 'bank, charge or refund.';
comment on column recon.open_line.account is 'Bank or processor account.';
comment on column recon.open_line.currency is 'Currency of the account.';
comment on column recon.open_line.amount_minor is 'Minor units; positive is money in.';
comment on column recon.open_line.booked_on is 'Day it happened.';
comment on table recon.exception is 'One row per line that a person has to look at, with the reason. Projection.';
comment on column recon.exception.book is 'Legal entity.';
comment on column recon.exception.month is 'Accounting month (YYYY-MM).';
comment on column recon.exception.line_id is 'Record id of the bank line or processor movement.';
comment on column recon.exception.booked_on is 'Day it happened.';
comment on column recon.exception.account is 'Bank or processor account.';
comment on column recon.exception.currency is 'Currency of the account.';
comment on column recon.exception.amount_minor is 'Minor units; positive is money in.';
comment on column recon.exception.reason is 'Reason code.';
comment on column recon.exception.words is 'The reason in words.';
comment on column recon.exception.suggestions is 'Candidates, best first, as JSON.';
comment on table recon.month is 'One row per folded book-month: what it was computed from and what it closed with. Working state.';
comment on table ops.stage_mark is 'One row per book, month and stage: what its result was computed from. Working state.';

grant usage on schema recon to finance_pipeline_app, finance_pipeline_reader;
grant select on all tables in schema recon to finance_pipeline_app, finance_pipeline_reader;
grant insert on all tables in schema recon to finance_pipeline_app;
grant delete on recon.open_item, recon.open_line, recon.exception to finance_pipeline_app;
grant update on recon.month to finance_pipeline_app;
grant select, insert, update on ops.stage_mark to finance_pipeline_app;
