-- name: live_journeys
-- Every version, newest first: a few rows; enrolments of older versions still listen.
select v.id, v.journey, v.graph::text, v.id = j.live_version as live
from journey_version v join journey j on j.name = v.journey
order by v.id desc

-- name: publish_journey
-- The version number is the next of its journey; the row lock on the journey keeps two publishers in line.
with named as (
    insert into journey (name, title) values (%(name)s, %(title)s)
    on conflict (name) do update set title = excluded.title
    returning name
), versioned as (
    insert into journey_version (journey, number, graph, published_at)
    select
        name,
        1 + coalesce((select max(number) from journey_version where journey = %(name)s), 0),
        %(graph)s::jsonb,
        %(at)s
    from named
    returning id
)
select id from versioned

-- name: go_live
-- New enrolments get this version from now on.
update journey set live_version = %(version)s where name = %(name)s

-- name: follow_people
-- Enrolments go with the customer; where both came by the same entry, or both are on their way, the loser's is over.
with moved as (
    select e.id, e.journey, e.entry_key, e.status, p.survivor
    from unnest(%(losers)s::bigint[], %(survivors)s::bigint[]) as p (loser, survivor)
    join enrolment e on e.customer = p.loser
), judged as (
    select
        m.id,
        m.survivor,
        m.status,
        -- Twins among the losers of one survivor, too: the first keeps its place.
        row_number() over (partition by m.survivor, m.journey, m.entry_key order by m.status = 'live' desc, m.id) > 1
        or exists (
            select from enrolment o
            where o.customer = m.survivor and o.journey = m.journey and o.entry_key = m.entry_key
        ) as twin,
        m.status = 'live' and (
            row_number() over (partition by m.survivor, m.journey, m.status order by m.id) > 1
            or exists (
                select from enrolment o
                where o.customer = m.survivor and o.journey = m.journey and o.status = 'live'
            )
        ) as doubled
    from moved m
)
update enrolment e
set customer = case when j.twin then e.customer else j.survivor end,
    status = case when e.status = 'live' and (j.twin or j.doubled) then 'exited' else e.status end,
    reason = case when e.status = 'live' and (j.twin or j.doubled) then 'already in as the same person' else e.reason end,
    ended_at = case when e.status = 'live' and (j.twin or j.doubled) then %(now)s else e.ended_at end
from judged j
where e.id = j.id

-- name: redirected
-- Ids that ceased to exist in a recomputation, with who holds them now.
select old, customer from redirect where old = any(%(customers)s::bigint[])

-- name: enrol
-- One entry is one enrolment, and nobody comes in again while inside or within the journey's days.
insert into enrolment (
    version, journey, customer, entry_key, seed, node, visit, arrived_at, status, held, entered_at, due_at
)
select distinct on (w.customer)
    %(version)s, %(journey)s, w.customer, w.entry_key, w.seed, %(start)s, 1, %(now)s, 'live', false, %(now)s, %(now)s
from unnest(%(customers)s::bigint[], %(entry_keys)s::text[], %(seeds)s::bigint[]) as w (customer, entry_key, seed)
where not exists (
    select from enrolment e
    where e.journey = %(journey)s and e.customer = w.customer
      and (e.status = 'live' or e.entered_at > %(again_after)s)
)
order by w.customer, w.entry_key
on conflict do nothing

-- name: wake
-- Level-triggered: whoever listens looks again, whatever it waits for; the facts are read when it walks.
update enrolment
set due_at = %(now)s
where status = 'live' and due_at > %(now)s and journey = any(%(journeys)s::text[])
  and customer = any(%(customers)s::bigint[])

-- name: claim_due
-- Locked until the commit; another worker takes the next ones instead of waiting.
select
    id, version, journey, customer, seed, node, visit, arrived_at, status, reason, held, entered_at, due_at, ended_at
from enrolment
where status = 'live' and due_at <= %(now)s
order by due_at, id
limit %(limit)s
for update skip locked

