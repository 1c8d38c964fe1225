-- What every statement that adds entries must keep, checked over all its rows at once (rows one by one would cost
-- several times as much). They run in the order of their names, with the owner's rights. EXECUTE plans each statement
-- for the rows at hand: a plan kept from a small batch once took minutes for a large one.

create function ledger.check_batch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
begin
    execute $q$
        select format('batch %s was not opened by this transaction, or is sealed', added.batch_id)
        from (select distinct batch_id, run_id, correlation_id from added) as added
        where not exists (
            select from ledger.batch
            where batch.batch_id = added.batch_id and batch.opened_xid = pg_current_xact_id()
                and batch.run_id = added.run_id and batch.correlation_id = added.correlation_id
                and not exists (select from ledger.seal where seal.batch_id = batch.batch_id)
        )
        limit 1
    $q$ into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

create function ledger.check_accounts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
begin
    execute $q$
        select case
            when book.book is null then format('there is no book %s', added.book)
            when added.is_functional <> (added.currency = book.functional_currency)
                then format('an entry in %s of book %s lacks, or should lack, amounts in %s',
                    added.currency, added.book, book.functional_currency)
            when account.account_id is null then format('book %s has no active account %s', added.book, added.account_id)
            else format('account %s of book %s holds %s, not %s', account.code, added.book, account.currency, added.currency)
        end
        from (
            select distinct book, currency, functional_amounts is null as is_functional, unnest(accounts) as account_id
            from added
        ) as added
        left join ledger.book using (book)
        left join ledger.account
            on account.account_id = added.account_id and account.book = added.book and account.is_active
        where book.book is null
            or added.is_functional <> (added.currency = book.functional_currency)
            or account.account_id is null
            or account.currency <> added.currency
        limit 1
    $q$ into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'foreign_key_violation';
    end if;
    return null;
end
$$;

-- The lock makes a posting and the closing of its period wait for each other, so that no entry slips in behind.
create function ledger.check_periods() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
begin
    execute $q$
        select from ledger.period
        where (book, month) in (
            select book, date_trunc('month', accounting_on)::date
            from (select distinct book, accounting_on from added) as day
        )
        for share
    $q$;
    execute $q$
        select format('period %s of book %s is not open', to_char(added.month, 'YYYY-MM'), added.book)
        from (
            select distinct book, date_trunc('month', accounting_on)::date as month
            from (select distinct book, accounting_on from added) as day
        ) as added
        where not exists (
            select from ledger.period
            where period.book = added.book and period.month = added.month and period.state = 'open'
        )
        limit 1
    $q$ into wrong;
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

-- Numbers go on from the last one, without a gap and without a repeat; the counter's row lock keeps writers apart.
create function ledger.check_numbers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
begin
    execute $q$
        insert into ledger.numbering (book, fiscal_year, last_number)
        select distinct book, fiscal_year, 0 from added
        order by book, fiscal_year
        on conflict (book, fiscal_year) do update set last_number = numbering.last_number
    $q$;
    execute $q$
        select format('entries of book %s in %s must be numbered %s to %s, without gaps',
            added.book, added.fiscal_year, last_number + 1, last_number + added.entry_count)
        from (
            select added.book, added.fiscal_year, count(*) as entry_count, count(distinct number) as number_count,
                min(number) as first_number, max(number) as greatest_number,
                bool_and(added.fiscal_year = ledger.fiscal_year(accounting_on, fiscal_year_starts_month)) as dated
            from added
            join ledger.book using (book)
            group by added.book, added.fiscal_year
        ) as added
        join ledger.numbering using (book, fiscal_year)
        where first_number <> last_number + 1 or greatest_number <> last_number + added.entry_count
            or number_count <> added.entry_count or not dated
        limit 1
    $q$ into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        update ledger.numbering set last_number = added.last_number
        from (select book, fiscal_year, max(number) as last_number from added group by book, fiscal_year) as added
        where numbering.book = added.book and numbering.fiscal_year = added.fiscal_year
    $q$;
    return null;
end
$$;

create function ledger.check_business_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
begin
    execute $q$
        select format(
            'business key (%s, %s, %s, %s, version %s) is posted already as entry %s %s',
            book, source, source_id, purpose, version, known.entry_id, case
                when known.digest = added.digest then 'with the same content'
                else format('with other content: digest %s there, %s here',
                    encode(known.digest, 'hex'), encode(added.digest, 'hex'))
            end
        )
        from added
        join ledger.business_key as known using (book, source, source_id, purpose, version)
        limit 1
    $q$ into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'unique_violation';
    end if;
    execute $q$
        insert into ledger.business_key (
            book, source, source_id, purpose, version, entry_id, digest, accounting_on
        )
        select book, source, source_id, purpose, version, entry_id, digest, accounting_on
        from added
    $q$;
    return null;
end
$$;

-- A reversal takes back exactly one standing entry, not before its date; a next version only follows a reversal.
create function ledger.check_versions() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    wrong text;
begin
    execute $q$
        select format('entry %s is no exact reversal of version %s of (%s, %s, %s, %s)',
            added.entry_id, -added.version, added.book, added.source, added.source_id, added.purpose)
        from added
        where added.version < 0 and not exists (
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
        )
        union all
        select format('version %s of (%s, %s, %s, %s) stands; version %s cannot be posted beside it',
            added.version - 1, added.book, added.source, added.source_id, added.purpose, added.version)
        from added
        where added.version > 1 and not exists (
            select from ledger.business_key as known
            where known.book = added.book and known.source = added.source and known.source_id = added.source_id
                and known.purpose = added.purpose and known.version = 1 - added.version
        )
        limit 1
    $q$ into wrong;
    if wrong is not null then
        raise exception '%', wrong using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

create trigger check_1_batch after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_batch();
create trigger check_2_accounts after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_accounts();
create trigger check_3_periods after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_periods();
create trigger check_4_numbers after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_numbers();
create trigger check_5_business_keys after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_business_keys();
create trigger check_6_versions after insert on ledger.entry
referencing new table as added for each statement execute function ledger.check_versions();
