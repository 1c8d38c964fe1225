-- One row: the receivables control account at the month's end against the sum of open items, at their carrying amounts.
select
    'receivables_equal_open_items' as name,
    'receivables' as subject,
    %(last_day)s::date as on_day,
    %(functional)s::text as currency,
    'control account of receivables' as left_words,
    (
        select coalesce(sum(functional_minor), 0)::bigint
        from movement
        where code = %(receivables)s and accounting_on <= %(last_day)s
    ) as left_minor,
    'sum of open items' as right_words,
    (
        select coalesce(sum(open_functional_minor), 0)::bigint
        from recon.open_item
        where book = %(book)s and month = %(month)s and kind in ('invoice', 'credit_note', 'customer_on_account')
    ) as right_minor