-- name: happened
-- What the claimed ones listen for, since they entered: their records', and their sessions' on shared carriers. "offset 0"
-- makes each look-up one by the key: the planner would rather read every record there is.
select w.id, j.name, j.occurred_at
from unnest(%(ids)s::bigint[], %(customers)s::bigint[], %(since)s::timestamptz[]) as w (id, customer, since)
join signature s on s.customer = w.customer
cross join lateral (
    select r.seq, r.occurred_at from record r where r.signature = s.id and r.occurred_at >= w.since offset 0
) r
cross join lateral (
    select j.name, j.occurred_at from journal j where j.seq = r.seq and j.name = any(%(names)s::text[]) offset 0
) j
where not (s.sessions and exists (
    select from carrier_span c
    where c.signature = s.id and c.customer <> w.customer and r.occurred_at between c.from_at and c.to_at
))
union all
select w.id, j.name, j.occurred_at
from unnest(%(ids)s::bigint[], %(customers)s::bigint[], %(since)s::timestamptz[]) as w (id, customer, since)
join carrier_span c on c.customer = w.customer
join signature s on s.id = c.signature and s.sessions and s.customer is distinct from w.customer
cross join lateral (
    select r.seq
    from record r
    where r.signature = c.signature and r.occurred_at between c.from_at and c.to_at and r.occurred_at >= w.since offset 0
) r
cross join lateral (
    select j.name, j.occurred_at from journal j where j.seq = r.seq and j.name = any(%(names)s::text[]) offset 0
) j

-- name: trait_measures
-- The traits that branches name, as numbers; a trait that is no number is not known here.
select t.customer, m.name, (t.traits ->> m.name)::double precision
from (
    select customer, to_jsonb(x) as traits from trait_state x where customer = any(%(customers)s::bigint[]) offset 0
) t
cross join unnest(%(names)s::text[]) as m (name)
where jsonb_typeof(t.traits -> m.name) = 'number'

-- name: score_measures
-- The scores that branches name.
select customer, 'score:' || model, value
from score
where customer = any(%(customers)s::bigint[]) and model = any(%(names)s::text[])

-- name: store_enrolments
-- Where the walk ended, for the whole claim at once.
update enrolment e
set node = w.node, visit = w.visit, arrived_at = w.arrived_at, status = w.status, reason = w.reason,
    held = w.held, due_at = w.due_at, ended_at = w.ended_at
from unnest(
    %(ids)s::bigint[], %(nodes)s::text[], %(visits)s::int[], %(arrived)s::timestamptz[], %(statuses)s::text[],
    %(reasons)s::text[], %(held)s::boolean[], %(due)s::timestamptz[], %(ended)s::timestamptz[]
) as w (id, node, visit, arrived_at, status, reason, held, due_at, ended_at)
where e.id = w.id

-- name: store_steps
-- The log's key (enrolment, visit) would refuse a step taken twice.
insert into step_log (enrolment, visit, node, outcome, at)
select w.*, %(now)s
from unnest(%(enrolments)s::bigint[], %(visits)s::int[], %(nodes)s::text[], %(outcomes)s::text[])
    as w (enrolment, visit, node, outcome)

-- name: all_journeys
-- The list page: every journey with its live version and who is where.
select
    j.name, j.title, v.number, v.published_at, v.graph::text,
    count(e.id), count(e.id) filter (where e.status = 'live'), count(e.id) filter (where e.status = 'goal')
from journey j
left join journey_version v on v.id = j.live_version
left join enrolment e on e.journey = j.name
group by j.name, j.title, v.number, v.published_at, v.graph
order by j.name

-- name: count_ends
-- How enrolments stand, the held-out apart: the two arms of the comparison.
select held, status, count(*) from enrolment where journey = %(journey)s group by held, status

-- name: count_here
-- Who waits at which node now.
select node, count(*) from enrolment where journey = %(journey)s and status = 'live' group by node

