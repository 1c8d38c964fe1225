-- canonical: one vocabulary for what every source says. Versioned and append-only: a changed source record adds a version.
--
-- Column comments are the texts of finance_pipeline.canonical.schemas; a test holds the two equal. What is current is
-- what no later version follows; the indexes *_changed hold those few alone, so that telling them apart costs next to
-- nothing.

create table canonical.bank_transaction (
    record_id text not null,
    book text not null,
    month text not null,
    bank_account text not null,
    currency text not null,
    amount_minor bigint not null,
    booked_on date not null,
    value_on date,
    status text not null
        check (status in ('booked', 'pending')),
    counterparty_name text,
    counterparty_account text,
    memo text,
    end_to_end_id text,
    bank_reference text,
    transaction_code text,
    original_amount_minor bigint,
    original_currency text,
    detail_count integer not null,
    removed boolean not null,
    source text not null,
    content_hash text not null,
    version integer not null check (version > 0),
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (record_id, version)
);

create index bank_transaction_by_month on canonical.bank_transaction (book, month);
create index bank_transaction_changed on canonical.bank_transaction (record_id, version) where version > 1;

comment on table canonical.bank_transaction is 'One row per version of a bank line.';
comment on column canonical.bank_transaction.record_id is 'Id for ever: book/source/kind/source id.';
comment on column canonical.bank_transaction.book is 'Legal entity that the record belongs to.';
comment on column canonical.bank_transaction.month is 'Accounting month (YYYY-MM) of the record''s own date.';
comment on column canonical.bank_transaction.bank_account is 'Bank account of the book (settings id).';
comment on column canonical.bank_transaction.currency is 'Currency of the account (ISO 4217).';
comment on column canonical.bank_transaction.amount_minor is 'Minor units; positive is money into the account.';
comment on column canonical.bank_transaction.booked_on is 'Booking date as the bank states it: the effective date.';
comment on column canonical.bank_transaction.value_on is 'Value date.';
comment on column canonical.bank_transaction.status is 'booked or pending; pending lines never post.';
comment on column canonical.bank_transaction.counterparty_name is 'Other party as printed.';
comment on column canonical.bank_transaction.counterparty_account is 'Other party''s IBAN or account number.';
comment on column canonical.bank_transaction.memo is 'Remittance text as printed.';
comment on column canonical.bank_transaction.end_to_end_id is 'End-to-end id of the payment instruction.';
comment on column canonical.bank_transaction.bank_reference is 'The bank''s own reference of the line.';
comment on column canonical.bank_transaction.transaction_code is 'The bank''s transaction code or category.';
comment on column canonical.bank_transaction.original_amount_minor is 'Amount before the bank''s conversion.';
comment on column canonical.bank_transaction.original_currency is 'Currency before the bank''s conversion.';
comment on column canonical.bank_transaction.detail_count is 'Transactions inside a batch entry; 1 for an ordinary line.';
comment on column canonical.bank_transaction.removed is 'True once the source says that the record no longer exists (a tombstone).';
comment on column canonical.bank_transaction.source is 'System that said it: plaid, stripe, xero, camt053, ecb.';
comment on column canonical.bank_transaction.content_hash is 'SHA-256 of the landed source record that this version was mapped from.';
comment on column canonical.bank_transaction.version is 'Counts what was known of the record; the highest is current.';

create view canonical.bank_transaction_current as
select this.*
from canonical.bank_transaction as this
where not exists (
    select from canonical.bank_transaction as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);

comment on view canonical.bank_transaction_current is 'The highest version of each record, tombstones included.';

create unlogged table staging.bank_transaction (like canonical.bank_transaction);
alter table staging.bank_transaction
    drop column version,
    drop column recorded_seq,
    drop column recorded_at,
    add column publish_id text not null;

create table canonical.invoice (
    record_id text not null,
    book text not null,
    month text not null,
    kind text not null
        check (kind in ('invoice', 'bill', 'credit_note', 'supplier_credit')),
    number text,
    "references" text[] not null,
    party_id text not null,
    party_name text not null,
    currency text not null,
    total_minor bigint not null,
    tax_minor bigint not null,
    functional_minor bigint not null,
    line_accounts text[] not null,
    line_nets_minor bigint[] not null,
    issued_on date not null,
    due_on date,
    status text not null
        check (status in ('authorised', 'draft', 'void')),
    removed boolean not null,
    source text not null,
    content_hash text not null,
    version integer not null check (version > 0),
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (record_id, version)
);

create index invoice_by_month on canonical.invoice (book, month);
create index invoice_changed on canonical.invoice (record_id, version) where version > 1;

