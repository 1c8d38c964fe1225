-- One row per entry taken back: the same lines on the other side, on the original's date or, where that is closed for an
-- area that it touches, on the first open day after it.
with period as materialized (
    select
        period.month, period.areas, period.first_open,
        ledger.fiscal_year(period.first_open, book.fiscal_year_starts_month) as fiscal_year
    from (
        select
            wanted.book, wanted.month, wanted.areas,
            greatest(wanted.month, ledger.first_open_month(wanted.book, wanted.month, wanted.areas)) as first_open
        from (
            select distinct book, date_trunc('month', original_on)::date as month, areas
            from staging.ledger_plan
            where publish_id = %(publish_id)s and action = 'reverse'
        ) as wanted
    ) as period
    join ledger.book using (book)
),
wanted as materialized (
    select
        plan.entry_id, plan.original_on, period.fiscal_year,
        greatest(plan.original_on, period.first_open) as accounting_on
    from staging.ledger_plan as plan
    join period on period.month = date_trunc('month', plan.original_on)::date
        and plan.areas is not distinct from period.areas
    where plan.publish_id = %(publish_id)s and plan.action = 'reverse'
)
insert into ledger.entry (
    batch_id, book, fiscal_year, number, effective_on, accounting_on, currency, description, accounts, amounts,
    functional_amounts, source, source_id, purpose, version, evidence_id, evidence_hash, match_id, rule, reverses,
    run_id, correlation_id
)
select
    %(batch_id)s, entry.book, wanted.fiscal_year,
    coalesce(numbering.last_number, 0) + row_number() over (
        partition by wanted.fiscal_year
        order by wanted.accounting_on, entry.source, entry.source_id, entry.purpose
    ),
    entry.effective_on, wanted.accounting_on, entry.currency, 'Reversal: ' || entry.description, entry.accounts,
    ledger.negated(entry.amounts), ledger.negated(entry.functional_amounts), entry.source, entry.source_id,
    entry.purpose, -entry.version, entry.evidence_id, entry.evidence_hash, entry.match_id, entry.rule, entry.entry_id,
    %(run_id)s, %(correlation_id)s
from wanted
join ledger.entry on entry.entry_id = wanted.entry_id and entry.accounting_on = wanted.original_on
left join ledger.numbering on numbering.book = entry.book and numbering.fiscal_year = wanted.fiscal_year
