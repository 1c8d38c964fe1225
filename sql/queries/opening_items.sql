-- One row per item of a book's signed opening, under the record that a source has of it, else under an id of its own. A
-- document is known by kind and number and, where several bear the number, by whose it is; a payout or recorded payment by
-- a reference or id, and what it left on account by the payment that brought it, so that the accounting system may allocate
-- it later. What is older than the book and not listed here was settled before.
select
    coalesce(
        document.record_id, payment.record_id || case when item.kind like '%%on_account' then '/on-account' else '' end,
        concat_ws('/', item.book, 'opening', item.kind, nullif(item.party_name, ''), item.number)
    ) as record_id,
    item.book, to_char(item.issued_on, 'YYYY-MM') as month, item.kind, item.number,
    coalesce(document.references, payment.references, array[item.number]) as references,
    coalesce(
        document.party_id, party.record_id, concat_ws('/', item.book, 'opening', 'party', nullif(item.party_name, ''))
    ) as party_id,
    coalesce(document.party_name, item.party_name) as party_name,
    coalesce(item.account, payment.account) as account, item.currency, item.amount_minor,
    coalesce(round(document.tax_minor::numeric * item.amount_minor / nullif(document.total_minor, 0)), 0)::bigint
        as tax_minor,
    item.functional_minor, item.issued_on, item.due_on, coalesce(document.source, payment.source, 'opening') as source,
    item.evidence_hash
from (
    select submitted_item.*, approved.book, book.starts_on
    from ledger.approved_submission as approved
    join ledger.submitted_item using (submission_id)
    join ledger.book using (book)
    where approved.kind = 'opening' and approved.book = %(book)s
) as item
left join lateral (
    select record_id, "references", party_id, party_name, tax_minor, total_minor, source
    from (
        select invoice_current.*, count(*) over () as same_number,
            lower(btrim(invoice_current.party_name)) = lower(btrim(item.party_name)) as same_party
        from canonical.invoice_current
        where invoice_current.book = item.book and invoice_current.kind = item.kind
            and invoice_current.number = item.number and invoice_current.issued_on < item.starts_on
            and not removed and status = 'authorised'
    ) as named
    where same_party or same_number = 1
    order by same_party desc, record_id
    limit 1
) as document on true
left join lateral (
    select record_id, "references", account, source
    from canonical.payment_current
    where payment_current.book = item.book
        and (
            payment_current.kind = item.kind
            or payment_current.side || '_on_account' = item.kind and payment_current.settles is null
        )
        and payment_current.occurred_on < item.starts_on and not removed
        and (item.number = any("references") or right(record_id, length(item.number) + 1) = '/' || item.number)
    order by record_id
    limit 1
) as payment on true
left join lateral (
    select record_id
    from canonical.party_current
    where party_current.book = item.book and lower(btrim(name)) = lower(btrim(item.party_name)) and not removed
        and party_current.source <> 'stripe'
    order by record_id
    limit 1
) as party on true
order by record_id
