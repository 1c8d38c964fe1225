-- One row per confirmed line, booked up to the end of a month, that shows how a party prints its name or which account it
-- uses.
select party_id, line_id, counterparty_name, counterparty_account
from recon.party_alias
where book = %(book)s and since_month <= %(month)s
order by party_id, line_id
