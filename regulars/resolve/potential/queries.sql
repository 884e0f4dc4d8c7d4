-- How far sources can be joined, measured in sets: what the sources brought is put beside its links once, counted by the
-- planner, and asked about then. From arrays alone it would guess a handful of rows and look each link up by itself.

-- name: hash_in_memory
-- For this transaction: sets of this size are joined and counted without going to the disk.
set local work_mem = '64MB'

-- name: take_used
-- The evidence of all stretches, one row a source and signature.
create temp table audit_used on commit drop as
select u.source_id, e.signature, sum(e.events) as events, sum(e.cents)::bigint as cents
from audit_use u, lateral unnest(u.signatures, u.events, u.revenue_cents) as e(signature, events, cents)
group by 1, 2

-- name: count_used
-- So that the planner knows how many there are.
analyze audit_used

-- name: take_held
-- Which values each of them holds, and whose it is. A generic value meets nobody.
create temp table audit_held on commit drop as
select distinct u.source_id, u.signature, u.events, l.value, coalesce(s.customer, 0) as customer,
    split_part(v.type, ':', 1) as type
from audit_used u
join signature s on s.id = u.signature
join link l on l.signature = u.signature
join value v on v.id = l.value
where l.state <> 2 and v.type <> 'order'

-- name: count_held
-- As above.
analyze audit_held

-- name: match_potential
-- Per source and type of identifier: records that carry one; those whose value another source carries, too; those whom
-- the evidence then says are the same customer. A generic value meets nobody. With `other` for each other source alone;
-- with an empty type for all identifiers together.
with places as materialized (
    select value, source_id, array_agg(distinct customer) as customers from audit_held group by 1, 2
), met as materialized (
    select h.source_id, h.type, h.signature, h.events, p.source_id as other,
        bool_or(h.customer > 0 and h.customer = any(p.customers)) as same
    from audit_held h join places p on p.value = h.value and p.source_id <> h.source_id
    group by 1, 2, 3, 4, 5
), carried as (
    select source_id, type, sum(events) as events
    from (select distinct source_id, type, signature, events from audit_held) h group by 1, 2
    union all
    select source_id, '', sum(events) from (select distinct source_id, signature, events from audit_held) h group by 1
), joined as (
    select source_id, type, other, sum(events) as events, 0 as same from met group by 1, 2, 3
    union all
    select source_id, type, null, sum(events), sum(events) filter (where same)
    from (select source_id, type, signature, events, bool_or(same) as same from met group by 1, 2, 3, 4) m group by 1, 2
    union all
    select source_id, '', other, sum(events), 0
    from (select distinct source_id, other, signature, events from met) m group by 1, 3
    union all
    select source_id, '', null, sum(events), sum(events) filter (where same)
    from (select source_id, signature, events, bool_or(same) as same from met group by 1, 2, 3) m group by 1
)
select s.name, c.type, o.name, c.events::bigint, coalesce(j.events, 0)::bigint, coalesce(j.same, 0)::bigint
from carried c
join source s on s.id = c.source_id
left join joined j on j.source_id = c.source_id and j.type = c.type
left join source o on o.id = j.other
order by s.name, c.type, o.name nulls first

-- name: recognized
-- What was paid at each source, by the strongest evidence of who paid; an empty type: nobody we know.
with best as materialized (
    select distinct on (l.signature) l.signature, v.type
    from (select distinct signature from audit_used where cents <> 0) u
    join link l on l.signature = u.signature
    join value v on v.id = l.value
    where l.state = 0
    order by l.signature, v.type = 'order', l.level, v.type
)
select o.name, coalesce(split_part(b.type, ':', 1), ''), sum(u.cents)::bigint
from audit_used u
join source o on o.id = u.source_id
join signature s on s.id = u.signature
left join customer c on c.id = s.customer and c.known
left join best b on b.signature = s.id and c.id is not null
where u.cents <> 0
group by 1, 2
order by 1, 3 desc

-- name: drop_taken
-- The same transaction may measure again.
drop table audit_used, audit_held

-- name: measure
-- What was found the last time.
select read_until, made_at, seconds, matches::text, recognized::text from match_measure

-- name: put_measure
-- The latest takes the place of the one before.
insert into match_measure (read_until, made_at, seconds, matches, recognized)
values (%(read_until)s, %(now)s, %(seconds)s, %(matches)s::jsonb, %(recognized)s::jsonb)
on conflict (only_row) do update set read_until = excluded.read_until, made_at = excluded.made_at,
    seconds = excluded.seconds, matches = excluded.matches, recognized = excluded.recognized
