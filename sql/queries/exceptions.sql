-- One row per line that a person has to look at, with what the bank or processor says of it, at the end of a month, or of
-- each book's latest computed month. A line without a counterpart is carried and asked about again in every later month,
-- so the latest month has them all.
select
    exception.book, exception.month, exception.line_id, exception.booked_on, exception.account, exception.currency,
    exception.amount_minor, exception.reason, exception.words, exception.suggestions,
    coalesce(line.memo, line.counterparty_name, payer.name, movement.party_name) as text
from recon.exception as exception
join (
    select book, max(month) as month
    from recon.month
    where %(month)s::text is null or month = %(month)s
    group by book
) as asked using (book, month)
left join canonical.bank_transaction_current as line on line.record_id = exception.line_id
left join canonical.payment_current as movement on movement.record_id = exception.line_id
left join canonical.party_current as payer on payer.record_id = movement.party_id
where %(book)s::text is null or exception.book = %(book)s
