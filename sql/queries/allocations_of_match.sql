-- One row per allocation of the latest acceptance of a match.
select line_id, line_currency, item_id, other_line_id, account_code, relation, amount_minor, role
from recon.allocation
where match_id = %(id)s and version = (select max(version) from recon.match where match_id = %(id)s)
order by ordinal
