-- One row per new entry, or new version of one: on its own date or, where that is closed, on the first open day after.
with wanted as (
    select
        plan.ordinal, plan.version,
        greatest(plan.accounting_on, month.first_open) as accounting_on
    from staging.ledger_plan as plan
    join (
        select month.month, ledger.first_open_month(%(book)s, month.month) as first_open
        from (
            select distinct date_trunc('month', accounting_on)::date as month
            from staging.ledger_plan
            where publish_id = %(publish_id)s and action = 'post'
        ) as month
    ) as month on month.month = date_trunc('month', plan.accounting_on)::date
    where plan.publish_id = %(publish_id)s and plan.action = 'post'
)
insert into ledger.entry (
    batch_id, book, fiscal_year, number, effective_on, accounting_on, currency, description, accounts, amounts,
    functional_amounts, source, source_id, purpose, version, evidence_id, evidence_hash, match_id, rule, run_id,
    correlation_id
)
select
    %(batch_id)s, entry.book, year.fiscal_year,
    coalesce(numbering.last_number, 0) + row_number() over (
        partition by year.fiscal_year
        order by wanted.accounting_on, entry.source, entry.source_id, entry.purpose
    ),
    entry.effective_on, wanted.accounting_on, entry.currency, entry.description, entry.accounts, entry.amounts,
    entry.functional_amounts, entry.source, entry.source_id, entry.purpose, wanted.version, entry.evidence_id,
    entry.evidence_hash, entry.match_id, entry.rule, %(run_id)s, %(correlation_id)s
from wanted
join staging.ledger_entry as entry on entry.publish_id = %(publish_id)s and entry.ordinal = wanted.ordinal
join ledger.book using (book)
cross join lateral ledger.fiscal_year(wanted.accounting_on, book.fiscal_year_starts_month) as year (fiscal_year)
left join ledger.numbering on numbering.book = entry.book and numbering.fiscal_year = year.fiscal_year
