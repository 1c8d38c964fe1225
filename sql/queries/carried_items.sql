-- One row per item open at the end of a month, as the next month takes it over.
select
    item_id, book, kind, number, "references", party_id, party_name, account, currency, total_minor, tax_minor,
    open_minor, open_functional_minor, issued_on, due_on, available_on, evidence_hash
from recon.open_item
where book = %(book)s and month = %(month)s
