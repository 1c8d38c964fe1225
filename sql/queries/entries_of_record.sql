-- One row per entry that a record is the evidence of, reversals included.
select
    entry_id, book || '-' || fiscal_year || '-' || lpad(number::text, 6, '0') as number, accounting_on, description,
    purpose, version, match_id, evidence_id
from ledger.entry
where evidence_id = %(id)s or (source_id = %(id)s and evidence_id <> %(id)s)
order by accounting_on, entry.number
