-- What is checked of added entries and how a batch is sealed (0025, 0050), at less cost for a batch of few entries: what is
-- refused, what is noted and every hash are as they were.
--
-- Of 6 ms that one entry took, 5 went into planning some twenty statements anew (EXECUTE). They are planned once a
-- session now, and for no values in particular (force_generic_plan): what they join is the sums of what was added, not
-- the entries, and each row of those is looked up by key. What reads the entries themselves has one plan, however many
-- there are: without sorting, and for the seal by the index of batches in the months that the batch has entries in.

-- days, moved: as in 0050.
create or replace function ledger.check_batches(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
declare
    wrong text;
begin
    select case
        when batch.batch_id is null or seal.batch_id is not null
            then format('batch %s was not opened by this transaction, or is sealed', added.batch_id)
        else format('run %s of book %s was begun again: what has token %s of it may not write any more',
            added.run_id, added.book, batch.token)
    end
    from (
        select distinct book, batch_id, run_id, correlation_id
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
    limit 1
    into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    insert into ledger.batch_days (batch_id, first_day, last_day, moved)
    select batch_id, min(accounting_on), max(accounting_on), (
        select array_agg(row(
            each.book, each.accounting_month, each.account_id, each.currency, each.effective_month, 0,
            each.debit_minor, each.credit_minor, each.functional_debit_minor, each.functional_credit_minor
        )::ledger.movement)
        from unnest(moved) as each
        where each.position = day.batch_id
    )
    from jsonb_to_recordset(days) as day (batch_id bigint, accounting_on date)
    group by batch_id;
end
$$;

create or replace function ledger.check_accounts(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
declare
    wrong text;
begin
    select case
        when book.book is null then format('there is no book %s', added.book)
        else format('an entry in %s of book %s lacks, or should lack, amounts in %s',
            added.currency, added.book, book.functional_currency)
    end
    from jsonb_to_recordset(days) as added (book text, currency text, is_functional boolean)
    left join ledger.book using (book)
    where book.book is null
        or added.is_functional <> (added.currency = book.functional_currency)
    limit 1
    into wrong;
    if wrong is null then
        select case
            when account.account_id is null
                then format('book %s has no active account %s', added.book, added.account_id)
            else format('account %s of book %s holds %s, not %s',
                account.code, added.book, account.currency, added.currency)
        end
        from (select distinct book, currency, account_id from unnest(moved)) as added
        left join ledger.account
            on account.account_id = added.account_id and account.book = added.book and account.is_active
        where account.account_id is null
            or account.currency <> added.currency
        limit 1
        into wrong;
    end if;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'foreign_key_violation';
    end if;
end
$$;

-- The lock makes a posting and the closing of its period wait for each other, so that no entry slips in behind.
create or replace function ledger.check_periods(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
declare
    wrong text;
    any_area_is_locked boolean;
begin
    select coalesce(bool_or(period.locked_areas <> '{}' or period.open_until is not null), false)
    from (
        select locked_areas, open_until from ledger.period
        where (book, month) in (
            select book, date_trunc('month', accounting_on)::date
            from jsonb_to_recordset(days) as day (book text, accounting_on date)
        )
        for share
    ) as period
    into any_area_is_locked;
    select format('period %s of book %s is not open', to_char(added.month, 'YYYY-MM'), added.book)
    from (
        select distinct book, batch_id, date_trunc('month', accounting_on)::date as month
        from jsonb_to_recordset(days) as day (book text, batch_id bigint, accounting_on date)
    ) as added
    left join ledger.period using (book, month) -- not as period_now, which works out the areas of every period first
    where case coalesce(ledger.state_now(period.state, period.open_until), 'missing')
        when 'open' then false
        when 'soft_closed' then not exists (
            select from ledger.posting_permission as allowed
            where allowed.batch_id = added.batch_id and allowed.book = added.book and allowed.month = added.month
        )
        else true
    end
    limit 1
    into wrong;
    if wrong is null and any_area_is_locked then
        select format('period %s of book %s is locked for %s, which account %s belongs to',
            to_char(period.month, 'YYYY-MM'), period.book, account.area, account.code)
        from (select distinct book, accounting_month as month, account_id from unnest(moved)) as touched
        join ledger.period_now as period using (book, month)
        join ledger.account on account.account_id = touched.account_id and account.area = any(period.locked_areas)
        limit 1
        into wrong;
    end if;
    if wrong is null then
        select format('an entry of book %s is dated %s, before the book starts', added.book, added.accounting_on)
        from jsonb_to_recordset(days) as added (book text, accounting_on date)
        join ledger.book using (book)
        where added.accounting_on < book.starts_on
        order by added.accounting_on
        limit 1
        into wrong;
    end if;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'check_violation';
    end if;
end
$$;

-- As in 0050.
create or replace function ledger.check_numbers(days jsonb) returns jsonb
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
    return (
        select jsonb_agg(year) from jsonb_array_elements(counted) as year where (year ->> 'entry_count')::bigint > 1
    );
end
$$;

-- What added entries add up to, by day and by line, and the rules that are asked of it.
create or replace function ledger.check_entries() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on set enable_sort = off
set plan_cache_mode = force_generic_plan as $$
declare
    days jsonb;
    moved ledger.movement[];
    year record;
    number_count bigint;
begin
    select jsonb_agg(to_jsonb(day))
    from (
        select
            book, batch_id, run_id, correlation_id, fiscal_year, currency,
            functional_amounts is null as is_functional, accounting_on,
            count(*) as entry_count, min(number) as first_number, max(number) as last_number
        from added
        group by 1, 2, 3, 4, 5, 6, 7, 8
    ) as day
    into days;
    if days is null then
        return null;
    end if;
    -- Days are added up before months: cutting a date is dearer than adding.
    select array_agg(row(
        book, accounting_month, account_id, currency, effective_month, batch_id,
        debit_minor, credit_minor, functional_debit_minor, functional_credit_minor
    )::ledger.movement)
    from (
        select
            book, date_trunc('month', accounting_on::timestamp)::date as accounting_month, account_id, currency,
            date_trunc('month', effective_on::timestamp)::date as effective_month, batch_id,
            sum(debit_minor)::bigint as debit_minor, sum(credit_minor)::bigint as credit_minor,
            sum(functional_debit_minor)::bigint as functional_debit_minor,
            sum(functional_credit_minor)::bigint as functional_credit_minor
        from (
            select
                batch_id, book, accounting_on, effective_on, currency, account_id,
                sum(greatest(amount_minor, 0)) as debit_minor,
                -sum(least(amount_minor, 0)) as credit_minor,
                sum(greatest(functional_minor, 0)) as functional_debit_minor,
                -sum(least(functional_minor, 0)) as functional_credit_minor
            from (
                select
                    batch_id, book, accounting_on, effective_on, currency, unnest(accounts) as account_id,
                    unnest(amounts) as amount_minor,
                    unnest(coalesce(functional_amounts, amounts)) as functional_minor
                from added
            ) as line
            group by batch_id, book, accounting_on, effective_on, currency, account_id
        ) as of_day
        group by 1, 2, 3, 4, 5, 6
    ) as of_month
    into moved;
    perform ledger.check_batches(days, moved);
    perform ledger.check_accounts(days, moved);
    perform ledger.check_periods(days, moved);
    for year in select * from jsonb_to_recordset(ledger.check_numbers(days)) as each
        (book text, fiscal_year smallint, entry_count bigint)
    loop
        select count(distinct number) into number_count
        from added
        where added.book = year.book and added.fiscal_year = year.fiscal_year;
        if number_count <> year.entry_count then
            raise exception 'entries of book % in % must be numbered without gaps: a number comes twice',
                year.book, year.fiscal_year using errcode = 'integrity_constraint_violation';
        end if;
    end loop;
    return null;
end
$$;

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
    select * into batch from ledger.batch_root(new.batch_id, days.first_day, days.last_day);
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

-- As in 0017: the primary key decides; only where it refuses is it asked which entry stands there.
create or replace function ledger.check_business_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on
set plan_cache_mode = force_generic_plan as $$
declare
    wrong text;
begin
    insert into ledger.business_key (book, source, source_id, purpose, version, entry_id, digest, accounting_on)
    select book, source, source_id, purpose, version, entry_id, digest, accounting_on
    from added;
    return null;
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
end
$$;
