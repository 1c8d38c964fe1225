-- Open every month that one publish needs: the month of each entry, or the first one after it that takes it. In order, so
-- that two that open the same months wait for one another and not both for each other.
select ledger.open_period(needed.book, needed.month)
from (
    select distinct book, ledger.first_open_month(book, wanted.month, wanted.areas) as month
    from (
        select distinct book, date_trunc('month', accounting_on)::date as month, areas
        from (select distinct book, accounting_on, areas from staging.ledger_plan where publish_id = %(publish_id)s) as day
    ) as wanted
    order by book, month
) as needed
