-- One row per entry that a match caused, reversals included.
select
    entry_id, book || '-' || fiscal_year || '-' || lpad(number::text, 6, '0') as number, accounting_on, description,
    purpose, version, match_id, evidence_id
from ledger.entry
where match_id = %(id)s
order by accounting_on, entry.number
