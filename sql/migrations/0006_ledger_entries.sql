-- ledger.entry: one row per journal entry, with arrays of accounts and amounts. Append-only, balanced by CHECK in its
-- currency and in the book's, idempotent by business key, numbered without gaps, sealed with its batch at commit.
-- ledger.batch: one row per transaction that posts. ledger.business_key: one row per entry, the one place that says
-- what was posted before. ledger.numbering: the last entry number of each book and fiscal year.

-- A text behind its length, so that two parts never run into each other; null differs from every text.
create function ledger.part(value text) returns text
immutable language sql
return coalesce(length(value)::text || ':' || value, '-');

-- The id of an entry, for ever: the hash of its business key.
create function ledger.entry_id(book text, source text, source_id text, purpose text, version integer) returns uuid
immutable strict language plpgsql set search_path = pg_catalog as $$
begin
    return substr(encode(sha256(convert_to(
        ledger.part(book) || ledger.part(source) || ledger.part(source_id) || ledger.part(purpose) || version::text, 'UTF8'
    )), 'hex'), 1, 32)::uuid;
end
$$;

-- What an entry says as a business matter: when, which accounts, how much, in which currencies. Neither its words nor
-- the run that posted it count, nor the period it went to, which depends on what was closed.
create function ledger.entry_digest(
    effective_on date, currency text, accounts integer[], amounts bigint[], functional_amounts bigint[], match_id text
) returns bytea
immutable language plpgsql set search_path = pg_catalog as $$
begin
    return sha256(convert_to(
        (effective_on - date '2000-01-01')::text || ledger.part(currency) || accounts::text || amounts::text
            || coalesce(functional_amounts::text, '-') || ledger.part(match_id), 'UTF8'
    ));
end
$$;

-- True only for lines that add to zero in both currencies, none of them empty, unnamed or zero in both. Never null.
create function ledger.is_balanced(accounts integer[], amounts bigint[], functional_amounts bigint[]) returns boolean
immutable language plpgsql set search_path = pg_catalog as $$
declare
    line_count constant integer := array_length(accounts, 1);
    amount_sum bigint := 0;
    functional_sum bigint := 0;
begin
    if line_count is null or array_ndims(accounts) <> 1 or array_lower(accounts, 1) <> 1
        or array_ndims(amounts) is distinct from 1 or array_lower(amounts, 1) <> 1
        or array_length(amounts, 1) <> line_count
        or functional_amounts is not null and (
            array_ndims(functional_amounts) is distinct from 1 or array_lower(functional_amounts, 1) <> 1
            or array_length(functional_amounts, 1) <> line_count
        )
    then
        return false;
    end if;
    for line in 1 .. line_count loop
        if accounts[line] is null or amounts[line] is null
            or functional_amounts is not null and functional_amounts[line] is null
            or amounts[line] = 0 and coalesce(functional_amounts[line], 0) = 0
        then
            return false;
        end if;
        amount_sum := amount_sum + amounts[line];
        functional_sum := functional_sum + coalesce(functional_amounts[line], 0);
    end loop;
    return amount_sum = 0 and functional_sum = 0;
end
$$;

-- The same amounts on the other side, in order.
create function ledger.negated(amounts bigint[]) returns bigint[]
immutable strict language sql
begin atomic
    select array_agg(-amount order by ordinal) from unnest(amounts) with ordinality as line (amount, ordinal);
end;

create table ledger.batch (
    batch_id bigint generated always as identity primary key,
    opened_xid xid8 not null default pg_current_xact_id(),
    run_id text not null,
    correlation_id text not null
);

create table ledger.entry (
    entry_id uuid not null generated always as (ledger.entry_id(book, source, source_id, purpose, version)) stored,
    batch_id bigint not null,
    book text collate "C" not null,
    fiscal_year smallint not null,
    number bigint not null check (number > 0),
    effective_on date not null check (isfinite(effective_on)),
    accounting_on date not null check (isfinite(accounting_on)),
    currency text not null,
    description text not null,
    accounts integer[] not null,
    amounts bigint[] not null,
    functional_amounts bigint[],
    source text collate "C" not null,
    source_id text collate "C" not null,
    purpose text collate "C" not null,
    version integer not null check (version <> 0),
    evidence_id text collate "C" not null,
    evidence_hash text not null,
    match_id text collate "C",
    rule text not null,
    reverses uuid,
    run_id text not null,
    correlation_id text not null,
    digest bytea not null generated always as (
        ledger.entry_digest(effective_on, currency, accounts, amounts, functional_amounts, match_id)
    ) stored,
    constraint balanced check (ledger.is_balanced(accounts, amounts, functional_amounts)),
    constraint reversal_has_a_negative_version check ((version < 0) = (reverses is not null))
) partition by range (accounting_on);

