-- ledger.book: one row per legal entity with a ledger. ledger.account: one row per account of a book's chart.
-- ledger.period: one row per book and month that was ever opened. All three only grow: a code never changes its meaning,
-- and whether a period is open is decided by the schema's owner alone.

create table ledger.book (
    book text collate "C" primary key check (book ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    functional_currency text not null check (functional_currency ~ '^[A-Z]{3}$'),
    starts_on date not null check (isfinite(starts_on)),
    fiscal_year_starts_month smallint not null check (fiscal_year_starts_month between 1 and 12)
);

create table ledger.account (
    account_id integer generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    code text collate "C" not null check (code <> ''),
    name text not null,
    kind text not null check (kind in ('asset', 'liability', 'equity', 'income', 'expense')),
    normal_side text not null check (normal_side in ('debit', 'credit')),
    role text not null,
    currency text check (currency ~ '^[A-Z]{3}$'),
    is_control boolean not null,
    is_active boolean not null default true,
    unique (book, code)
);

create table ledger.period (
    book text collate "C" not null references ledger.book,
    month date not null check (
        isfinite(month) and month = date_trunc('month', month) and month between '1900-01-01' and '2200-12-01'
    ),
    state text not null default 'open' check (state in ('open', 'soft_closed', 'locked')),
    primary key (book, month)
);

comment on table ledger.book is 'One row per legal entity with a ledger.';
comment on column ledger.book.functional_currency is 'Currency in which its books are kept (ISO 4217).';
comment on column ledger.book.starts_on is 'First day kept here; what is older opens the ledger on this day.';
comment on column ledger.book.fiscal_year_starts_month is 'First month of its fiscal year, 1 to 12.';
comment on table ledger.account is 'One row per account of a book''s chart. Grows only.';
comment on column ledger.account.code is 'Code by which people and reports name it.';
comment on column ledger.account.normal_side is 'Side on which its balance usually stands.';
comment on column ledger.account.role is 'What the posting rules use it for; several bank accounts share the role bank.';
comment on column ledger.account.currency is 'Only currency that it may hold; null: any.';
comment on column ledger.account.is_control is 'True where the balance must equal a list of open items.';
comment on table ledger.period is 'One row per book and month that was ever opened; month is its first day.';
comment on column ledger.period.state is 'open: takes entries. soft_closed and locked: refuses them.';

-- The first month, from the given one on, that takes entries of a book: itself, unless somebody closed it.
create function ledger.first_open_month(wanted_book text, wanted date) returns date
stable language sql
begin atomic
    select min(month.first_day)::date
    from generate_series(date_trunc('month', wanted), date_trunc('month', wanted) + interval '50 years', interval '1 month')
        as month (first_day)
    where not exists (
        select from ledger.period
        where period.book = wanted_book and period.month = month.first_day::date and period.state <> 'open'
    );
end;

-- Fiscal year of a day, named after the calendar year in which it ends.
create function ledger.fiscal_year(on_day date, starts_month smallint) returns smallint
immutable language sql
return extract(year from date_trunc('month', on_day::timestamp) + make_interval(months => (13 - starts_month) % 12))::smallint;

grant select on ledger.book, ledger.account, ledger.period to finance_pipeline_app, finance_pipeline_reader;
grant insert on ledger.book, ledger.account to finance_pipeline_app;
