-- One row: the payables control account at the month's end against the sum of open items, at their carrying amounts.
select
    'payables_equal_open_items' as name,
    'payables' as subject,
    %(last_day)s::date as on_day,
    %(functional)s::text as currency,
    'control account of payables' as left_words,
    (
        select coalesce(sum(functional_minor), 0)::bigint
        from movement
        where code = %(payables)s and accounting_on <= %(last_day)s
    ) as left_minor,
    'sum of open items' as right_words,
    (
        select coalesce(sum(open_functional_minor), 0)::bigint
        from recon.open_item
        where book = %(book)s and month = %(month)s and kind in ('bill', 'supplier_credit', 'supplier_on_account')
    ) as right_minor
