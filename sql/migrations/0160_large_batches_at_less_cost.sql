-- What is checked of added entries (0050, 0110) and how a batch is sealed, at less cost for batches of many entries: every
-- hash and all that is noted are as they were.
--
-- What a statement added was read five times, and once more by the seal to find its fiscal years; now three times, and
-- its years are those of what it moves. That no number comes twice shows when the seal puts the batch's entries in the
-- order of their numbers anyway; so that it may, a statement adds to one batch. That versions need be looked at is said
-- by their keys as they are noted. Of entries in the book's own currency no second amounts are made up to be added.
--
-- `number is not distinct from number + 0` is true of every entry, and no planner knows it: for one that first saw two
-- hundred thousand entries it is few rows still, and no entry after it pays for a table of so many sums.

drop trigger check_6_versions on ledger.entry;
drop function ledger.check_versions, ledger.check_numbers;

-- days, moved: as in 0050; position is 0.
create or replace function ledger.check_batches(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
declare
    wrong text;
begin
    select case
        when added.batch_id <> added.first_batch
            then format('entries were added to the batches %s and %s by one statement', first_batch, added.batch_id)
        when batch.batch_id is null or seal.batch_id is not null
            then format('batch %s was not opened by this transaction, or is sealed', added.batch_id)
        else format('run %s of book %s was begun again: what has token %s of it may not write any more',
            added.run_id, added.book, batch.token)
    end
    from (
        select distinct book, batch_id, run_id, correlation_id, min(batch_id) over () as first_batch
        from jsonb_to_recordset(days) as day (book text, batch_id bigint, run_id text, correlation_id text)
    ) as added
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
        or added.batch_id <> added.first_batch
    limit 1
    into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    insert into ledger.batch_days (batch_id, first_day, last_day, moved)
    select min(batch_id), min(accounting_on), max(accounting_on), moved
    from jsonb_to_recordset(days) as day (batch_id bigint, accounting_on date);
end
$$;

-- As in 0110. Numbers go on from the last one; the seal refuses one that comes twice.
create function ledger.check_numbers(days jsonb) returns void
language plpgsql as $$
declare
    counted jsonb;
    wrong text;
begin
    select jsonb_agg(to_jsonb(each))
    from (
        select book, fiscal_year, sum(entry_count) as entry_count, min(first_number) as first_number,
            max(last_number) as last_number, min(accounting_on) as first_day, max(accounting_on) as last_day
        from jsonb_to_recordset(days) as day (
            book text, fiscal_year smallint, entry_count bigint, first_number bigint, last_number bigint,
            accounting_on date
        )
        group by book, fiscal_year
    ) as each
    into counted;
    insert into ledger.numbering (book, fiscal_year, last_number)
    select book, fiscal_year, 0
    from jsonb_to_recordset(counted) as added (book text, fiscal_year smallint)
    order by book, fiscal_year
    on conflict (book, fiscal_year) do update set last_number = numbering.last_number;
    select format('entries of book %s in %s must be numbered %s to %s, without gaps',
        added.book, added.fiscal_year, numbering.last_number + 1, numbering.last_number + added.entry_count)
    from jsonb_to_recordset(counted) as added (
        book text, fiscal_year smallint, entry_count bigint, first_number bigint, last_number bigint,
        first_day date, last_day date
    )
    join ledger.book using (book)
    join ledger.numbering using (book, fiscal_year)
    where added.first_number <> numbering.last_number + 1
        or added.last_number <> numbering.last_number + added.entry_count
        or ledger.fiscal_year(added.first_day, fiscal_year_starts_month) <> added.fiscal_year
        or ledger.fiscal_year(added.last_day, fiscal_year_starts_month) <> added.fiscal_year
    limit 1
    into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    update ledger.numbering set last_number = added.last_number
    from jsonb_to_recordset(counted) as added (book text, fiscal_year smallint, last_number bigint)
    where numbering.book = added.book and numbering.fiscal_year = added.fiscal_year;
end
$$;

-- What added entries add up to, by day and by line, and the rules that are asked of it.
create or replace function ledger.check_entries() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on set enable_sort = off
set plan_cache_mode = force_generic_plan as $$
declare
    days jsonb;
    moved ledger.movement[];
begin
    select jsonb_agg(to_jsonb(day))
    from (
        select
            book, batch_id, run_id, correlation_id, fiscal_year, currency,
            functional_amounts is null as is_functional, accounting_on,
            count(*) as entry_count, min(number) as first_number, max(number) as last_number
        from added
        where number is not distinct from number + 0
        group by 1, 2, 3, 4, 5, 6, 7, 8
    ) as day
    into days;
    if days is null then
        return null;
    end if;
    -- Days are added up before months: cutting a date is dearer than adding.
    select array_agg(row(
        book, accounting_month, account_id, currency, effective_month, 0,
        debit_minor, credit_minor, functional_debit_minor, functional_credit_minor
    )::ledger.movement)
    from (
        select
            book, date_trunc('month', accounting_on::timestamp)::date as accounting_month, account_id, currency,
            date_trunc('month', effective_on::timestamp)::date as effective_month,
            sum(debit_minor)::bigint as debit_minor, sum(credit_minor)::bigint as credit_minor,
            sum(case when is_functional then debit_minor else functional_debit_minor end)::bigint
                as functional_debit_minor,
            sum(case when is_functional then credit_minor else functional_credit_minor end)::bigint
                as functional_credit_minor
        from (
            select
                book, accounting_on, effective_on, currency, is_functional, account_id,
                coalesce(sum(amount_minor) filter (where amount_minor > 0), 0) as debit_minor,
                coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0) as credit_minor,
                coalesce(sum(functional_minor) filter (where functional_minor > 0), 0) as functional_debit_minor,
                coalesce(-sum(functional_minor) filter (where functional_minor < 0), 0) as functional_credit_minor
            from (
                select
                    book, accounting_on, effective_on, currency, functional_amounts is null as is_functional,
                    unnest(accounts) as account_id, unnest(amounts) as amount_minor,
                    unnest(functional_amounts) as functional_minor
                from added
                where number is not distinct from number + 0
            ) as line
            group by book, accounting_on, effective_on, currency, is_functional, account_id
        ) as of_day
        group by 1, 2, 3, 4, 5
    ) as of_month
    into moved;
    perform ledger.check_batches(days, moved);
    perform ledger.check_accounts(days, moved);
    perform ledger.check_periods(days, moved);
    perform ledger.check_numbers(days);
    return null;
