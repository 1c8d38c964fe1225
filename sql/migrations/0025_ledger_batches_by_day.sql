-- ledger.batch_days: one row per statement that added entries to a batch, with their first and last accounting date.
-- Append-only, written by the check of batches, so that the seal looks for a batch's entries in the months that it has
-- entries in, and not in every month there ever was: one entry costs as much in a ledger of ten years as in a new one.
--
-- The proof believes none of it: it looks for the entries of a batch in every month.

create table ledger.batch_days (
    batch_id bigint not null,
    first_day date not null,
    last_day date not null
);

create index batch_days_by_batch on ledger.batch_days (batch_id);

comment on table ledger.batch_days is 'One row per statement that added entries to a batch: between which accounting dates.';

create trigger only_grows before update or delete or truncate on ledger.batch_days
for each statement execute function ledger.refuse_change();

-- As ledger.batch_root and ledger.movements_of, of what lies between two accounting dates; inlined where they are called
-- with constants, so that other months are not even opened.
create function ledger.batch_root(wanted_batch bigint, first_day date, last_day date)
returns table (entry_count bigint, root bytea)
stable language sql
begin atomic
    select count(*), sha256(string_agg(hashed.entry_hash, ''::bytea order by book, fiscal_year, number))
    from (
        select
            book, fiscal_year, number,
            sha256(digest || convert_to(
                entry_id::text || batch_id::text || ledger.part(book) || fiscal_year::text || ledger.part(number::text)
                    || (accounting_on - date '2000-01-01')::text || ledger.part(description) || ledger.part(source)
                    || ledger.part(source_id) || ledger.part(purpose) || ledger.part(version::text)
                    || ledger.part(evidence_id) || ledger.part(evidence_hash) || ledger.part(rule)
                    || ledger.part(reverses::text) || ledger.part(run_id) || ledger.part(correlation_id),
                'UTF8'
            )) as entry_hash
        from ledger.entry
        where entry.batch_id = wanted_batch and entry.accounting_on between first_day and last_day
        offset 0
    ) as hashed;
end;

create function ledger.movements_of(wanted_batch bigint, first_day date, last_day date) returns setof ledger.movement
stable language sql
begin atomic
    select
        book, date_trunc('month', accounting_on::timestamp)::date, account_id, currency,
        date_trunc('month', effective_on::timestamp)::date, 0::bigint,
        sum(debit_minor)::bigint, sum(credit_minor)::bigint,
        sum(functional_debit_minor)::bigint, sum(functional_credit_minor)::bigint
    from (
        select
            book, accounting_on, effective_on, currency, account_id,
            sum(greatest(amount_minor, 0)) as debit_minor,
            -sum(least(amount_minor, 0)) as credit_minor,
            sum(greatest(functional_minor, 0)) as functional_debit_minor,
            -sum(least(functional_minor, 0)) as functional_credit_minor
        from (
            select
                book, accounting_on, effective_on, currency, unnest(accounts) as account_id,
                unnest(amounts) as amount_minor, unnest(coalesce(functional_amounts, amounts)) as functional_minor
            from ledger.entry
            where entry.batch_id = wanted_batch and entry.accounting_on between first_day and last_day
        ) as line
        group by book, accounting_on, effective_on, currency, account_id
    ) as of_day
    group by 1, 2, 3, 4, 5;
end;

-- As in 0007; a run that was begun again shuts out its earlier self (0018); and the days of what was added are noted.
create or replace function ledger.check_batch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on as $$
declare
    grouped jsonb;
    wrong text;
begin
    execute $q$
        select jsonb_agg(to_jsonb(each))
        from (
            select book, batch_id, run_id, correlation_id, min(accounting_on) as first_day, max(accounting_on) as last_day
            from added
            group by book, batch_id, run_id, correlation_id
        ) as each
    $q$ into grouped;
    execute $q$
        select case
            when batch.batch_id is null or seal.batch_id is not null
                then format('batch %s was not opened by this transaction, or is sealed', added.batch_id)
            else format('run %s of book %s was begun again: what has token %s of it may not write any more',
                added.run_id, added.book, batch.token)
        end
        from jsonb_to_recordset($1) as added (book text, batch_id bigint, run_id text, correlation_id text)
        left join ledger.batch
            on batch.batch_id = added.batch_id and batch.opened_xid = pg_current_xact_id()
                and batch.run_id = added.run_id and batch.correlation_id = added.correlation_id
        left join ledger.seal on seal.batch_id = added.batch_id
        where batch.batch_id is null
            or seal.batch_id is not null
            or batch.token is not null and batch.token is distinct from (
                select max(token) from ledger.run_token
                where run_token.book = added.book and run_token.run_id = added.run_id
            )
        limit 1
    $q$ into wrong using grouped;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        insert into ledger.batch_days (batch_id, first_day, last_day)
        select batch_id, first_day, last_day
        from jsonb_to_recordset($1) as added (batch_id bigint, first_day date, last_day date)
    $q$ using grouped;
    return null;