-- name: count_outcomes
-- What each node decided so far.
select s.node, s.outcome, count(*)
from step_log s join enrolment e on e.id = s.enrolment
where e.journey = %(journey)s
group by s.node, s.outcome

-- name: ensure_wallets
-- A guarded update needs a row to guard; two that come first together make one.
insert into wallet (customer, available, pending, debt)
select c, 0, 0, 0 from unnest(%(customers)s::bigint[]) as c
on conflict (customer) do nothing

-- name: lock_wallets
-- The member's row is the only lock, taken in the order of ids so that two batches cannot wait for each other.
select customer, debt, next_day from wallet where customer = any(%(customers)s::bigint[]) order by customer for update

-- name: known_keys
-- Commands that were carried out before, with what they were and what they gave.
select key, body_hash, answer, waived from ledger_entry where key = any(%(keys)s::text[])

-- name: lots
-- The books of these members; read after the lock, so nothing can have changed since.
select
    customer, id, source, line, points, left_points, earned_day, active_day, expires_day, started, basis_cents,
    returned, returned_cents, expired, seq
from lot
where customer = any(%(customers)s::bigint[])
order by customer, id

-- name: redemption
-- What a redemption took from which lot, in the order it took; `given_back` is what restores returned so far.
select
    a.lot,
    a.points,
    (select coalesce(sum(r.answer), 0)::bigint from ledger_entry r where r.kind = 'restore' and r.source = e.key)
from ledger_entry e
join allocation a on a.entry = e.id
join lot l on l.id = a.lot
where e.key = %(key)s and e.kind = 'redeem' and l.customer = e.customer and e.customer = %(customer)s
  -- A redemption also settles: lots that ran out then were not spent.
  and a.points > 0 and (l.expires_day is null or l.expires_day > e.day)
order by l.expires_day nulls last, l.earned_day, l.id

-- name: new_ids
-- Numbers for rows that refer to each other before they are written.
select
    array(select nextval('ledger_entry_id_seq') from generate_series(1, %(entries)s)),
    array(select nextval('lot_id_seq') from generate_series(1, %(lots)s))

-- name: copy_entries
-- The unique key is what makes a command happen once.
copy ledger_entry (
    id, key, body_hash, kind, source, cents, parked, customer, seq, day, posted_at, answer, waived, note
) from stdin

-- name: copy_transfers
-- Both sides of each posting in one row.
copy transfer (entry, line, source, target, points) from stdin

-- name: copy_lots
-- Every credit opens a lot.
copy lot (
    id, customer, entry, seq, source, line, basis_cents, points, left_points, returned, returned_cents, expired,
    started, earned_day, active_day, expires_day
) from stdin

-- name: update_lots
-- Lots that were drawn on, started, ran out or were taken back.
update lot l
set left_points = w.left_points, returned = w.returned, returned_cents = w.returned_cents, expired = w.expired,
    started = w.started
from unnest(
    %(ids)s::bigint[], %(left)s::bigint[], %(returned)s::bigint[], %(returned_cents)s::bigint[], %(expired)s::bigint[],
    %(started)s::boolean[]
) as w (id, left_points, returned, returned_cents, expired, started)
where l.id = w.id

-- name: copy_allocations
-- Which lot paid for what: the trail that a return or a refund walks back.
copy allocation (entry, lot, points) from stdin

-- name: move_wallets
-- Differences, so that a wallet stays the sum of its transfers; its checks refuse to fall below zero.
-- `whole`: the day was taken from the whole book; else a new lot can only bring it forward.
update wallet w
set available = w.available + d.available, pending = w.pending + d.pending, debt = w.debt + d.debt,
    next_day = case when d.whole then d.next_day else least(w.next_day, d.next_day) end
from unnest(
    %(customers)s::bigint[], %(available)s::bigint[], %(pending)s::bigint[], %(debt)s::bigint[], %(next_days)s::int[],
    %(whole)s::boolean[]
) as d (customer, available, pending, debt, next_day, whole)
where w.customer = d.customer

