-- name: save_stream
-- Adding it again changes how it connects and maps; how far it was read stays.
insert into stream (name, kind, source_id, definition, created_at, state, state_at)
values (%(name)s, %(kind)s, %(source)s, %(definition)s, %(now)s, 'not started', %(now)s)
on conflict (name) do update set definition = excluded.definition
where stream.kind = excluded.kind and stream.source_id is not distinct from excluded.source_id
returning name

-- name: streams
-- Few rows.
select t.name, t.kind, s.name, t.definition, t.state, t.state_at
from stream t
left join source s on s.id = t.source_id
order by t.name

-- name: stream
-- One of them, for who runs it.
select t.kind, t.definition, s.id, s.name, s.kind, s.login_space
from stream t
left join source s on s.id = t.source_id
where t.name = %(name)s

-- name: remove_stream
-- Its offsets and deliveries go with it; its events stay.
delete from stream where name = %(name)s returning kind

-- name: stream_is_there
-- Not to be removed before the transaction ends: a place in the journal made after that would begin at nothing.
select name from stream where name = %(name)s for share

-- name: forget_reader
-- The place in the journal of a stream that is no more.
delete from checkpoint where reader = %(reader)s

-- name: tell_state
-- A sign of life, or why there is none.
update stream set state = %(state)s, state_at = %(now)s where name = %(name)s

-- name: keep_offsets
-- In the transaction that appends what stood before them. Never backwards: who comes late has nothing to say.
insert into stream_offset as o (stream, topic, partition, next_offset)
select %(stream)s, topic, partition, next_offset
from unnest(%(topic)s::text[], %(partition)s::int[], %(next_offset)s::bigint[])
    as given (topic, partition, next_offset)
order by topic, partition
on conflict (stream, topic, partition) do update set next_offset = greatest(o.next_offset, excluded.next_offset)

-- name: lock_offsets
-- Locked in one order until the commit: of two consumers of one partition the second sees what the first one took.
select topic, partition, next_offset from stream_offset
where stream = %(stream)s
order by topic, partition
for update

-- name: deliveries
-- Asked for packets that the broker says it repeats.
select packet, message_id from stream_delivery where stream = %(stream)s and packet = any(%(packets)s::int[])

-- name: keep_deliveries
-- The last message of each packet number: the broker uses a number again once we have acknowledged it.
insert into stream_delivery (stream, packet, message_id)
select %(stream)s, packet, message_id from unnest(%(packet)s::int[], %(message_id)s::text[]) as given (packet, message_id)
order by packet
on conflict (stream, packet) do update set message_id = excluded.message_id

-- name: see_devices
-- One row a device, whatever it sends.
insert into device as d (source_id, id, stream, first_seen_at, last_seen_at, readings, sample)
select %(source)s, id, %(stream)s, %(now)s, %(now)s, readings, sample
from unnest(%(id)s::text[], %(readings)s::bigint[], %(sample)s::text[]) as given (id, readings, sample)
order by id
on conflict (source_id, id) do update set
    stream = excluded.stream, last_seen_at = excluded.last_seen_at, readings = d.readings + excluded.readings,
    sample = excluded.sample

-- name: devices
-- Unknown are those whose id stands in no record of a known customer. Values are found by their text, so all of them
-- are read once; that is for people who look, not for the flow.
with known as (
    select distinct v.shown
    from value v
    join link l on l.value = v.id
    join signature s on s.id = l.signature
    join customer c on c.id = s.customer
    where v.type = 'device' and c.known
)
select s.name, d.stream, d.id, d.first_seen_at, d.last_seen_at, d.readings, d.sample, k.shown is not null as known
from device d
join source s on s.id = d.source_id
left join known k on k.shown = trim(d.id)
order by known, d.last_seen_at desc, s.name, d.id
limit %(limit)s
