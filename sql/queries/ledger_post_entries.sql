-- One row per new entry, or new version of one: on its own date or, where that is closed for an area that it touches, on
-- the first open day after.
-- Numbered by date and, within a date, in the order in which they were staged: by source, source id and purpose.
with period as materialized (
    select
        period.month, period.areas, (period.month + interval '1 month')::date as next_month, period.first_open,
        ledger.fiscal_year(period.first_open, book.fiscal_year_starts_month) as fiscal_year
    from (
        select
            wanted.book, wanted.month, wanted.areas,
            greatest(wanted.month, ledger.first_open_month(wanted.book, wanted.month, wanted.areas)) as first_open
        from (
            select distinct book, date_trunc('month', accounting_on)::date as month, areas
            from (
                select distinct book, accounting_on, areas from staging.ledger_plan
                where publish_id = %(publish_id)s and action = 'post'
            ) as day
        ) as wanted
    ) as period
    join ledger.book using (book)
),
wanted as materialized (
    select
        plan.ordinal, plan.version, period.fiscal_year,
        greatest(plan.accounting_on, period.first_open) as accounting_on
    from staging.ledger_plan as plan
    join period on plan.accounting_on >= period.month and plan.accounting_on < period.next_month
        and plan.areas is not distinct from period.areas
    where plan.publish_id = %(publish_id)s and plan.ordinal is not null
)
insert into ledger.entry (
    batch_id, book, fiscal_year, number, effective_on, accounting_on, currency, description, accounts, amounts,
    functional_amounts, source, source_id, purpose, version, evidence_id, evidence_hash, match_id, rule, run_id,
    correlation_id
)
select
    %(batch_id)s, entry.book, wanted.fiscal_year,
    coalesce(numbering.last_number, 0) + row_number() over (
        partition by wanted.fiscal_year order by wanted.accounting_on, wanted.ordinal
    ),
    entry.effective_on, wanted.accounting_on, entry.currency, entry.description, entry.accounts, entry.amounts,
    entry.functional_amounts, entry.source, entry.source_id, entry.purpose, wanted.version, entry.evidence_id,
    entry.evidence_hash, entry.match_id, entry.rule, %(run_id)s, %(correlation_id)s
from wanted
join staging.ledger_entry as entry on entry.publish_id = %(publish_id)s and entry.ordinal = wanted.ordinal
left join ledger.numbering on numbering.book = entry.book and numbering.fiscal_year = wanted.fiscal_year
