-- name: add_webhook
-- Once a source; another vendor is another source.
insert into webhook (source_id, vendor, options, created_at)
values (%(source)s, %(vendor)s, %(options)s::jsonb, %(now)s)
on conflict (source_id) do update set options = excluded.options where webhook.vendor = excluded.vendor
returning source_id

-- name: webhook_by_name
-- What a request to /hooks/{name} is judged by.
select s.id, s.name, s.kind, s.login_space, w.vendor, w.options, w.unverified, w.unverified_at
from webhook w
join source s on s.id = w.source_id
where s.name = %(name)s

-- name: all_webhooks
-- For the list, with what waits and what was refused of each.
select s.id, s.name, s.kind, s.login_space, w.vendor, w.options, w.unverified, w.unverified_at,
    coalesce(d.deliveries, 0), coalesce(d.waiting, 0), coalesce(d.refused, 0), d.last_received_at
from webhook w
join source s on s.id = w.source_id
left join (
    select source_id, count(*) as deliveries, count(*) filter (where state = 'waiting') as waiting,
        count(*) filter (where state = 'refused') as refused, max(received_at) as last_received_at
    from delivery group by source_id
) d on d.source_id = s.id
order by s.name

-- name: give_up_after
-- The vendor waits for seconds only: better a 503 now than its own time limit.
select set_config('statement_timeout', %(milliseconds)s, true), set_config('lock_timeout', %(milliseconds)s, true)

-- name: keep_delivery
-- The same delivery again adds nothing.
insert into delivery (source_id, delivery_id, topic, received_at, body, body_hash, size_bytes, state)
values (%(source)s, %(delivery_id)s, %(topic)s, %(now)s, %(body)s, %(body_hash)s, %(size)s, 'waiting')
on conflict (source_id, delivery_id) do nothing
returning id

-- name: kept_before
-- Was it the same delivery, or another one under its name?
select body_hash = %(body_hash)s from delivery where source_id = %(source)s and delivery_id = %(delivery_id)s

-- name: count_unverified
-- Added up in the process and written now and then, so that a flood of them costs us little.
update webhook set unverified = unverified + %(count)s, unverified_at = %(now)s where source_id = %(source)s

-- name: claim_deliveries
-- In the order in which they came, as many as fit into memory; a second worker takes none of them.
select d.id, d.source_id, d.delivery_id, d.topic, d.received_at, d.body
from delivery d
join (
    select id, sum(size_bytes) over (order by id) - size_bytes as before
    from (select id, size_bytes from delivery where state = 'waiting' order by id limit %(limit)s) first
) w on w.id = d.id
where w.before < %(bytes)s and d.state = 'waiting'
order by d.id
for update of d skip locked

-- name: stored_deliveries
-- The next ones of a source to map again.
select d.id, d.source_id, d.delivery_id, d.topic, d.received_at, d.body
from delivery d
join (
    select id, sum(size_bytes) over (order by id) - size_bytes as before
    from (
        select id, size_bytes from delivery
        where source_id = %(source)s and id > %(after)s and state <> 'waiting'
            and (%(since)s::timestamptz is null or received_at >= %(since)s)
        order by id limit %(limit)s
    ) first
) w on w.id = d.id
where w.before < %(bytes)s
order by d.id

-- name: lock_webhooks
-- One mapper a source at a time: what a delivery may still tell depends on what others told before.
select s.id, s.name, s.kind, s.login_space, w.vendor,
    (select m.content from webhook_mapping m where m.source_id = s.id order by m.version desc limit 1)
from webhook w
join source s on s.id = w.source_id
where w.source_id = any(%(sources)s)
order by w.source_id
for update of w

-- name: told_keys
-- Who tells these events, and under which id.
select e.source_id, e.key, e.delivery, e.message_id, e.revision, e.content_hash
from delivery_event e
join unnest(%(source_id)s::smallint[], %(key)s::text[]) as given (source_id, key)
    on given.source_id = e.source_id and given.key = e.key

-- name: told_by
-- What these deliveries tell now, and where it stands in the journal.
select e.source_id, e.key, e.delivery, e.message_id, e.revision, e.content_hash, j.seq, j.name, j.kind
from delivery_event e
join journal j on j.source_id = e.source_id and j.message_id = e.message_id
where e.delivery = any(%(deliveries)s)

-- name: tell_events
-- From now on this delivery tells the event.
insert into delivery_event (source_id, key, delivery, message_id, revision, content_hash)
select source_id, key, delivery, message_id, revision, content_hash
from unnest(
    %(source_id)s::smallint[], %(key)s::text[], %(delivery)s::bigint[], %(message_id)s::text[],
    %(revision)s::int[], %(content_hash)s::bytea[]
) as given (source_id, key, delivery, message_id, revision, content_hash)
on conflict (source_id, key) do update set
    delivery = excluded.delivery, message_id = excluded.message_id, revision = excluded.revision,
    content_hash = excluded.content_hash

-- name: untell_events
-- Withdrawn: the key stays with its count, so that no id is used twice.
update delivery_event e set delivery = null
from unnest(%(source_id)s::smallint[], %(key)s::text[]) as given (source_id, key)
where e.source_id = given.source_id and e.key = given.key

-- name: settle_deliveries
-- What became of each. One that tells of nobody but people on the stop list keeps its row, not what it said.
update delivery d set state = given.state, reason = given.reason, events = given.events, mapped_at = %(now)s,
    body = case when given.emptied then ''::bytea else d.body end,
    size_bytes = case when given.emptied then 0 else d.size_bytes end
from unnest(%(id)s::bigint[], %(state)s::text[], %(reason)s::text[], %(events)s::int[], %(emptied)s::boolean[])
    as given (id, state, reason, events, emptied)
where d.id = given.id

-- name: deliveries_of
-- For people, newest first, a page at a time.
select id, delivery_id, topic, received_at, state, reason, events, size_bytes
from delivery
where source_id = %(source)s and (%(before)s::bigint is null or id < %(before)s)
    and (%(state)s::text is null or state = %(state)s)
order by id desc
limit %(limit)s

-- name: raw_delivery
-- One of them as it came.
select id, delivery_id, topic, received_at, state, reason, events, size_bytes, body
from delivery
where source_id = %(source)s and id = %(id)s

-- name: save_mapping
-- The next version; the ones before stay.
insert into webhook_mapping (source_id, version, content, actor, saved_at)
select %(source)s, coalesce(max(version), 0) + 1, %(content)s::jsonb, %(actor)s, %(now)s
from webhook_mapping where source_id = %(source)s
returning version

-- name: latest_mapping
-- What deliveries of this source are mapped by.
select version, content, actor, saved_at from webhook_mapping where source_id = %(source)s order by version desc limit 1

-- name: prune_old_deliveries
-- Some of those that are settled and older than the brand keeps them. Who maps anew holds the row of the webhook.
delete from delivery where id in (
    select id from delivery
    where state in ('mapped', 'silent') and reason <> %(unmapped)s and received_at < %(before)s
    order by received_at
    limit %(limit)s
    for update skip locked
)

-- name: prune_many_deliveries
-- Some of those that are settled and behind the newest ones that the brand keeps of each source.
delete from delivery where id in (
    select d.id from webhook w
    cross join lateral (
        select id from delivery where source_id = w.source_id order by id desc offset %(kept)s limit 1
    ) last
    join delivery d on d.source_id = w.source_id and d.id <= last.id
    where d.state in ('mapped', 'silent') and d.reason <> %(unmapped)s
    order by d.id
    limit %(limit)s
    for update of d skip locked
)
