-- One row per line or item that was open at a month's end on an account that must clear, with what a person said of it:
-- lines without a counterpart, payouts under way, receipts and payments that are recorded but not at the bank. It has
-- cleared where the next month was computed and it is open no more at its end.
-- And one row per supplier's document of the month that has the number of an earlier one of the same supplier: it may be
-- the same bill twice. One that nobody posted yet takes two people's decision, whatever is said of it; one that stood
-- posted before anybody asked is explained by one person, and another signs.
with next_month as (
    select month.month
    from recon.month
    where month.book = %(book)s and month.month = %(next_month)s
),
subject as (
    select
        line.line_id as subject, 'unidentified ' || case when line.kind = 'bank' then 'line' else line.kind end as kind,
        line.account, line.currency, line.amount_minor as open_minor, line.booked_on as since,
        null::date as expected_on, coalesce(waits.words, '') as words,
        exists (select from next_month) and not exists (
            select from recon.open_line as later
            join next_month using (month)
            where later.book = line.book and later.line_id = line.line_id
        ) as has_cleared
    from recon.open_line as line
    left join recon.exception as waits using (book, month, line_id)
    where line.book = %(book)s and line.month = %(month)s
    union all
    select
        item.item_id, replace(item.kind, '_', ' '), coalesce(item.account, ''), item.currency, item.open_minor,
        item.issued_on, coalesce(item.available_on, item.due_on), coalesce(item.number, item.party_name, ''),
        exists (select from next_month) and not exists (
            select from recon.open_item as later
            join next_month using (month)
            where later.book = item.book and later.item_id = item.item_id
        )
    from recon.open_item as item
    where item.book = %(book)s and item.month = %(month)s
        and item.kind in ('payout', 'recorded_receipt', 'recorded_payment')
    union all
    select
        record_id, case when is_held then 'held document' else 'second document' end, '', currency, total_minor,
        issued_on, null,
        format('%%s %%s of %%s again, after that of %%s', replace(kind, '_', ' '), number, party_name, first_on),
        false
    from close.second_documents(%(book)s)
    where state in ('waits', 'proposed', 'posted before') and month between %(first)s and %(last)s
)
select
    subject.subject, subject.kind, subject.account, subject.currency, subject.open_minor, subject.since,
    (%(last_day)s::date - subject.since)::bigint as age_days, subject.expected_on, subject.words, subject.has_cleared,
    said.actor as explained_by, said.open_minor as explained_minor, said.reason as explanation
from subject
left join close.explained as said
    on said.book = %(book)s and said.month = %(month)s and said.subject = subject.subject
    and subject.kind <> 'held document'
order by subject.since, subject.subject
