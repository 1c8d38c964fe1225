-- One row per allocation of the matches of a book-month that stand.
select
    match_id, version as match_version, standing.book, standing.month, standing.tier, standing.rule,
    standing.matched_on, allocation.ordinal, allocation.line_id, allocation.line_kind, allocation.line_account,
    allocation.line_on, allocation.line_currency, allocation.line_amount_minor, allocation.amount_minor,
    allocation.role, allocation.item_id,
    case when allocation.other_line_id is not null then 'transfer' else allocation.item_kind end as item_kind,
    allocation.item_currency, allocation.item_amount_minor, allocation.item_functional_minor,
    allocation.other_line_id, allocation.other_line_on, allocation.evidence_hash
from recon.standing
join recon.allocation using (match_id, version)
where standing.book = %(book)s and standing.month = %(month)s
order by match_id, allocation.ordinal
