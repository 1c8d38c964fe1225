-- One row per dead letter, newest first: what became of it, and where the bytes are that it came in.
select
    letter.dead_letter_id,
    letter.connection_id,
    letter.kind,
    letter.source_id,
    letter.reason,
    letter.standing,
    letter.landed_at,
    letter.sync_id = 'mapping' as unmapped,
    letter.page_hash,
    kept.endpoint,
    kept.path,
    letter.payload,
    letter.actor,
    letter.decided_because,
    letter.decided_at
from landing.dead_letter_standing as letter
left join lateral (
    select page.endpoint, file.path
    from landing.page
    join landing.file on file.content_hash = page.file_hash
    where page.page_hash = letter.page_hash
    union all
    select null, file.path
    from landing.record
    join landing.file on file.content_hash = record.file_hash
    where record.content_hash = letter.page_hash
    limit 1
) as kept on true
where (%(connection)s::text is null or letter.connection_id = %(connection)s)
    and (%(dead_letter_id)s::bigint is null or letter.dead_letter_id = %(dead_letter_id)s)
    and (%(every)s::boolean or letter.standing = 'waiting')
order by letter.dead_letter_id desc
