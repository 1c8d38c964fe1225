-- One row per entry to take back or to post, so that exactly what one publish wants stands in its months. What stands
-- with the same content is left alone. A standing entry belongs to the month of its effective day (the first month of
-- the book takes in what is older), wherever its period was closed and it had to go. subjects: null, or the only ones
-- that may be touched, as three arrays.
insert into staging.ledger_plan (publish_id, action, book, source, entry_id, original_on, ordinal, version, accounting_on)
with compared as materialized (
    select
        desired.book, desired.source, desired.ordinal, desired.accounting_on, known.entry_id,
        known.accounting_on as original_on, coalesce(known.version, 0) as version,
        coalesce(known.stands, false) as stands,
        coalesce(
            known.stands and known.digest = ledger.entry_digest(
                desired.effective_on, desired.currency, desired.accounts, desired.amounts, desired.functional_amounts,
                desired.match_id
            ),
            false
        ) as is_equal
    from staging.ledger_entry as desired
    -- Asked one by one, by the primary key: what was staged a moment ago has no statistics, and a join planned without
    -- them once compared every entry with every other.
    left join lateral (
        select
            latest.entry_id, latest.accounting_on, latest.digest, latest.version,
            not exists (
                select from ledger.business_key as reversal
                where reversal.book = latest.book and reversal.source = latest.source
                    and reversal.source_id = latest.source_id and reversal.purpose = latest.purpose
                    and reversal.version = -latest.version and reversal.version < 0
            ) as stands
        from ledger.business_key as latest
        where latest.book = desired.book and latest.source = desired.source and latest.source_id = desired.source_id
            and latest.purpose = desired.purpose
        order by latest.version desc
        limit 1
    ) as known on true
    where desired.publish_id = %(publish_id)s
),
unwanted as (
    select standing.book, standing.source, standing.entry_id, standing.accounting_on, standing.version
    from ledger.standing
    join ledger.book using (book)
    where standing.book = %(book)s
        and standing.accounting_on >= %(first_day)s
        and date_trunc('month', greatest(standing.effective_on, book.starts_on))::date = any(%(months)s::date[])
        and (standing.source, standing.source_id, standing.purpose) not in (
            select source, source_id, purpose from staging.ledger_entry where publish_id = %(publish_id)s
        )
        and (
            %(sources)s::text[] is null
            or (standing.source, standing.source_id, standing.purpose) in (
                select * from unnest(%(sources)s::text[], %(source_ids)s::text[], %(purposes)s::text[])
            )
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