comment on table canonical.invoice is 'One row per version of a customer invoice, supplier bill or credit note.';
comment on column canonical.invoice.record_id is 'Id for ever: book/source/kind/source id.';
comment on column canonical.invoice.book is 'Legal entity that the record belongs to.';
comment on column canonical.invoice.month is 'Accounting month (YYYY-MM) of the record''s own date.';
comment on column canonical.invoice.kind is 'invoice and supplier_credit are owed to us, bill and credit_note by us.';
comment on column canonical.invoice.number is 'Document number as printed.';
comment on column canonical.invoice."references" is 'Other texts by which payers name it.';
comment on column canonical.invoice.party_id is 'record_id of the customer or supplier.';
comment on column canonical.invoice.party_name is 'Name of the customer or supplier.';
comment on column canonical.invoice.currency is 'Document currency (ISO 4217).';
comment on column canonical.invoice.total_minor is 'Document total with tax, in the document currency, signed: + owed to us.';
comment on column canonical.invoice.tax_minor is 'Tax inside the total, same sign.';
comment on column canonical.invoice.functional_minor is 'Total in the book''s currency at the document''s own rate, same sign.';
comment on column canonical.invoice.line_accounts is 'Account codes of the accounting system, one per group of lines.';
comment on column canonical.invoice.line_nets_minor is 'Net of each group; they add to the total less tax.';
comment on column canonical.invoice.issued_on is 'Document date: the effective date.';
comment on column canonical.invoice.due_on is 'Due date.';
comment on column canonical.invoice.status is 'Only authorised documents post.';
comment on column canonical.invoice.removed is 'True once the source says that the record no longer exists (a tombstone).';
comment on column canonical.invoice.source is 'System that said it: plaid, stripe, xero, camt053, ecb.';
comment on column canonical.invoice.content_hash is 'SHA-256 of the landed source record that this version was mapped from.';
comment on column canonical.invoice.version is 'Counts what was known of the record; the highest is current.';

create view canonical.invoice_current as
select this.*
from canonical.invoice as this
where not exists (
    select from canonical.invoice as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);

comment on view canonical.invoice_current is 'The highest version of each record, tombstones included.';

create unlogged table staging.invoice (like canonical.invoice);
alter table staging.invoice
    drop column version,
    drop column recorded_seq,
    drop column recorded_at,
    add column publish_id text not null;

create table canonical.payment (
    record_id text not null,
    book text not null,
    month text not null,
    kind text not null
        check (kind in (
            'charge', 'refund', 'fee', 'dispute', 'dispute_reversal',
            'dispute_lost', 'payout', 'payout_failure', 'adjustment', 'recorded_receipt',
            'recorded_payment'
        )),
    account text,
    currency text not null,
    amount_minor bigint not null,
    fee_minor bigint not null,
    net_minor bigint not null,
    occurred_on date not null,
    available_on date,
    party_name text,
    "references" text[] not null,
    payout_id text,
    settles text,
    settled_minor bigint,
    status text not null,
    removed boolean not null,
    source text not null,
    content_hash text not null,
    version integer not null check (version > 0),
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (record_id, version)
);

create index payment_by_month on canonical.payment (book, month);
create index payment_changed on canonical.payment (record_id, version) where version > 1;

comment on table canonical.payment is 'One row per version of a movement on a processor''s balance, or of a payment recorded in the accounting system.';
comment on column canonical.payment.record_id is 'Id for ever: book/source/kind/source id.';
comment on column canonical.payment.book is 'Legal entity that the record belongs to.';
comment on column canonical.payment.month is 'Accounting month (YYYY-MM) of the record''s own date.';
comment on column canonical.payment.kind is 'charge, refund, fee, dispute, dispute_reversal, dispute_lost, payout, payout_failure, adjustment: on a processor''s balance. recorded_receipt, recorded_payment: recorded in the accounting system.';
comment on column canonical.payment.account is 'Processor account, or the bank account it is recorded on.';
comment on column canonical.payment.currency is 'Settlement currency (ISO 4217).';
comment on column canonical.payment.amount_minor is 'Gross; + raises the balance or is received, - lowers it or is paid.';
comment on column canonical.payment.fee_minor is 'Fee kept by the processor; positive lowers the balance.';
comment on column canonical.payment.net_minor is 'amount less fee: the movement of the balance.';
comment on column canonical.payment.occurred_on is 'Day it happened in the book''s time zone: the effective date.';
comment on column canonical.payment.available_on is 'Day it is available, for a payout the expected arrival.';
comment on column canonical.payment.party_name is 'Payer or payee as the source states it.';
comment on column canonical.payment."references" is 'Ids and document numbers stated for it, in structured fields.';
comment on column canonical.payment.payout_id is 'record_id of the payout that carries it to the bank.';
comment on column canonical.payment.settles is 'record_id of the invoice it settles, where the source says so.';
comment on column canonical.payment.settled_minor is 'Part of that invoice settled, in its currency, signed.';
comment on column canonical.payment.status is 'State in the source''s own words.';
comment on column canonical.payment.removed is 'True once the source says that the record no longer exists (a tombstone).';
comment on column canonical.payment.source is 'System that said it: plaid, stripe, xero, camt053, ecb.';
comment on column canonical.payment.content_hash is 'SHA-256 of the landed source record that this version was mapped from.';
comment on column canonical.payment.version is 'Counts what was known of the record; the highest is current.';

create view canonical.payment_current as
select this.*
from canonical.payment as this
where not exists (
    select from canonical.payment as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);

comment on view canonical.payment_current is 'The highest version of each record, tombstones included.';

