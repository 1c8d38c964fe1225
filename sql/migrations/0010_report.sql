-- report: what a controller reads. Projections, replaced whole when a book-month is computed again.
--
-- report.tie_out: one row per two figures that must be equal. report.cash_position: one row per account at a date.

create table report.tie_out (
    book text not null,
    month text not null,
    name text not null,
    subject text not null,
    on_day date not null,
    currency text not null,
    left_words text not null,
    left_minor bigint,
    right_words text not null,
    right_minor bigint,
    difference_minor bigint generated always as (left_minor - right_minor) stored,
    tied boolean not null,
    words text not null,
    primary key (book, month, name, subject, currency, on_day)
);

create table report.cash_position (
    book text not null,
    month text not null,
    account text not null,
    kind text not null check (kind in ('bank', 'processor', 'in_transit')),
    currency text not null,
    balance_minor bigint not null,
    functional_minor bigint not null,
    balance_on date not null,
    stated_minor bigint,
    stated_on date,
    stated_by text,
    oldest_source text,
    read_at timestamptz,
    tied boolean,
    primary key (book, month, account, kind)
);

comment on table report.tie_out is 'One row per pair of figures that must be equal at the end of a day. Projection.';
comment on column report.tie_out.book is 'Legal entity.';
comment on column report.tie_out.month is 'Accounting month (YYYY-MM).';
comment on column report.tie_out.name is 'Which rule: bank_account_equals_statement, ...';
comment on column report.tie_out.subject is 'Account or control it is about.';
comment on column report.tie_out.on_day is 'End of which day.';
comment on column report.tie_out.currency is 'Currency of both figures.';
comment on column report.tie_out.left_words is 'What the first figure is.';
comment on column report.tie_out.left_minor is 'First figure; null where it is not known.';
comment on column report.tie_out.right_words is 'What the second figure is.';
comment on column report.tie_out.right_minor is 'Second figure; null where it is not known.';
comment on column report.tie_out.tied is 'True where both are known and equal.';
comment on column report.tie_out.words is 'What a difference means, or that there is none.';
comment on table report.cash_position is 'One row per bank or processor account at a month''s end or the latest day. Projection.';
comment on column report.cash_position.book is 'Legal entity.';
comment on column report.cash_position.month is 'Accounting month (YYYY-MM).';
comment on column report.cash_position.account is 'Bank or processor account.';
comment on column report.cash_position.kind is 'bank, processor or in_transit.';
comment on column report.cash_position.currency is 'Currency of the account.';
comment on column report.cash_position.balance_minor is 'Ledger balance by effective date, minor units of the account.';
comment on column report.cash_position.functional_minor is 'Its carrying amount in the book''s currency.';
comment on column report.cash_position.balance_on is 'Day of the balance.';
comment on column report.cash_position.stated_minor is 'Latest balance that the bank or processor stated by then.';
comment on column report.cash_position.stated_on is 'Day of that balance.';
comment on column report.cash_position.stated_by is 'Kind of that statement.';
comment on column report.cash_position.oldest_source is 'Connection read least recently among those it rests on.';
comment on column report.cash_position.read_at is 'When that was: the freshness of the figure.';
comment on column report.cash_position.tied is 'Whether the ledger agreed on the day of the stated balance; null where nobody states one.';

grant select on all tables in schema report to finance_pipeline_app, finance_pipeline_reader;
grant insert, delete on all tables in schema report to finance_pipeline_app;
