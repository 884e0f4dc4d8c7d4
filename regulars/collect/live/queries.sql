-- name: note_duplicates
-- One statement however many; whoever appends holds the journal, so nobody waits for a row of another writer, and
-- changes become visible in order.
insert into duplicate as d (source_id, message_id, times, first_received_at, last_received_at, change)
select source_id, message_id, count(*), min(received_at), max(received_at), nextval('duplicate_number')
from unnest(%(source_id)s::smallint[], %(message_id)s::text[], %(received_at)s::timestamptz[])
    as given (source_id, message_id, received_at)
group by source_id, message_id
on conflict (source_id, message_id) do update set
    times = d.times + excluded.times,
    last_received_at = greatest(d.last_received_at, excluded.last_received_at),
    change = excluded.change

-- name: heads
-- Where the three streams end now.
select
    coalesce((select max(seq) from journal), 0),
    coalesce((select max(id) from refusal), 0),
    coalesce((select max(change) from duplicate), 0),
    coalesce((select seq from checkpoint where reader = 'vocabulary'), 0),
    (select max(version) from tracking_plan)

-- name: journalled
-- Read from the end: a rare filter looks through a stated number of events and no further. Events of our own come in
-- thousands behind a load, and do not count towards that number unless they are asked for.
select j.seq, s.name, j.received_at, j.kind, j.name, j.message_id, j.body::text,
    (select count(*) from violation v where v.seq = j.seq),
    (select v.what from violation v where v.seq = j.seq order by v.number limit 1),
    exists (select from set_aside a where a.seq = j.seq), is_withdrawn(j.seq)
from (
    select * from (
        select * from journal
        where seq > %(after)s and (%(before)s::bigint is null or seq < %(before)s)
        order by seq desc
        limit %(within_all)s
    ) latest
    where source_id in (
        select id from source where case when %(source)s::text is null then kind <> 'own' else name = %(source)s end
    )
    order by seq desc
    limit %(within)s
) j
join source s on s.id = j.source_id
where (%(name)s::text is null or j.name = %(name)s)
    and (%(violating)s::boolean is null or exists (select from violation v where v.seq = j.seq) = %(violating)s)
    and (
        %(text)s::text is null or lower(j.message_id) = %(text)s or strpos(lower(j.name), %(text)s) > 0
        or (%(in_bodies)s and strpos(lower(j.body::text), %(text)s) > 0)
        or (%(in_bodies)s and strpos(lower(j.message_id), %(text)s) > 0)
    )
order by j.seq desc
limit %(limit)s

-- name: refused
-- The same way. The name of an event stands in the body as either of our encoders writes it.
select r.id, s.name, r.received_at, r.message_id, r.code, r.reason, left(r.body, %(shown)s)
from (
    select * from refusal
    where id > %(after)s and (%(before)s::bigint is null or id < %(before)s)
    order by id desc
    limit %(within)s
) r
left join source s on s.id = r.source_id
where (%(source)s::text is null or s.name = %(source)s)
    and (%(conflicting)s::boolean is null or (r.code = %(conflict)s) = %(conflicting)s)
    and (
        %(name)s::text is null or strpos(r.body, '"event": ' || to_json(%(name)s::text)::text) > 0
        or strpos(r.body, '"event":' || to_json(%(name)s::text)::text) > 0
    )
    and (
        %(text)s::text is null or lower(r.message_id) = %(text)s or strpos(lower(r.reason), %(text)s) > 0
        or (%(in_bodies)s and strpos(lower(r.body), %(text)s) > 0)
    )
order by r.id desc
limit %(limit)s

-- name: duplicated
-- The same way; what it is stands in the journal.
select d.change, s.name, d.last_received_at, j.kind, j.name, d.message_id, j.body::text, d.times, j.seq
from (
    select * from duplicate
    where change > %(after)s and (%(before)s::bigint is null or change < %(before)s)
    order by change desc
    limit %(within)s
) d
join source s on s.id = d.source_id
join journal j on j.source_id = d.source_id and j.message_id = d.message_id
where (%(source)s::text is null or s.name = %(source)s)
    and (%(name)s::text is null or j.name = %(name)s)
    and (
        %(text)s::text is null or lower(d.message_id) = %(text)s or strpos(lower(j.name), %(text)s) > 0
        or (%(in_bodies)s and strpos(lower(j.body::text), %(text)s) > 0)
        or (%(in_bodies)s and strpos(lower(d.message_id), %(text)s) > 0)
    )
order by d.change desc
limit %(limit)s

-- name: one_event
-- A row of the journal as it came.
select j.seq, s.name, s.kind, j.kind, j.name, j.message_id, j.occurred_at, j.received_at, j.body::text,
    (select a.fault from set_aside a where a.seq = j.seq), is_withdrawn(j.seq)
from journal j
join source s on s.id = j.source_id
where j.seq = %(seq)s

-- name: same_message
-- What else came under the id of this event.
select d.times, d.first_received_at, d.last_received_at
from duplicate d
join journal j on j.source_id = d.source_id and j.message_id = d.message_id
where j.seq = %(seq)s

-- name: contradictions
-- Other bodies that came under the id of this event.
select r.id, r.received_at, r.body
from refusal r
join journal j on j.source_id = r.source_id and j.message_id = r.message_id
where j.seq = %(seq)s and r.code = %(conflict)s
order by r.id
limit %(limit)s

-- name: violations_of
-- What the plan says of this event.
select event, path, rule, what, fix, version from violation where seq = %(seq)s order by number