create unlogged table staging.payment (like canonical.payment);
alter table staging.payment
    drop column version,
    drop column recorded_seq,
    drop column recorded_at,
    add column publish_id text not null;

create table canonical.balance (
    record_id text not null,
    book text not null,
    month text not null,
    account text not null,
    currency text not null,
    kind text not null
        check (kind in ('opening', 'closing', 'processor', 'feed')),
    balance_minor bigint not null,
    balance_on date not null,
    stated_at timestamptz,
    statement_id text,
    removed boolean not null,
    source text not null,
    content_hash text not null,
    version integer not null check (version > 0),
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (record_id, version)
);

create index balance_by_month on canonical.balance (book, month);
create index balance_changed on canonical.balance (record_id, version) where version > 1;

comment on table canonical.balance is 'One row per version of a balance that a bank or processor stated for one account at one time.';
comment on column canonical.balance.record_id is 'Id for ever: book/source/kind/source id.';
comment on column canonical.balance.book is 'Legal entity that the record belongs to.';
comment on column canonical.balance.month is 'Accounting month (YYYY-MM) of the record''s own date.';
comment on column canonical.balance.account is 'Bank or processor account (settings id).';
comment on column canonical.balance.currency is 'Currency of the account (ISO 4217).';
comment on column canonical.balance.kind is 'opening and closing: of a bank statement. processor: available plus pending. feed: current, of a feed.';
comment on column canonical.balance.balance_minor is 'Minor units; positive is ours.';
comment on column canonical.balance.balance_on is 'Day of the balance in the book''s time zone; opening: before its lines.';
comment on column canonical.balance.stated_at is 'Moment it was stated for.';
comment on column canonical.balance.statement_id is 'Statement that states it.';
comment on column canonical.balance.removed is 'True once the source says that the record no longer exists (a tombstone).';
comment on column canonical.balance.source is 'System that said it: plaid, stripe, xero, camt053, ecb.';
comment on column canonical.balance.content_hash is 'SHA-256 of the landed source record that this version was mapped from.';
comment on column canonical.balance.version is 'Counts what was known of the record; the highest is current.';

create view canonical.balance_current as
select this.*
from canonical.balance as this
where not exists (
    select from canonical.balance as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);

comment on view canonical.balance_current is 'The highest version of each record, tombstones included.';

create unlogged table staging.balance (like canonical.balance);
alter table staging.balance
    drop column version,
    drop column recorded_seq,
    drop column recorded_at,
    add column publish_id text not null;

create table canonical.party (
    record_id text not null,
    book text not null,
    month text not null,
    name text not null,
    account_numbers text[] not null,
    removed boolean not null,
    source text not null,
    content_hash text not null,
    version integer not null check (version > 0),
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (record_id, version)
);

create index party_by_month on canonical.party (book, month);
create index party_changed on canonical.party (record_id, version) where version > 1;

comment on table canonical.party is 'One row per version of a customer or supplier.';
comment on column canonical.party.record_id is 'Id for ever: book/source/kind/source id.';
comment on column canonical.party.book is 'Legal entity that the record belongs to.';
comment on column canonical.party.month is 'Accounting month (YYYY-MM) of the record''s own date.';
comment on column canonical.party.name is 'Name in the accounting system.';
comment on column canonical.party.account_numbers is 'Bank accounts it pays from or is paid to.';
comment on column canonical.party.removed is 'True once the source says that the record no longer exists (a tombstone).';
comment on column canonical.party.source is 'System that said it: plaid, stripe, xero, camt053, ecb.';
comment on column canonical.party.content_hash is 'SHA-256 of the landed source record that this version was mapped from.';
comment on column canonical.party.version is 'Counts what was known of the record; the highest is current.';

create view canonical.party_current as
select this.*
from canonical.party as this
where not exists (
    select from canonical.party as newer
    where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
);

comment on view canonical.party_current is 'The highest version of each record, tombstones included.';

create unlogged table staging.party (like canonical.party);
alter table staging.party
    drop column version,
    drop column recorded_seq,
    drop column recorded_at,
    add column publish_id text not null;

create table canonical.fx_rate (
    rate_on date not null,
    currency text not null,
    per_eur numeric(18, 10) not null,
    source text not null,
    content_hash text not null,
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (rate_on, currency)
);

create unlogged table staging.fx_rate (
    rate_on date not null,
    currency text not null,
    per_eur numeric(18, 10) not null,
    source text not null,
    content_hash text not null,
    publish_id text not null
);

comment on table canonical.fx_rate is 'One row per currency and day with a published reference rate.';
comment on column canonical.fx_rate.rate_on is 'Day of publication.';
comment on column canonical.fx_rate.currency is 'Currency quoted (ISO 4217).';
comment on column canonical.fx_rate.per_eur is 'Units of the currency for one euro.';
comment on column canonical.fx_rate.source is 'Who published it.';
comment on column canonical.fx_rate.content_hash is 'SHA-256 of the landed file.';

grant select on all tables in schema canonical to finance_pipeline_app, finance_pipeline_reader;
grant insert on all tables in schema canonical to finance_pipeline_app;
grant select, insert, delete on all tables in schema staging to finance_pipeline_app;
