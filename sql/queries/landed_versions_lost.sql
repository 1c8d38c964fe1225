-- DuckDB, over landed Parquet files. One row per version that the manifest lists and no landed file holds: its record,
-- and the hash of the payload. Looked for by what the payload hashes to now, not by the hash beside it.
select manifest.kind, manifest.source_id, manifest.content_hash
from manifest
anti join (
    select kind, source_id, sha256(payload) as content_hash
    from read_parquet($files)
) as landed using (kind, source_id, content_hash)
order by manifest.kind, manifest.source_id, manifest.content_hash
