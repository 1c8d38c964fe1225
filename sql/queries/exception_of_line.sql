-- One row: the latest reason why a line needs a person.
select month, reason, words
from recon.exception
where line_id = %(id)s
order by month desc
limit 1