end
$$;

-- As in 0017: the primary key decides; only where it refuses is it asked which entry stands there. As in 0025: a reversal
-- takes back exactly one standing entry, not before its date, and a next version only follows a reversal; of first
-- versions that is not asked.
create or replace function ledger.check_business_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on
set plan_cache_mode = force_generic_plan as $$
declare
    wrong text;
    any_is_not_first boolean;
begin
    begin
        with noted as (
            insert into ledger.business_key (
                book, source, source_id, purpose, version, entry_id, digest, accounting_on
            )
            select book, source, source_id, purpose, version, entry_id, digest, accounting_on
            from added
            returning version
        )
        select bool_or(version <> 1) from noted into any_is_not_first;
    exception when unique_violation then
        select format(
            'business key (%s, %s, %s, %s, version %s) is posted already as entry %s %s',
            book, source, source_id, purpose, version, known.entry_id, case
                when known.digest = added.digest then 'with the same content'
                else format('with other content: digest %s there, %s here',
                    encode(known.digest, 'hex'), encode(added.digest, 'hex'))
            end
        )
        into wrong
        from added
        join ledger.business_key as known using (book, source, source_id, purpose, version)
        limit 1;
        if wrong is null then
            raise;
        end if;
        raise exception '%', wrong using errcode = 'unique_violation';
    end;
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

-- A batch's entries between two accounting dates, in the fiscal years of what it moved: how many they are, the book and
-- year of which a number comes twice, and the hash that ledger.batch_root works out again from every month.
drop function ledger.batch_root(bigint, date, date);
create function ledger.batch_root(wanted_batch bigint, first_day date, last_day date, moved ledger.movement[])
returns table (entry_count bigint, numbered_twice text, root bytea)
stable language sql
begin atomic
    select
        coalesce(sum(of_year.entry_count), 0)::bigint,
        min(year.book || ' in ' || year.fiscal_year) filter (where of_year.number_count <> of_year.entry_count),
        sha256(string_agg(of_year.hashes, ''::bytea order by year.book, year.fiscal_year))
    from (
        select distinct
            each.book, ledger.fiscal_year(each.accounting_month, book.fiscal_year_starts_month) as fiscal_year
        from unnest(moved) as each
        join ledger.book using (book)
    ) as year
    cross join lateral (
        select
            count(*) as entry_count, count(distinct number) as number_count,
            string_agg(hashed.entry_hash, ''::bytea order by number) as hashes
        from (
            select
                number,
                sha256(digest || convert_to(
                    entry_id::text || batch_id::text || ledger.part(book) || fiscal_year::text
                        || ledger.part(number::text) || (accounting_on - date '2000-01-01')::text
                        || ledger.part(description) || ledger.part(source) || ledger.part(source_id)
                        || ledger.part(purpose) || ledger.part(version::text) || ledger.part(evidence_id)
                        || ledger.part(evidence_hash) || ledger.part(rule) || ledger.part(reverses::text)
                        || ledger.part(run_id) || ledger.part(correlation_id),
                    'UTF8'
                )) as entry_hash
            from ledger.entry
            where entry.batch_id = wanted_batch and entry.accounting_on between first_day and last_day
                and entry.book = year.book and entry.fiscal_year = year.fiscal_year
            offset 0
        ) as hashed
    ) as of_year;
end;

-- As in 0110; a number that comes twice is refused before the chain's end is locked.
create or replace function ledger.seal_batch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
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
    select array_agg(row(
        book, accounting_month, account_id, currency, effective_month, 0,
        debit_minor, credit_minor, functional_debit_minor, functional_credit_minor
    )::ledger.movement) into moved
    from (
        select
            book, accounting_month, account_id, currency, effective_month,
            sum(debit_minor)::bigint as debit_minor, sum(credit_minor)::bigint as credit_minor,
            sum(functional_debit_minor)::bigint as functional_debit_minor,
            sum(functional_credit_minor)::bigint as functional_credit_minor
        from ledger.batch_days
        cross join unnest(batch_days.moved)
        where batch_days.batch_id = new.batch_id
        group by book, accounting_month, account_id, currency, effective_month
    ) as summed;
    select * into batch from ledger.batch_root(new.batch_id, days.first_day, days.last_day, moved);
    if batch.numbered_twice is not null then
        raise exception 'entries of book % must be numbered without gaps: a number comes twice', batch.numbered_twice
            using errcode = 'integrity_constraint_violation';
    end if;
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
