-- One row per connection that was pulled: its state as the last pull left it, its last whole read, letters that wait.
select
    known.connection_id,
    known.state,
    known.since,
    known.reason,
    known.todo,
    known.failures,
    known.open_until,
    cursor.read_at,
    (
        select count(*) from landing.dead_letter_standing as letter
        where letter.connection_id = known.connection_id and letter.standing = 'waiting'
    ) as dead_letters
from ops.connection_state as known
left join landing.cursor as cursor using (connection_id)
