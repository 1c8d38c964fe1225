-- One row per account of a book that ever moved: balance before the month, debits and credits of the month, balance at
-- its end, by accounting date, in the book's currency. Read from what each batch moved, not from the entries. What rolled
-- into retained earnings on the first day of a fiscal year counts to the balance before it.
select
    account.code,
    account.name,
    moved.opening_minor::bigint as opening_minor,
    moved.debit_minor::bigint as debit_minor,
    moved.credit_minor::bigint as credit_minor,
    (moved.opening_minor + moved.debit_minor - moved.credit_minor)::bigint as closing_minor
from (
    select
        account_id,
        coalesce(sum(debit_minor - credit_minor) filter (where is_before), 0) as opening_minor,
        coalesce(sum(debit_minor) filter (where not is_before), 0) as debit_minor,
        coalesce(sum(credit_minor) filter (where not is_before), 0) as credit_minor
    from (
        select
            account_id, accounting_month < %(first_day)s as is_before, functional_debit_minor as debit_minor,
            functional_credit_minor as credit_minor
        from ledger.movement
        where book = %(book)s and accounting_month <= %(first_day)s
        union all
        select
            account_id, side.is_before, side.sign * greatest(functional_minor, 0),
            -side.sign * least(functional_minor, 0)
        from ledger.rolled
        cross join (values (true, 1), (false, -1)) as side (is_before, sign)
        where book = %(book)s and effective_on = %(first_day)s and accounting_on = effective_on
    ) as line
    group by account_id
) as moved
join ledger.account using (account_id)
order by account.code
