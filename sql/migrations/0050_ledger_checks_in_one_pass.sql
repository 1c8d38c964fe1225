-- What is checked of added entries (0007, 0017, 0020, 0025) and how a batch is sealed (0016, 0018, 0025), at less
-- cost: what is refused, what is noted and every hash are as they were.
--
-- The checks of batches, accounts, periods and numbers read all added entries six times over. Here one trigger adds
-- them up twice, by day and by line, and the four rules are asked of those sums: some hundred rows, however many
-- entries there are. The sums of the lines are what the batch moves: they are kept beside its days, so that the seal
-- does not take every entry apart again. The seal sorts entries by number, one book and fiscal year at a time.

alter table ledger.batch_days add column moved ledger.movement[];
comment on table ledger.batch_days is
    'One row per batch and statement that added entries to it: between which accounting dates, and what they move.';
comment on column ledger.batch_days.moved is 'As ledger.movement; position is 0. The seal adds them up.';

-- As in 0017; what most entries are, two lines in the book's own currency, is asked at once.
create or replace function ledger.is_balanced(accounts integer[], amounts bigint[], functional_amounts bigint[])
returns boolean
immutable language plpgsql as $$
declare
    line_count constant integer := pg_catalog.array_length(accounts, 1);
    amount_sum bigint := 0;
    functional_sum bigint := 0;
begin
    if line_count is null
        or pg_catalog.array_ndims(accounts) operator(pg_catalog.<>) 1
        or pg_catalog.array_lower(accounts, 1) operator(pg_catalog.<>) 1
        or coalesce(pg_catalog.array_ndims(amounts), 0) operator(pg_catalog.<>) 1
        or pg_catalog.array_lower(amounts, 1) operator(pg_catalog.<>) 1
        or pg_catalog.array_length(amounts, 1) operator(pg_catalog.<>) line_count
        or functional_amounts is not null and (
            coalesce(pg_catalog.array_ndims(functional_amounts), 0) operator(pg_catalog.<>) 1
            or pg_catalog.array_lower(functional_amounts, 1) operator(pg_catalog.<>) 1
            or pg_catalog.array_length(functional_amounts, 1) operator(pg_catalog.<>) line_count
        )
    then
        return false;
    end if;
    if line_count operator(pg_catalog.=) 2 and functional_amounts is null then
        return accounts[1] is not null and accounts[2] is not null and coalesce(
            amounts[1] operator(pg_catalog.<>) 0
                and amounts[1] operator(pg_catalog.+) amounts[2] operator(pg_catalog.=) 0,
            false
        );
    end if;
    for line in 1 .. line_count loop
        if accounts[line] is null or amounts[line] is null
            or amounts[line] operator(pg_catalog.=) 0
            and coalesce(functional_amounts[line], 0) operator(pg_catalog.=) 0
        then
            return false;
        end if;
        amount_sum := amount_sum operator(pg_catalog.+) amounts[line];
    end loop;
    if functional_amounts is null then
        return amount_sum operator(pg_catalog.=) 0;
    end if;
    for line in 1 .. line_count loop
        if functional_amounts[line] is null then
            return false;
        end if;
        functional_sum := functional_sum operator(pg_catalog.+) functional_amounts[line];
    end loop;
    return amount_sum operator(pg_catalog.=) 0 and functional_sum operator(pg_catalog.=) 0;
end
$$;