create index on ledger.entry (entry_id);
create index on ledger.entry (batch_id);
create index on ledger.entry (evidence_id);
create index on ledger.entry (match_id) where match_id is not null;

create table ledger.business_key (
    book text collate "C" not null,
    source text collate "C" not null,
    source_id text collate "C" not null,
    purpose text collate "C" not null,
    version integer not null,
    entry_id uuid not null,
    digest bytea not null,
    accounting_on date not null,
    primary key (book, source, source_id, purpose, version)
);

create index reversal on ledger.business_key (book, source, source_id, purpose, version) where version < 0;

create table ledger.numbering (
    book text collate "C" not null,
    fiscal_year smallint not null,
    last_number bigint not null,
    primary key (book, fiscal_year)
);

comment on table ledger.batch is 'One row per transaction that posts; every batch is sealed when it commits.';
comment on column ledger.batch.opened_xid is 'Transaction that opened it: no other may add to it.';
comment on table ledger.entry is 'One row per journal entry: balanced, immutable, numbered without gaps.';
comment on column ledger.entry.entry_id is 'Hash of the business key (book, source, source id, purpose, version).';
comment on column ledger.entry.number is 'Counts the entries of a book and fiscal year, without gaps.';
comment on column ledger.entry.effective_on is 'Day it happened.';
comment on column ledger.entry.accounting_on is 'Day that decides the period; the effective day while that period is open.';
comment on column ledger.entry.currency is 'Currency of the amounts (ISO 4217).';
comment on column ledger.entry.accounts is 'Accounts, one a line (ledger.account).';
comment on column ledger.entry.amounts is 'Minor units of the currency, + debit; they add to zero.';
comment on column ledger.entry.functional_amounts is 'The same in the book''s currency; null where that is the currency.';
comment on column ledger.entry.source is 'System whose record it posts, match for a match, opening for an opening balance.';
comment on column ledger.entry.source_id is 'Record or match that it posts.';
comment on column ledger.entry.purpose is 'What it posts of it.';
comment on column ledger.entry.version is 'Counts changes of the same subject; a reversal has the negative version of what it reverses.';
comment on column ledger.entry.evidence_id is 'Record that proves it.';
comment on column ledger.entry.evidence_hash is 'SHA-256 of the landed source record.';
comment on column ledger.entry.match_id is 'Match that caused it, if one did.';
comment on column ledger.entry.rule is 'Posting or matching rule that caused it.';
comment on column ledger.entry.reverses is 'Entry that it takes back.';
comment on column ledger.entry.digest is 'Hash of the business content; the same key never stands for another.';
comment on table ledger.business_key is 'One row per entry: the key that makes posting idempotent, with the digest it stands for.';
comment on table ledger.numbering is 'One row per book and fiscal year: the last entry number given. Working state.';

-- The one way to begin posting: a batch that belongs to this transaction.
create function ledger.open_batch(run_id text, correlation_id text) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
    insert into ledger.batch (run_id, correlation_id) values (open_batch.run_id, open_batch.correlation_id)
    returning batch_id;
end;

-- Open a book's month for posting, once; a month that was closed stays closed. The partition is made apart and then
-- attached, which does not stop those who read or post at the same time.
create function ledger.open_period(wanted_book text, wanted_month date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    partition constant text := 'entry_' || to_char(wanted_month, 'YYYY_MM');
begin
    perform from ledger.book where book = wanted_book and date_trunc('month', starts_on) <= wanted_month;
    if not found then
        raise exception 'book % is unknown or starts after %', wanted_book, wanted_month using errcode = 'check_violation';
    end if;
    insert into ledger.period (book, month) values (wanted_book, wanted_month) on conflict do nothing;
    if to_regclass('ledger.' || partition) is null then
        perform pg_advisory_xact_lock(hashtext('ledger.entry partitions'));
        -- Asked of the catalogue: to_regclass may still answer what it knew before it waited.
        if not exists (select from pg_class where relname = partition and relnamespace = 'ledger'::regnamespace) then
            execute format('create table ledger.%I (like ledger.entry including all)', partition);
            execute format(
                'alter table ledger.entry attach partition ledger.%I for values from (%L) to (%L)',
                partition, wanted_month, (wanted_month + interval '1 month')::date
            );
        end if;
    end if;
end
$$;

revoke execute on function ledger.open_batch, ledger.open_period from public;
grant execute on function ledger.open_batch, ledger.open_period to finance_pipeline_app;
grant select on ledger.batch, ledger.entry, ledger.business_key, ledger.numbering
to finance_pipeline_app, finance_pipeline_reader;
grant insert on ledger.entry to finance_pipeline_app;