end
$$;

-- As in 0008; beside the seal stand what the batch moved (0016) and the accounts that it moves first (0018). Only the days
-- that it has entries of are read, and all that takes time is done before the chain's end is locked.
create or replace function ledger.seal_batch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head ledger.head;
    days record;
    batch record;
    moved ledger.movement[];
    accounts_root bytea;
    sealed_at timestamptz;
    new_link bytea;
begin
    select min(first_day) as first_day, max(last_day) as last_day into days
    from ledger.batch_days where batch_id = new.batch_id;
    if days.first_day is null then
        raise exception 'batch % is empty', new.batch_id using errcode = 'integrity_constraint_violation';
    end if;
    execute 'select * from ledger.batch_root($1, $2, $3)' into batch using new.batch_id, days.first_day, days.last_day;
    execute 'select array_agg(movement) from ledger.movements_of($1, $2, $3) as movement'
        into moved using new.batch_id, days.first_day, days.last_day;
    select * into strict head from ledger.head for update;
    insert into ledger.account_seal (account_id, position, meaning)
    select account_id, head.position + 1, ledger.meaning_of(account_id)
    from (select distinct account_id from unnest(moved)) as touched
    where not exists (select from ledger.account_seal as known where known.account_id = touched.account_id);
    accounts_root := ledger.accounts_root(head.position + 1);
    sealed_at := greatest(clock_timestamp(), head.recorded_at + interval '1 microsecond');
    new_link := ledger.link_of(
        head.link, head.position + 1, new.batch_id, batch.entry_count, batch.root, sealed_at, accounts_root
    );
    insert into ledger.seal (position, batch_id, entry_count, root, previous_link, link, recorded_at, accounts_root)
    values (
        head.position + 1, new.batch_id, batch.entry_count, batch.root, head.link, new_link, sealed_at, accounts_root
    );
    insert into ledger.movement
    select
        book, accounting_month, account_id, currency, effective_month, head.position + 1,
        debit_minor, credit_minor, functional_debit_minor, functional_credit_minor
    from unnest(moved);
    update ledger.head as chain_end set position = head.position + 1, link = new_link, recorded_at = sealed_at;
    return null;
end
$$;

-- As in 0007. Most statements add first versions alone; what compares others with the journal is not even planned then.
create or replace function ledger.check_versions() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on as $$
declare
    wrong text;
    any_is_not_first boolean;
begin
    execute 'select exists (select from added where version <> 1)' into any_is_not_first;
    if not any_is_not_first then
        return null;
    end if;
    execute $q$
        select case
            when added.version < 0 and not exists (
                select from ledger.business_key as known
                join ledger.entry as original
                    on original.entry_id = known.entry_id and original.accounting_on = known.accounting_on
                where known.book = added.book and known.source = added.source and known.source_id = added.source_id
                    and known.purpose = added.purpose and known.version = -added.version
                    and original.entry_id = added.reverses
                    and original.accounting_on <= added.accounting_on
                    and original.effective_on = added.effective_on
                    and original.currency = added.currency
                    and original.accounts = added.accounts
                    and original.amounts = ledger.negated(added.amounts)
                    and original.functional_amounts is not distinct from ledger.negated(added.functional_amounts)
            ) then format('entry %s is no exact reversal of version %s of (%s, %s, %s, %s)',
                added.entry_id, -added.version, added.book, added.source, added.source_id, added.purpose)
            when added.version > 1 and not exists (
                select from ledger.business_key as known
                where known.book = added.book and known.source = added.source and known.source_id = added.source_id
                    and known.purpose = added.purpose and known.version = 1 - added.version
            ) then format('version %s of (%s, %s, %s, %s) stands; version %s cannot be posted beside it',
                added.version - 1, added.book, added.source, added.source_id, added.purpose, added.version)
        end
        from added
        where added.version <> 1
        order by 1
        limit 1
    $q$ into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

grant select on ledger.batch_days to finance_pipeline_app, finance_pipeline_reader;
