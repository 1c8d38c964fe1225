-- One row per allocation of the matches that stood at a moment and that post to a book-month: those of that month, and transfers and
-- repeated lines of any month with a line of that month, since their entries bear their lines' own days.
select
    match_id, version as match_version, standing.book, standing.month, standing.tier, standing.rule,
    standing.matched_on, allocation.ordinal, allocation.line_id, allocation.line_kind, allocation.line_account,
    allocation.line_on, allocation.line_currency, allocation.line_amount_minor, allocation.amount_minor,
    allocation.role, allocation.relation, allocation.item_id, allocation.item_kind, allocation.item_currency,
    allocation.item_total_minor, allocation.item_tax_minor, allocation.item_amount_minor,
    allocation.item_functional_minor, allocation.other_line_id, allocation.other_line_on,
    allocation.other_line_currency, allocation.other_line_amount_minor, allocation.other_amount_minor,
    allocation.other_evidence_hash, allocation.account_code, allocation.evidence_hash
from recon.standing_at(%(at)s) as standing
join recon.allocation using (match_id, version)
where standing.book = %(book)s and (
    standing.month = %(month)s
    or allocation.relation in ('transfer', 'duplicate') and (
        allocation.line_on between %(first_day)s and %(last_day)s
        or allocation.other_line_on between %(first_day)s and %(last_day)s
    )
)
order by match_id, allocation.ordinal
