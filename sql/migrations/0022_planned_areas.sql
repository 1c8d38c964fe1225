-- Where each entry of a publish belongs while areas are locked; ledger.rolled: one row per line of a year-end entry, by
-- the book of its business key, so that who asks for one book's finds them by the key; and from where people decide.

alter table staging.ledger_plan add column areas text[];
comment on column staging.ledger_plan.areas is 'Areas that it touches; null while no area of the book is locked.';
grant update on staging.ledger_plan to finance_pipeline_app;

create view ledger.rolled as
select
    known.book, entry.accounting_on, entry.effective_on, entry.batch_id, line.account_id,
    (coalesce(entry.functional_amounts, entry.amounts))[line.ordinal] as functional_minor
from ledger.business_key as known
join ledger.entry on entry.entry_id = known.entry_id and entry.accounting_on = known.accounting_on
cross join lateral unnest(entry.accounts) with ordinality as line (account_id, ordinal)
where known.source = 'year_end';

comment on view ledger.rolled is
    'One row per line of the entries that roll profit and loss into retained earnings on the first day of a fiscal year.';
grant select on ledger.rolled to finance_pipeline_app, finance_pipeline_reader;

alter table recon.decision add column origin text check (btrim(origin) <> '');
comment on column recon.decision.origin is 'From where it was decided; null of decisions older than this column.';
