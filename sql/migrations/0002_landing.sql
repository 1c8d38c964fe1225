-- landing: what sources said, as evidence. Append-only, but for cursors and mapping marks, which are working state.
--
-- landing.file: one row per landed file, addressed by its content. landing.record: one row per version of a source
-- record. landing.dead_letter: one row per record or page that does not fit. landing.cursor: one row per connection.
-- landing.sync: one row per pull of a connection. A cursor moves only in the transaction that writes what it covers.

create table landing.sync (
    sync_id text primary key,
    connection_id text not null,
    source text not null,
    started_at timestamptz not null,
    ended_at timestamptz not null default clock_timestamp(),
    outcome text not null check (outcome in ('read', 'failed')),
    words text not null,
    page_count bigint not null,
    new_version_count bigint not null,
    dead_letter_count bigint not null
);

create index sync_by_connection on landing.sync (connection_id, ended_at desc);

create table landing.file (
    content_hash text primary key check (content_hash ~ '^[0-9a-f]{64}$'),
    connection_id text not null,
    holds text not null check (holds in ('pages', 'evidence')),
    path text not null,
    byte_count bigint not null check (byte_count > 0),
    row_count bigint not null check (row_count > 0),
    landed_at timestamptz not null default clock_timestamp(),
    sync_id text not null
);

create table landing.page (
    page_hash text not null,
    file_hash text not null references landing.file,
    endpoint text not null,
    fetched_at timestamptz not null,
    primary key (page_hash, file_hash)
);

create table landing.record (
    seq bigint generated always as identity primary key,
    connection_id text not null,
    source text not null,
    kind text not null,
    source_id text not null,
    version integer not null check (version > 0),
    account text,
    accounting_on date,
    previous_on date,
    removed boolean not null,
    content_hash text not null,
    file_hash text not null references landing.file,
    page_hash text not null,
    landed_at timestamptz not null default clock_timestamp(),
    sync_id text not null,
    unique (connection_id, kind, source_id, version)
);

create index record_by_content on landing.record (content_hash);
create index record_by_day on landing.record (connection_id, accounting_on);
create index record_by_previous_day on landing.record (connection_id, previous_on) where previous_on is not null;

create table landing.dead_letter (
    dead_letter_id bigint generated always as identity primary key,
    connection_id text not null,
    kind text not null,
    source_id text not null,
    reason text not null,
    payload text not null,
    page_hash text not null,
    landed_at timestamptz not null default clock_timestamp(),
    sync_id text not null,
    unique (connection_id, kind, source_id, page_hash, reason)
);

create table landing.cursor (
    connection_id text primary key,
    state jsonb,
    read_at timestamptz,
    moved_at timestamptz not null default clock_timestamp()
);

create table landing.mapping (
    book text not null,
    source text not null,
    month text not null,
    digest text not null,
    seq bigint not null,
    primary key (book, source, month)
);

create unlogged table staging.evidence (
    sync_id text not null,
    ordinal bigint not null,
    kind text not null,
    source_id text not null,
    account text,
    accounting_on date,
    removed boolean not null,
    content_hash text not null,
    page_hash text not null
);

comment on table landing.sync is 'One row per pull of a connection, with its outcome in words.';
comment on table landing.file is 'One row per landed file (Parquet), addressed by the SHA-256 of its bytes.';
comment on table landing.page is 'One row per raw answer or statement file, and the landed file that holds its bytes.';
comment on table landing.record is 'One row per version of a source record, in the order in which versions were landed.';
comment on column landing.record.seq is 'Order of landing over all connections; readers resume after a number.';
comment on column landing.record.accounting_on is 'Day that decides the month it touches, in the time zone of the book.';
comment on column landing.record.previous_on is 'That day in the version before; a record that moves touches both months.';
comment on column landing.record.removed is 'A tombstone: the source says that the record no longer exists.';
comment on table landing.dead_letter is 'One row per record, page or file that does not fit, with the reason.';
comment on table landing.cursor is 'One row per connection: where its next pull begins. Working state.';
comment on column landing.cursor.read_at is 'Last read to the end: what freshness is measured from.';
comment on table landing.mapping is 'One row per book, source and month: up to where evidence was mapped. Working state.';

grant select on all tables in schema landing to finance_pipeline_app, finance_pipeline_reader;
grant insert on all tables in schema landing to finance_pipeline_app;
grant update on landing.cursor, landing.mapping to finance_pipeline_app;
grant select, insert, delete on staging.evidence to finance_pipeline_app;
