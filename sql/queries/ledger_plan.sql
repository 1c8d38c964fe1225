-- One row per entry to take back or to post, so that exactly what one publish wants stands in its months. What stands
-- with the same content is left alone. A standing entry belongs to the month of its effective day (the first month of
-- the book takes in what is older), wherever its period was closed and it had to go.
insert into staging.ledger_plan (publish_id, action, book, source, entry_id, original_on, ordinal, version, accounting_on)
with desired as materialized (
    select
        book, source, source_id, purpose, ordinal, accounting_on,
        effective_on, currency, accounts, amounts, functional_amounts, match_id
    from staging.ledger_entry
    where publish_id = %(publish_id)s
),
posted as materialized (
    select
        desired.book, desired.source, desired.source_id, desired.purpose,
        max(known.version) as version,
        min(known.version) > -max(known.version) as stands
    from desired
    join ledger.business_key as known using (book, source, source_id, purpose)
    group by desired.book, desired.source, desired.source_id, desired.purpose
),
compared as materialized (
    select
        desired.book, desired.source, desired.ordinal, desired.accounting_on, known.entry_id,
        known.accounting_on as original_on, coalesce(posted.version, 0) as version,
        coalesce(posted.stands, false) as stands,
        case
            when posted.stands then known.digest = ledger.entry_digest(
                desired.effective_on, desired.currency, desired.accounts, desired.amounts, desired.functional_amounts,
                desired.match_id
            )
            else false
        end as is_equal
    from desired
    left join posted using (book, source, source_id, purpose)
    left join ledger.business_key as known
        on known.book = posted.book and known.source = posted.source and known.source_id = posted.source_id
            and known.purpose = posted.purpose and known.version = posted.version
),
unwanted as (
    select standing.book, standing.source, standing.entry_id, standing.accounting_on, standing.version
    from ledger.standing
    join ledger.book using (book)
    where standing.book = %(book)s
        and standing.accounting_on >= %(first_day)s
        and date_trunc('month', greatest(standing.effective_on, book.starts_on))::date = any(%(months)s::date[])
        and not exists (
            select from desired
            where desired.source = standing.source and desired.source_id = standing.source_id
                and desired.purpose = standing.purpose
        )
)
select %(publish_id)s, 'reverse', book, source, entry_id, original_on, null::integer, version, original_on
from compared
where stands and not is_equal
union all
select %(publish_id)s, 'reverse', book, source, entry_id, accounting_on, null, version, accounting_on
from unwanted
union all
select %(publish_id)s, 'post', book, source, null::uuid, null::date, ordinal, version + 1, accounting_on
from compared
where not is_equal
