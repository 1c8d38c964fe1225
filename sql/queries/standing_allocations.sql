-- One row per allocation of the matches of a book that stood at a moment, of a month and later ones.
select
    standing.match_id, standing.version, standing.month, standing.tier, standing.rule, allocation.line_id,
    allocation.line_on, allocation.line_amount_minor, allocation.relation, allocation.item_id, allocation.item_kind,
    allocation.item_currency, allocation.item_total_minor, allocation.item_tax_minor, allocation.item_amount_minor,
    allocation.item_functional_minor, allocation.other_line_id, allocation.other_line_on,
    allocation.other_line_amount_minor, allocation.account_code, allocation.role, allocation.amount_minor
from recon.standing_at(%(at)s) as standing
join recon.allocation using (match_id, version)
where standing.book = %(book)s and standing.month >= %(month)s
