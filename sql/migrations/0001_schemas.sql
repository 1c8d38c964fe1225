-- The schemas: one a stage, and one for what is on its way in.
--
-- Promise: the app and the reader see what is in them (each migration grants its own tables); only the owner creates.

create schema landing;
create schema canonical;
create schema recon;
create schema ledger;
create schema report;
create schema staging;

comment on schema ops is 'The running of the pipeline itself: which migrations were applied.';
comment on schema landing is 'What sources said, as evidence, and how far each was read.';
comment on schema canonical is 'One vocabulary for what every source says; versioned, append-only.';
comment on schema recon is 'Matches, allocations, decisions and exceptions.';
comment on schema ledger is 'The journal: double entry, append-only, sealed.';
comment on schema report is 'What people read: tie-outs, cash, close reports. Made again from the rest.';
comment on schema staging is 'Frames on their way in: unlogged, emptied by whoever filled it, never read by anyone else.';

grant usage on schema landing, canonical, recon, ledger, report to finance_pipeline_app, finance_pipeline_reader;
grant usage on schema staging to finance_pipeline_app;
