-- One row per pair of books of a group and currency: what each says at a month's end that the other owes it, by accounting
-- date; what was under way between them, counted by one before the month ended and by the other after it; and what then
-- does not cancel out, with the day of the oldest posting that has no counterpart. As known at a position of the chain.
-- Money under way is told by pairs: the first, second, ... posting of an amount in one book, and of its opposite in the
-- other, are the same money where not more than ten days lie between them.
with account as (
    select declared.book, declared.other, known.account_id
    from unnest(%(books)s::text[], %(others)s::text[], %(codes)s::text[]) as declared (book, other, code)
    join ledger.account as known on known.book = declared.book and known.code = declared.code
),
posted as (
    select least(account.book, account.other) as book, greatest(account.book, account.other) as other,
        account.book < account.other as is_books, entry.currency, entry.effective_on,
        entry.accounting_on <= %(last_day)s as is_counted, line.amount_minor,
        line.amount_minor * case when account.book < account.other then 1 else -1 end as owed_minor,
        row_number() over (
            partition by account.book, account.other, entry.currency, line.amount_minor
            order by entry.effective_on, entry.entry_id
        ) as turn
    from account
    cross join lateral ledger.entry_known(account.book, %(position)s) as entry
    cross join lateral unnest(entry.accounts, entry.amounts) as line (account_id, amount_minor)
    where account.account_id = any(entry.accounts) and line.account_id = account.account_id and line.amount_minor <> 0
        and entry.effective_on <= %(last_day)s::date + 10
),
paired as (
    select coalesce(mine.book, theirs.book) as book, coalesce(mine.other, theirs.other) as other,
        coalesce(mine.currency, theirs.currency) as currency,
        case when mine.is_counted then mine.amount_minor else 0 end as book_minor,
        case when theirs.is_counted then theirs.amount_minor else 0 end as other_minor,
        mine.turn is not null and theirs.turn is not null and abs(mine.effective_on - theirs.effective_on) <= 10
            as is_pair,
        least(mine.effective_on, theirs.effective_on) as since
    from (select * from posted where is_books) as mine
    full join (select * from posted where not is_books) as theirs
        using (book, other, currency, owed_minor, turn)
)
select
    book, other, currency,
    sum(book_minor)::bigint as book_minor,
    sum(other_minor)::bigint as other_minor,
    coalesce(sum(book_minor + other_minor) filter (where is_pair), 0)::bigint as under_way_minor,
    coalesce(sum(book_minor + other_minor) filter (where not is_pair), 0)::bigint as difference_minor,
    min(since) filter (where not is_pair and book_minor + other_minor <> 0) as since
from paired
group by 1, 2, 3
having bool_or(book_minor <> 0 or other_minor <> 0)
order by 1, 2, 3