-- name: parked_returns
-- Returns that came before these orders and have not been carried out since.
select e.key, e.customer, e.source, e.cents, e.seq
from ledger_entry e
where e.parked and e.source = any(%(sources)s::text[]) and not is_withdrawn(e.seq)
  and not exists (select from ledger_entry d where d.key = e.key || ':found')
order by e.id

-- name: due_wallets
-- Wallets whose lots start or run out by today, a stated number at a time.
select customer from wallet where next_day <= %(day)s order by customer limit %(limit)s

-- name: wallets
-- Wallets with their lots are few columns; debt is the only thing lots do not say.
select customer, debt from wallet where customer = any(%(customers)s::bigint[])

-- name: entries_of
-- A member's points as a list she can read, newest first.
select id, kind, coalesce(source, ''), day, answer, waived, note
from ledger_entry
where customer = %(customer)s and (kind <> 'settle' or exists (select from transfer t where t.entry = ledger_entry.id))
order by id desc
limit %(limit)s

-- name: wallets_of_losers
-- Members that went up in others and have points: usually none, and then nothing else is asked.
select customer from wallet where customer = any(%(losers)s::bigint[]) limit 1

-- name: close_wallets
-- What the losers' wallets brought along; the survivor's row takes it up in the same transaction.
delete from wallet w
using unnest(%(losers)s::bigint[], %(survivors)s::bigint[]) as p (loser, survivor)
where w.customer = p.loser
returning p.survivor, w.available, w.pending, w.debt

-- name: move_lots
-- Lots belong to whoever the people are now.
update lot l set customer = p.survivor
from unnest(%(losers)s::bigint[], %(survivors)s::bigint[]) as p (loser, survivor)
where l.customer = p.loser

-- name: move_entries
-- The history of points goes with them, so that a wallet stays the sum of its transfers.
update ledger_entry e set customer = p.survivor
from unnest(%(losers)s::bigint[], %(survivors)s::bigint[]) as p (loser, survivor)
where e.customer = p.loser

-- name: stray_entries
-- Points whose record is another customer's now: they go with the record that earned or redeemed them.
with stray as (
    select e.id, e.customer as old, ec.customer as new
    from ledger_entry e
    cross join lateral (select v.customer from event_customer v where v.seq = e.seq offset 0) ec
    where e.customer = any(%(customers)s::bigint[]) and ec.customer is not null and ec.customer <> e.customer
), entries as (
    update ledger_entry e set customer = s.new from stray s where e.id = s.id
), lots as (
    update lot l set customer = s.new from stray s where l.entry = s.id
)
select distinct c from (select old as c from stray union all select new from stray) both_sides

-- name: return_crossed
-- Points that one person's redemption took from what is now another's lot go back to the lot.
update lot l
set left_points = least(l.points, l.left_points + x.points)
from (
    select a.lot, sum(a.points) as points
    from allocation a
    join ledger_entry e on e.id = a.entry
    join lot o on o.id = a.lot
    where o.customer = any(%(customers)s::bigint[]) and e.customer <> o.customer and e.kind not in ('settle', 'adjust')
      -- What ran out, ran out.
      and (o.expires_day is null or o.expires_day > e.day)
    group by a.lot
    having sum(a.points) > 0
) x
where l.id = x.lot and not exists (
    -- Given back by an earlier change of people already.
    select from allocation d join ledger_entry s on s.id = d.entry
    where d.lot = l.id and s.kind = 'adjust' and s.note = %(note)s
)
returning l.id, l.customer, x.points

-- name: posted_sums
-- What the transfers of these members add up to, by account.
select e.customer, m.account, sum(case when t.target = m.account then t.points else -t.points end)::bigint
from ledger_entry e
join transfer t on t.entry = e.id
join (values ('available'), ('pending'), ('debt')) as m (account) on m.account in (t.source, t.target)
where e.customer = any(%(customers)s::bigint[])
group by e.customer, m.account

