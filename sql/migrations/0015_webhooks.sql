-- ops.webhook_event: one row per verified webhook. Append-only: it is what tells a message that was caught and sent once
-- more from a new one. Nothing of a message's content is kept.
--
-- ops.connection_due: one row per connection that a vendor said something about since its last read began.

create table ops.webhook_event (
    event_seq bigint generated always as identity primary key,
    connection_id text not null,
    event_id text not null,
    delivery text not null,
    received_at timestamptz not null default clock_timestamp(),
    unique (connection_id, event_id)
);

create index webhook_event_by_time on ops.webhook_event (connection_id, received_at);

create view ops.connection_due as
select event.connection_id, count(*) as event_count, max(event.event_seq) as last_seq, max(event.received_at) as since
from ops.webhook_event as event
left join landing.cursor as cursor using (connection_id)
where cursor.read_at is null or event.received_at > cursor.read_at
group by event.connection_id;

comment on table ops.webhook_event is 'One row per verified webhook: a reason to pull sooner, and never more.';
comment on column ops.webhook_event.event_id is 'The vendor''s id of the event, or a hash of what it signed.';
comment on column ops.webhook_event.delivery is 'SHA-256 of the signature and the bytes of its first delivery.';
comment on view ops.connection_due is 'One row per connection with webhooks since its last read began.';

grant select on ops.webhook_event, ops.connection_due to finance_pipeline_app, finance_pipeline_reader;
grant insert on ops.webhook_event to finance_pipeline_app;
