-- One row per source, kind of record and currency of a book's months: living records and their sum, those that never post
-- (pending, nothing, drafts, voids, what waits for the bank by policy), those that stand posted with what the ledger has of them, those that wait, and what
-- stands posted without a living record. Of a line the ledger's figure is the bank account's; of a document the control
-- account's; of a movement of a processor clearing's; of a recorded payment that of outstanding receipts and payments; of an
-- allocation that of the credit that it takes from.
with record as (
    select record_id, source, 'bank line' as kind, currency, amount_minor,
        status = 'booked' and amount_minor <> 0 as posts
    from canonical.bank_transaction_current
    where book = %(book)s and month between %(first)s and %(last)s and not removed
        and (%(opened_on)s::date is null or booked_on >= %(opened_on)s)
    union all
    select record_id, source, kind, currency, total_minor, status = 'authorised' and total_minor <> 0
    from canonical.invoice_current
    where book = %(book)s and month between %(first)s and %(last)s and not removed
        and (%(opened_on)s::date is null or issued_on >= %(opened_on)s)
    union all
    select record_id, source, kind, currency,
        case when kind in ('recorded_receipt', 'recorded_payment', 'allocation') then amount_minor else net_minor end,
        (amount_minor <> 0 or fee_minor <> 0) and (
            %(supplier_payments_leave)s = 'when_sent'
            or kind <> 'recorded_payment' and not (kind = 'allocation' and settled_minor < 0 and credit like '%%/on-account')
            or occurred_on < (select starts_on from ledger.book where book = %(book)s)
            or coalesce(side, 'supplier') <> 'supplier'
            or coalesce(settles, '') in (
                select record_id from canonical.invoice_current
                where book = %(book)s and invoice_current.kind not in ('bill', 'supplier_credit')
            )
        )
    from canonical.payment_current
    where book = %(book)s and month between %(first)s and %(last)s and not removed
        and (%(opened_on)s::date is null or occurred_on >= %(opened_on)s)
),
posted as (
    select entry.source_id as record_id, entry.source, min(entry.purpose) as purpose,
        min(line.currency) filter (where line.counts) as currency,
        coalesce(sum(line.amount_minor) filter (where line.counts), 0) as amount_minor
    from ledger.standing as entry
    join ledger.book using (book)
    cross join lateral (
        select entry.currency, leg.amount as amount_minor, case
            when entry.purpose = 'line' then account.role = 'bank'
            when entry.purpose in ('document', 'opening') then account.role in ('receivables', 'payables')
            when entry.purpose like 'recorded%%' then account.role in ('outstanding_receipts', 'outstanding_payments')
            when entry.purpose = 'allocation' then leg.ordinal = 1
            else account.role = 'processor_clearing'
        end as counts
        from unnest(entry.accounts, entry.amounts) with ordinality as leg (account_id, amount, ordinal)
        join ledger.account using (account_id)
    ) as line
    where entry.book = %(book)s and entry.match_id is null
        and entry.source not in ('opening', 'manual', 'revaluation', 'accrual', 'year_end')
        and to_char(greatest(entry.effective_on, book.starts_on), 'YYYY-MM') between %(first_month)s and %(last)s
    group by entry.source_id, entry.source
)
select
    coalesce(record.source, posted.source) as source, coalesce(record.kind, posted.purpose) as kind,
    coalesce(record.currency, posted.currency, '') as currency,
    count(record.record_id) as record_count,
    coalesce(sum(record.amount_minor), 0)::bigint as record_minor,
    count(*) filter (where not record.posts) as passed_count,
    coalesce(sum(record.amount_minor) filter (where not record.posts), 0)::bigint as passed_minor,
    count(posted.record_id) as posted_count,
    coalesce(sum(posted.amount_minor), 0)::bigint as posted_minor,
    count(*) filter (where record.posts and posted.record_id is null) as held_count,
    coalesce(sum(record.amount_minor) filter (where record.posts and posted.record_id is null), 0)::bigint as held_minor
from record
full join posted using (record_id)
group by 1, 2, 3
order by 1, 2, 3
