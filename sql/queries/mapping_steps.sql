-- One row per mapping of a source's news of a book, in the order in which they were made.
select book, source, connections, accounts, mapper_version, last_month, up_to_seq, recorded_at
from landing.mapping_step
order by step_seq
