-- One row per connection that a book's records came from, as known at a moment: when its last read to the end began, the
-- oldest first. A read counts a second after it ended, so that one that was still being noted changes no answer.
select used.connection_id, max(sync.started_at) as read_at
from (
    select distinct unnest(connections) as connection_id
    from landing.mapping_step
    where book = %(book)s and recorded_at <= %(known_at)s
) as used
left join landing.sync
    on sync.connection_id = used.connection_id and sync.outcome = 'read'
        and sync.ended_at <= %(known_at)s::timestamptz - interval '1 second'
group by used.connection_id
order by read_at nulls first, used.connection_id
