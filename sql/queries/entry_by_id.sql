-- One row: an entry by its id or by its number (us-2026-000123).
select
    entry_id, book || '-' || fiscal_year || '-' || lpad(number::text, 6, '0') as number, accounting_on, description,
    purpose, version, match_id, evidence_id
from ledger.entry
where entry_id::text = %(id)s or (
    book = regexp_replace(%(id)s, '-\d{4}-\d+$', '')
    and book || '-' || fiscal_year || '-' || lpad(entry.number::text, 6, '0') = %(id)s
)
limit 1
