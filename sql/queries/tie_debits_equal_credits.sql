-- One row: all debits of the month against all credits, in the book's currency.
select
    'debits_equal_credits' as name,
    'journal' as subject,
    %(last_day)s::date as on_day,
    %(functional)s::text as currency,
    'debits' as left_words,
    coalesce(sum(debit_minor), 0)::bigint as left_minor,
    'credits' as right_words,
    coalesce(sum(credit_minor), 0)::bigint as right_minor
from movement
where accounting_on between %(first_day)s and %(last_day)s
