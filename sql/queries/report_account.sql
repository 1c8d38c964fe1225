-- One row per posting to an account of a book, up to a day and as known at a position of the chain, with the codes of the
-- other accounts of its entry: since a first day. What was before is one row without an entry (number null).
with posted as materialized (
    select
        case when %(by_effective)s then entry.effective_on else entry.accounting_on end as on_day,
        entry.fiscal_year, entry.number, entry.accounting_on, entry.effective_on, entry.currency, entry.description,
        entry.source_id, entry.purpose, entry.version, entry.accounts, line.ordinal, line.amount_minor,
        line.functional_minor, account.account_id
    from ledger.account
    join ledger.entry_known(%(book)s, %(position)s) as entry on account.account_id = any(entry.accounts)
    cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
        with ordinality as line (account_id, amount_minor, functional_minor, ordinal)
    where account.book = %(book)s and account.code = %(code)s and line.account_id = account.account_id
        and (%(by_effective)s or entry.accounting_on <= %(as_of)s)
        and (not %(by_effective)s or entry.effective_on <= %(as_of)s)
)
select
    null as number, null::date as accounting_on, null::date as effective_on, currency, 'Opening balance' as description,
    null as contra, sum(amount_minor)::bigint as amount_minor, sum(functional_minor)::bigint as functional_minor,
    null as source_id, null as purpose, null::integer as version, null::date as on_day, 0::smallint as fiscal_year,
    0::bigint as entry_number, 0::bigint as ordinal
from posted
where on_day < %(first_day)s
group by currency
union all
select
    %(book)s || '-' || fiscal_year || '-' || lpad(number::text, 6, '0'), accounting_on, effective_on, currency,
    description,
    (
        select string_agg(distinct other.code, ' ' order by other.code)
        from ledger.account as other
        where other.account_id = any(posted.accounts) and other.account_id <> posted.account_id
    ),
    amount_minor, functional_minor, source_id, purpose, version, on_day, fiscal_year, number, ordinal
from posted
where on_day >= %(first_day)s
order by on_day nulls first, fiscal_year, entry_number, ordinal, currency
