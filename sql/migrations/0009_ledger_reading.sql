-- ledger.posting: one row per line of an entry, for people and reports. ledger.standing: one row per entry that was not
-- taken back. staging.ledger_entry and staging.ledger_plan: what one publish wants posted, and what it takes to get there.

create view ledger.posting as
select
    entry.entry_id,
    entry.book || '-' || entry.fiscal_year || '-' || lpad(entry.number::text, 6, '0') as number,
    entry.batch_id,
    entry.book,
    entry.effective_on,
    entry.accounting_on,
    entry.currency,
    line.ordinal,
    account.code,
    account.name,
    account.role,
    entry.amounts[line.ordinal] as amount_minor,
    (coalesce(entry.functional_amounts, entry.amounts))[line.ordinal] as functional_minor,
    entry.description,
    entry.source,
    entry.source_id,
    entry.purpose,
    entry.version,
    entry.evidence_id,
    entry.match_id,
    entry.rule,
    entry.reverses
from ledger.entry
cross join lateral unnest(entry.accounts) with ordinality as line (account_id, ordinal)
join ledger.account using (account_id);

create view ledger.standing as
select entry.*
from ledger.entry
where entry.version > 0 and not exists (
    select from ledger.business_key as reversal
    where reversal.book = entry.book and reversal.source = entry.source and reversal.source_id = entry.source_id
        and reversal.purpose = entry.purpose and reversal.version = -entry.version and reversal.version < 0
);

comment on view ledger.posting is 'One row per line of an entry, with its account and both amounts (+ debit).';
comment on column ledger.posting.number is 'Number of the entry for people: book, fiscal year, count.';
comment on column ledger.posting.functional_minor is 'Amount in the book''s currency.';
comment on view ledger.standing is 'One row per entry that no later entry takes back.';

create unlogged table staging.ledger_entry (
    publish_id text not null,
    ordinal integer not null,
    book text collate "C" not null,
    source text collate "C" not null,
    source_id text collate "C" not null,
    purpose text collate "C" not null,
    effective_on date not null,
    accounting_on date not null,
    currency text not null,
    description text not null,
    accounts integer[] not null,
    amounts bigint[] not null,
    functional_amounts bigint[],
    evidence_id text not null,
    evidence_hash text not null,
    match_id text,
    rule text not null
);

create unlogged table staging.ledger_plan (
    publish_id text not null,
    action text not null check (action in ('reverse', 'post')),
    book text collate "C" not null,
    source text collate "C" not null,
    entry_id uuid,
    original_on date,
    ordinal integer,
    version integer not null,
    accounting_on date not null
);

create index on staging.ledger_entry (publish_id, ordinal);
create index on staging.ledger_plan (publish_id, action);

comment on table staging.ledger_entry is 'One row per entry that one publish wants to stand.';
comment on table staging.ledger_plan is 'One row per entry to take back (entry_id) or to post (ordinal). accounting_on is its own date while that is open.';

grant select on ledger.posting, ledger.standing to finance_pipeline_app, finance_pipeline_reader;
grant select, insert, delete on staging.ledger_entry, staging.ledger_plan to finance_pipeline_app;
