-- One row per other month that some retracted matches are of: its result no longer follows from its inputs, and it is
-- computed again when its turn comes.
update recon.month
set input_digest = ''
where book = %(book)s and month <> %(month)s and month in (
    select match.month from recon.match where match.book = %(book)s and match.match_id = any(%(matches)s)
)
