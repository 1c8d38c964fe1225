-- One row per content that a source record ever had; a tombstone has none of its own.
select distinct kind, source_id, content_hash
from landing.record
where not removed
