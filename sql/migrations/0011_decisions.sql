-- recon.decision: one row per line and what a person decided that it belongs to, or does not: an item, another line, an
-- account. recon.policy_change: one row per policy that was saved. Both append-only: who, when, why, what was seen.
--
-- recon.decision_current: the last word on each line and counterpart. recon.party_alias: what confirmed decisions taught
-- about how payers and payees print their names and which accounts they use.

create table recon.decision (
    decision_id text not null,
    ordinal integer not null check (ordinal > 0),
    book text not null,
    line_id text not null,
    item_id text,
    other_line_id text,
    account_code text,
    verdict text not null check (verdict in ('confirm', 'decline', 'withdraw')),
    difference text check (difference in ('open', 'discount', 'fee', 'write_off')),
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    seen text not null,
    tier smallint,
    rule text,
    rule_version text not null,
    policy_digest text not null,
    recorded_seq bigint generated always as identity,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (decision_id, ordinal),
    check (num_nonnulls(item_id, other_line_id, account_code) = 1),
    check (difference is null or verdict = 'confirm')
);

create index decision_by_line on recon.decision (book, line_id);

create view recon.decision_current as
select last_word.*
from (
    select distinct on (book, line_id, coalesce(item_id, other_line_id, account_code)) decision.*
    from recon.decision
    order by book, line_id, coalesce(item_id, other_line_id, account_code), recorded_seq desc
) as last_word
where verdict <> 'withdraw';

-- A line teaches only where everything that it was confirmed with is of one party.
create view recon.party_alias as
select
    taught.book, taught.party_id, taught.line_id, line.month as since_month, line.counterparty_name,
    line.counterparty_account
from (
    select decision.book, decision.line_id, min(item.party_id) as party_id
    from recon.decision_current as decision
    left join canonical.invoice_current as item on item.record_id = decision.item_id
    where decision.verdict = 'confirm'
    group by decision.book, decision.line_id
    having count(distinct item.party_id) = 1 and count(*) = count(item.party_id)
) as taught
join canonical.bank_transaction_current as line on line.record_id = taught.line_id and not line.removed
where coalesce(line.counterparty_name, line.counterparty_account) is not null;

create table recon.policy_change (
    book text not null,
    old_digest text not null,
    new_digest text not null,
    policy text not null,
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    backtest text not null,
    evidence text not null,
    recorded_seq bigint generated always as identity primary key,
    recorded_at timestamptz not null default clock_timestamp()
);

comment on table recon.decision is 'One row per line and what a person decided that it belongs to or not. Append-only.';
comment on column recon.decision.decision_id is 'Digest of what was decided, and after how many decisions on the line.';
comment on column recon.decision.ordinal is 'Counts what one decision names.';
comment on column recon.decision.book is 'Legal entity.';
comment on column recon.decision.line_id is 'Record id of the bank line or processor movement decided on.';
comment on column recon.decision.item_id is 'Item that it was decided about.';
comment on column recon.decision.other_line_id is 'Other line that it was decided about.';
comment on column recon.decision.account_code is 'Ledger account that it was decided about.';
comment on column recon.decision.verdict is 'confirm, decline, or withdraw: as if neither had been said.';
comment on column recon.decision.difference is 'What the line is apart from the items is; open: a part payment, or on account.';
comment on column recon.decision.actor is 'Who decided.';
comment on column recon.decision.reason is 'Why, in the words of who decided.';
comment on column recon.decision.seen is 'JSON: what was shown when it was decided.';
comment on column recon.decision.tier is 'Evidence of what the engine had found, where that is what was decided about.';
comment on column recon.decision.rule is 'Its rule.';
comment on column recon.decision.rule_version is 'Version of the engine at that time.';
comment on column recon.decision.policy_digest is 'Digest of the policy at that time.';
comment on column recon.decision.recorded_at is 'When.';
comment on view recon.decision_current is 'One row per line and counterpart: the last word on it, unless withdrawn.';
comment on view recon.party_alias is 'One row per confirmed line that shows how a party prints its name or which account it uses.';
comment on column recon.party_alias.since_month is 'Month of the line: from then on it counts.';
comment on table recon.policy_change is 'One row per policy that was saved for a book. Append-only.';
comment on column recon.policy_change.policy is 'The overrides, as YAML.';
comment on column recon.policy_change.actor is 'Who saved it.';
comment on column recon.policy_change.reason is 'Why.';
comment on column recon.policy_change.backtest is 'JSON: what it would have done on the book''s history.';
comment on column recon.policy_change.evidence is 'JSON: where it accepts more than before.';

grant select on recon.decision, recon.decision_current, recon.party_alias, recon.policy_change
to finance_pipeline_app, finance_pipeline_reader;
grant insert on recon.decision, recon.policy_change to finance_pipeline_app;
