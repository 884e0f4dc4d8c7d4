-- name: refusal_groups
-- Refusals of one source, code and shape of reason need one mend.
select min(r.id), r.source_id, s.name, r.code, max(r.reason), max(r.fix), count(*), min(r.received_at), max(r.received_at)
from refusal r
left join source s on s.id = r.source_id
where r.state = %(state)s
    and (%(source)s::text is null or s.name = %(source)s)
    and (%(code)s::text is null or r.code = %(code)s)
    and (
        %(text)s::text is null or lower(r.message_id) = %(text)s or strpos(lower(r.reason), %(text)s) > 0
        or (%(in_bodies)s and strpos(lower(r.body), %(text)s) > 0)
    )
group by r.source_id, s.name, r.code, r.shape
order by count(*) desc, min(r.id)
limit %(limit)s

-- name: refusal_states
-- How many wait, were sent again, were given up.
select state, count(*) from refusal group by state

-- name: search_refusals
-- Newest first, a page at a time.
select r.id, s.name, r.received_at, r.message_id, r.code, r.reason, r.fix, r.body, r.state, r.ended_at,
    r.became, r.became_message_id
from refusal r
left join source s on s.id = r.source_id
where (%(state)s::text is null or r.state = %(state)s)
    and (%(source)s::text is null or s.name = %(source)s)
    and (%(code)s::text is null or r.code = %(code)s)
    and (
        %(text)s::text is null or lower(r.message_id) = %(text)s or strpos(lower(r.reason), %(text)s) > 0
        or (%(in_bodies)s and strpos(lower(r.body), %(text)s) > 0)
    )
    and (%(before)s::bigint is null or r.id < %(before)s)
order by r.id desc
limit %(limit)s

-- name: one_refusal
-- All that is kept of it; the place in the journal of what it became, and of the message it contradicts.
select r.id, s.name, r.received_at, r.message_id, r.code, r.reason, r.fix, r.body, r.state, r.ended_at, r.became,
    r.became_message_id,
    (select j.seq from journal j where j.source_id = r.source_id and j.message_id = r.became_message_id),
    (select j.seq from journal j where j.source_id = r.source_id and j.message_id = r.message_id)
from refusal r
left join source s on s.id = r.source_id
where r.id = %(id)s

-- name: group_of
-- The group a refusal belongs to, with what waits of it now.
select g.source_id, s.name, s.kind, s.login_space, g.code, g.shape, g.reason, g.fix, w.number, w.last_id
from refusal g
join source s on s.id = g.source_id
cross join lateral (
    select count(*) as number, coalesce(max(r.id), 0) as last_id from refusal r
    where r.state = 'open' and r.source_id = g.source_id and r.code = g.code and r.shape = g.shape
) w
where g.id = %(like)s

-- name: first_of_group
-- Real ones, oldest first, to try mends on.
select id, received_at, body from refusal
where state = 'open' and source_id = %(source_id)s and code = %(code)s and shape = %(shape)s
order by id
limit %(limit)s

-- name: order_replay
-- Carried out behind the page, so that a closed window stops nothing.
insert into replay (source_id, code, shape, last_id, mends, ordered_by, ordered_at, total)
values (%(source_id)s, %(code)s, %(shape)s, %(last_id)s, %(mends)s, %(by)s, %(now)s, %(total)s)
returning id

-- name: take_replay
-- One at a time carries a chunk of it out; who finds it taken goes on with something else.
select r.id, r.source_id, s.name, s.kind, s.login_space, r.code, r.shape, r.last_id, r.mends, r.done_id
from replay r
join source s on s.id = r.source_id
where r.ended_at is null and (%(id)s::bigint is null or r.id = %(id)s)
order by r.id
limit 1
for update of r skip locked

-- name: replay_chunk
-- Locked, so that nobody sends or dismisses one of them meanwhile.
select id, received_at, body from refusal
where state = 'open' and source_id = %(source_id)s and code = %(code)s and shape = %(shape)s
    and id > %(done_id)s and id <= %(last_id)s
order by id
limit %(limit)s
for update

-- name: lock_refusal
-- One that is sent by hand.
select r.id, r.received_at, s.id, s.name, s.kind, s.login_space
from refusal r
join source s on s.id = r.source_id
where r.id = %(id)s and r.state = 'open'
for update of r

-- name: note_outcomes
-- What was taken is done; what was refused again waits on and says why.
update refusal r set
    state = case when given.done then 'replayed' else 'open' end,
    ended_at = case when given.done then %(now)s::timestamptz end,
    became = given.became,
    became_message_id = given.message_id
from unnest(%(id)s::bigint[], %(done)s::boolean[], %(became)s::text[], %(message_id)s::text[])
    as given (id, done, became, message_id)
where r.id = given.id

-- name: count_replay
-- In the transaction of its chunk: a kill repeats the chunk or nothing.
update replay set
    done_id = %(done_id)s, accepted = accepted + %(accepted)s, duplicates = duplicates + %(duplicates)s,
    conflicts = conflicts + %(conflicts)s, refused = refused + %(refused)s, left_out = left_out + %(left_out)s,
    ended_at = %(ended_at)s
where id = %(id)s

-- name: end_replay
-- A chunk of it broke, and would break again: what it did before stays.
update replay set ended_at = %(now)s, fault = %(fault)s where id = %(id)s and ended_at is null

-- name: replays
-- The latest, those under way among them.
select r.id, s.name, r.code, r.shape, r.mends, r.ordered_by, r.ordered_at, r.total, r.accepted, r.duplicates, r.conflicts,
    r.refused, r.left_out, r.ended_at, r.fault
from replay r
join source s on s.id = r.source_id
where %(id)s::bigint is null or r.id = %(id)s
order by r.id desc
limit %(limit)s

-- name: dismiss_one
-- It stays where it is, and is asked for no more.
update refusal set state = 'dismissed', ended_at = %(now)s where id = %(id)s and state = 'open' returning id

-- name: dismiss_like
-- A whole group, so much at once.
update refusal set state = 'dismissed', ended_at = %(now)s
where id in (
    select r.id from refusal r, refusal g
    where g.id = %(like)s and r.state = 'open' and r.code = g.code and r.shape = g.shape
        and r.source_id is not distinct from g.source_id
    order by r.id limit %(limit)s
)
