-- landing.mapping_step: one row per mapping of a source's news of a book. Append-only, and part of the manifest: what a
-- version of a canonical record is depends on how far evidence had come when it was mapped, so that the landed files and
-- these rows give every version again.
--
-- What was mapped before this table was there is one step, of the current versions; mapper_version 0 says so.

create table landing.mapping_step (
    step_seq bigint generated always as identity primary key,
    book text not null,
    source text not null,
    connections text[] not null,
    accounts text[],
    mapper_version integer not null,
    last_month text not null,
    up_to_seq bigint not null,
    recorded_at timestamptz not null default clock_timestamp()
);

insert into landing.mapping_step (book, source, connections, mapper_version, last_month, up_to_seq)
select book, source, '{}', 0, max(month), max(seq)
from landing.mapping
group by book, source
order by max(seq), book, source;

comment on table landing.mapping_step is 'One row per mapping of a source''s news of a book; a replay does them again.';
comment on column landing.mapping_step.connections is 'Connections that the book''s records of the source came from.';
comment on column landing.mapping_step.accounts is 'Accounts within them that belonged to the book; null: all.';
comment on column landing.mapping_step.mapper_version is 'Version of the mapper; 0: from before steps were kept.';
comment on column landing.mapping_step.last_month is 'Last month (YYYY-MM) that was mapped.';
comment on column landing.mapping_step.up_to_seq is 'Last landed version (landing.record.seq) that was known.';

grant select on landing.mapping_step to finance_pipeline_app, finance_pipeline_reader;
grant insert on landing.mapping_step to finance_pipeline_app;