-- days: JSON, one row per book, batch, run, correlation, fiscal year, currency, whether it is the book's own, and
-- accounting date of added entries, with their count and their first and last number.
create function ledger.check_batches(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
declare
    wrong text;
begin
    execute $q$
        select case
            when batch.batch_id is null or seal.batch_id is not null
                then format('batch %s was not opened by this transaction, or is sealed', added.batch_id)
            else format('run %s of book %s was begun again: what has token %s of it may not write any more',
                added.run_id, added.book, batch.token)
        end
        from (
            select distinct book, batch_id, run_id, correlation_id
            from jsonb_to_recordset($1) as day (book text, batch_id bigint, run_id text, correlation_id text)
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
    $q$ into wrong using days;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        insert into ledger.batch_days (batch_id, first_day, last_day, moved)
        select batch_id, min(accounting_on), max(accounting_on), (
            select array_agg(row(
                each.book, each.accounting_month, each.account_id, each.currency, each.effective_month, 0,
                each.debit_minor, each.credit_minor, each.functional_debit_minor, each.functional_credit_minor
            )::ledger.movement)
            from unnest($2) as each
            where each.position = day.batch_id
        )
        from jsonb_to_recordset($1) as day (batch_id bigint, accounting_on date)
        group by batch_id
    $q$ using days, moved;
end
$$;

create function ledger.check_accounts(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
declare
    wrong text;
begin
    execute $q$
        select case
            when book.book is null then format('there is no book %s', added.book)
            else format('an entry in %s of book %s lacks, or should lack, amounts in %s',
                added.currency, added.book, book.functional_currency)
        end
        from jsonb_to_recordset($1) as added (book text, currency text, is_functional boolean)
        left join ledger.book using (book)
        where book.book is null
            or added.is_functional <> (added.currency = book.functional_currency)
        limit 1
    $q$ into wrong using days;
    if wrong is null then
        execute $q$
            select case
                when account.account_id is null
                    then format('book %s has no active account %s', added.book, added.account_id)
                else format('account %s of book %s holds %s, not %s',
                    account.code, added.book, account.currency, added.currency)
            end
            from (select distinct book, currency, account_id from unnest($1)) as added
            left join ledger.account
                on account.account_id = added.account_id and account.book = added.book and account.is_active
            where account.account_id is null
                or account.currency <> added.currency
            limit 1
        $q$ into wrong using moved;
    end if;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'foreign_key_violation';
    end if;
end
$$;

-- The lock makes a posting and the closing of its period wait for each other, so that no entry slips in behind.
create function ledger.check_periods(days jsonb, moved ledger.movement[]) returns void
language plpgsql as $$
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
                from jsonb_to_recordset($1) as day (book text, accounting_on date)
            )
            for share
        ) as period
    $q$ into any_area_is_locked using days;
    execute $q$
        select format('period %s of book %s is not open', to_char(added.month, 'YYYY-MM'), added.book)
        from (
            select distinct book, batch_id, date_trunc('month', accounting_on)::date as month
            from jsonb_to_recordset($1) as day (book text, batch_id bigint, accounting_on date)
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
    $q$ into wrong using days;
    if wrong is null and any_area_is_locked then
        execute $q$
            select format('period %s of book %s is locked for %s, which account %s belongs to',
                to_char(period.month, 'YYYY-MM'), period.book, account.area, account.code)
            from (select distinct book, accounting_month as month, account_id from unnest($1)) as touched
            join ledger.period_now as period using (book, month)
            join ledger.account on account.account_id = touched.account_id and account.area = any(period.locked_areas)
            limit 1
        $q$ into wrong using moved;
    end if;
    if wrong is null then
        execute $q$
            select format('an entry of book %s is dated %s, before the book starts', added.book, added.accounting_on)
            from jsonb_to_recordset($1) as added (book text, accounting_on date)
            join ledger.book using (book)
            where added.accounting_on < book.starts_on
            order by added.accounting_on
            limit 1
        $q$ into wrong using days;
    end if;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'check_violation';
    end if;
end
$$;

-- Numbers go on from the last one, without a gap and without a repeat; the counter's row lock keeps writers apart. A
-- fiscal year is an unbroken run of days: where the first and the last day are in it, all are. Returns, as JSON, the
-- books and fiscal years that have several numbers, with how many: who has the entries counts whether any comes twice.
create function ledger.check_numbers(days jsonb) returns jsonb
language plpgsql as $$
declare
    counted jsonb;
    wrong text;
begin
    execute $q$
        select jsonb_agg(to_jsonb(each))
        from (
            select book, fiscal_year, sum(entry_count) as entry_count, min(first_number) as first_number,
                max(last_number) as last_number, min(accounting_on) as first_day, max(accounting_on) as last_day
            from jsonb_to_recordset($1) as day (
                book text, fiscal_year smallint, entry_count bigint, first_number bigint, last_number bigint,
                accounting_on date
            )
            group by book, fiscal_year
        ) as each
    $q$ into counted using days;
    execute $q$
        insert into ledger.numbering (book, fiscal_year, last_number)
        select book, fiscal_year, 0
        from jsonb_to_recordset($1) as added (book text, fiscal_year smallint)
        order by book, fiscal_year
        on conflict (book, fiscal_year) do update set last_number = numbering.last_number
    $q$ using counted;
    execute $q$
        select format('entries of book %s in %s must be numbered %s to %s, without gaps',
            added.book, added.fiscal_year, numbering.last_number + 1, numbering.last_number + added.entry_count)
        from jsonb_to_recordset($1) as added (
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
    $q$ into wrong using counted;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        update ledger.numbering set last_number = added.last_number
        from jsonb_to_recordset($1) as added (book text, fiscal_year smallint, last_number bigint)
        where numbering.book = added.book and numbering.fiscal_year = added.fiscal_year
    $q$ using counted;
    return (
        select jsonb_agg(year) from jsonb_array_elements(counted) as year where (year ->> 'entry_count')::bigint > 1
    );
end
$$;

-- What added entries add up to, by day and by line, and the rules that are asked of it. Without sorting: the planner
-- cannot know how few days and accounts added entries have, and sorting them all is dearer than hashing.
create function ledger.check_entries() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = on set enable_sort = off as $$
declare
    days jsonb;
    moved ledger.movement[];
    year record;
    number_count bigint;
begin
    execute $q$
        select jsonb_agg(to_jsonb(day))
        from (
            select
                book, batch_id, run_id, correlation_id, fiscal_year, currency,
                functional_amounts is null as is_functional, accounting_on, count(*) as entry_count, min(number) as first_number, max(number) as last_number
            from added
            group by 1, 2, 3, 4, 5, 6, 7, 8
        ) as day
    $q$ into days;
    if days is null then
        return null;
    end if;
    -- Days are added up before months: cutting a date is dearer than adding.
    execute $q$
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
    $q$ into moved;
    perform ledger.check_batches(days, moved);
    perform ledger.check_accounts(days, moved);
    perform ledger.check_periods(days, moved);
    for year in select * from jsonb_to_recordset(ledger.check_numbers(days)) as each
        (book text, fiscal_year smallint, entry_count bigint)
    loop
        execute 'select count(distinct number) from added where book = $1 and fiscal_year = $2'
            into number_count using year.book, year.fiscal_year;
        if number_count <> year.entry_count then
            raise exception 'entries of book % in % must be numbered without gaps: a number comes twice',
                year.book, year.fiscal_year using errcode = 'integrity_constraint_violation';
        end if;
    end loop;
    return null;
end
$$;

drop trigger check_1_batch on ledger.entry;
drop trigger check_2_accounts on ledger.entry;
drop trigger check_3_periods on ledger.entry;
drop trigger check_4_numbers on ledger.entry;
drop function ledger.check_batch, ledger.check_accounts(), ledger.check_periods(), ledger.check_numbers();
create trigger check_1_entries after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_entries();

create or replace function ledger.batch_root(wanted_batch bigint, first_day date, last_day date)
returns table (entry_count bigint, root bytea)
stable language sql
begin atomic
    select coalesce(sum(of_year.entry_count), 0)::bigint,
        sha256(string_agg(of_year.hashes, ''::bytea order by year.book, year.fiscal_year))
    from (
        select distinct book, fiscal_year
        from ledger.entry
        where entry.batch_id = wanted_batch and entry.accounting_on between first_day and last_day
    ) as year
    cross join lateral (
        select count(*) as entry_count, string_agg(hashed.entry_hash, ''::bytea order by number) as hashes
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

-- As in 0025; what the batch moved is added up of what its statements did.
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

drop function ledger.movements_of(bigint, date, date);
