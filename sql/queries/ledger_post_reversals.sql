-- One row per entry taken back: the same lines on the other side, on the original's date or, where that is closed, on
-- the first open day after it.
with wanted as (
    select
        plan.entry_id, plan.original_on,
        greatest(plan.original_on, ledger.first_open_month(plan.book, plan.original_on)) as accounting_on
    from staging.ledger_plan as plan
    where plan.publish_id = %(publish_id)s and plan.action = 'reverse'
)
insert into ledger.entry (
    batch_id, book, fiscal_year, number, effective_on, accounting_on, currency, description, accounts, amounts,
    functional_amounts, source, source_id, purpose, version, evidence_id, evidence_hash, match_id, rule, reverses,
    run_id, correlation_id
)
select
    %(batch_id)s, entry.book, year.fiscal_year,
    coalesce(numbering.last_number, 0) + row_number() over (
        partition by year.fiscal_year
        order by wanted.accounting_on, entry.source, entry.source_id, entry.purpose
    ),
    entry.effective_on, wanted.accounting_on, entry.currency, 'Reversal: ' || entry.description, entry.accounts,
    ledger.negated(entry.amounts), ledger.negated(entry.functional_amounts), entry.source, entry.source_id,
    entry.purpose, -entry.version, entry.evidence_id, entry.evidence_hash, entry.match_id, entry.rule, entry.entry_id,
    %(run_id)s, %(correlation_id)s
from wanted
join ledger.entry on entry.entry_id = wanted.entry_id and entry.accounting_on = wanted.original_on
join ledger.book using (book)
cross join lateral ledger.fiscal_year(wanted.accounting_on, book.fiscal_year_starts_month) as year (fiscal_year)
left join ledger.numbering on numbering.book = entry.book and numbering.fiscal_year = year.fiscal_year
