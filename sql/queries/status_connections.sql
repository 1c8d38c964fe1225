-- One row per connection that was ever pulled: how its last pull ended, when it was last read to the end, what waits.
select
    last.connection_id,
    last.source,
    last.outcome,
    last.words,
    last.ended_at,
    cursor.read_at,
    (
        select count(*) from landing.dead_letter_standing as letter
        where letter.connection_id = last.connection_id and letter.standing = 'waiting'
    ) as dead_letters
from (
    select distinct on (connection_id) connection_id, source, outcome, words, ended_at
    from landing.sync
    order by connection_id, ended_at desc
) as last
left join landing.cursor as cursor using (connection_id)
order by last.connection_id
