-- One row per item that a sign-off saw open, as the next month takes it over.
select
    item.item_id, %(book)s as book, item.kind, item.number, item."references", item.party_id, item.party_name,
    item.account, item.currency, item.total_minor, document.tax_minor, item.open_minor, item.open_functional_minor,
    item.issued_on, item.due_on, item.available_on, item.evidence_hash
from close.signed_item as item
left join lateral (
    select tax_minor from canonical.invoice
    where invoice.record_id = item.item_id and invoice.content_hash = item.evidence_hash
    order by version desc
    limit 1
) as document on true
where item.signature_id = %(signature)s