-- name: lot_sums
-- What their lots hold.
select customer, coalesce(sum(left_points) filter (where started), 0)::bigint,
    coalesce(sum(left_points) filter (where not started), 0)::bigint
from lot
where customer = any(%(customers)s::bigint[])
group by customer

-- name: set_wallets
-- After the people changed, the wallet is what its lots hold; the entry written beside it makes the books agree.
insert into wallet (customer, available, pending, debt, next_day)
select * from unnest(
    %(customers)s::bigint[], %(available)s::bigint[], %(pending)s::bigint[], %(debt)s::bigint[], %(next_days)s::int[]
)
on conflict (customer) do update
set available = excluded.available, pending = excluded.pending, debt = excluded.debt, next_day = excluded.next_day

-- name: entries_of_events
-- Points that withdrawn events moved and that no entry has set right yet.
select e.id, e.key, e.kind, e.customer, e.source, e.seq
from ledger_entry e
where e.seq = any(%(seqs)s::bigint[]) and e.kind in ('earn', 'return')
    and not exists (select from ledger_entry d where d.key = 'withdrawn:' || e.key)

-- name: lots_of_entries
-- What an award opened, and what a return took from where.
select l.entry, l.id, 0::bigint from lot l where l.entry = any(%(entries)s::bigint[])
union all
select a.entry, a.lot, a.points
from allocation a join ledger_entry e on e.id = a.entry and e.kind = 'return'
where a.entry = any(%(entries)s::bigint[])

-- name: other_returns
-- What the returns of these orders come to without those that were withdrawn; one that waits for its order took nothing.
select e.source, sum(e.cents)::bigint
from ledger_entry e
where e.source = any(%(sources)s::text[]) and e.kind = 'return' and not e.parked and e.cents is not null
    and not is_withdrawn(e.seq)
group by e.source

-- name: let_out
-- Enrolments since the first of the withdrawn events came, of people who are not in the segment that let them in.
with events as (select received_at from journal where seq = %(first)s)
update enrolment e
set status = 'exited', reason = %(reason)s, ended_at = %(now)s
from unnest(%(versions)s::bigint[], %(segments)s::text[]) as v (version, segment), events
where e.version = v.version and e.status = 'live' and e.customer = any(%(customers)s::bigint[])
    and e.entered_at >= events.received_at
    and not exists (select from segment_member m where m.segment = v.segment and m.customer = e.customer)
returning e.id

-- name: members_among
-- Who of these has points, or had some.
select customer from wallet where customer = any(%(customers)s::bigint[]) order by customer

-- name: entomb_entries
-- What was posted stays posted; of whom, for which order and in what words is gone.
update ledger_entry e
set customer = %(nobody)s, seq = null, key = 'erased:' || e.id, body_hash = 0, note = '', parked = false,
    source = case when e.source is not null then coalesce(
        (
            select o.tombstone from unnest(%(orders)s::text[], %(tombstones)s::text[]) as o (number, tombstone)
            where o.number = e.source
        ), 'erased:' || e.id) end
where e.customer = any(%(customers)s::bigint[])

-- name: entomb_lots
-- The lots of those entries, empty by now.
update lot l
set customer = %(nobody)s, seq = null, line = '', source = coalesce(
    (
        select o.tombstone from unnest(%(orders)s::text[], %(tombstones)s::text[]) as o (number, tombstone)
        where o.number = l.source
    ), 'erased:' || l.id)
where l.customer = any(%(customers)s::bigint[])

-- name: drop_wallets
-- Nobody is left to have one.
delete from wallet where customer = any(%(customers)s::bigint[])

-- name: entomb_enrolments
-- How many walked a journey and how it ended for them stays true; who it was is gone. A journey under way ends.
update enrolment
set customer = %(nobody)s, entry_key = 'erased:' || id, seed = 0,
    reason = case when status = 'live' then %(reason)s else reason end,
    ended_at = case when status = 'live' then %(now)s else ended_at end,
    status = case when status = 'live' then 'exited' else status end
where customer = any(%(customers)s::bigint[])
