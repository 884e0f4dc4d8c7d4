-- For PostgreSQL, but for the queries that name `owned`, `did` or `spell`: those are asked of DuckDB, and parameters are
-- written $name.

-- name: did
-- Who did one kind of event on which day, and how much of it: everything else is summed from here.
create or replace table did as
select f.owner, f.day, count(*) as events, coalesce(sum(f.revenue_cents), 0) as revenue,
       count(*) filter (where f.channel = 'web') as on_web
from owned f where f.event = $event and f.day between $first and $last
group by 1, 2

-- name: weekly
-- By week, everybody's.
select (day + 3) // 7 as week, sum(events)::double as events, count(distinct owner)::double as customers,
       sum(revenue)::double as revenue, sum(on_web)::double as on_web
from did group by 1

-- name: weekly_in_scopes
-- By segment and week, of its people on the days on which they were in it.
select s.segment, (d.day + 3) // 7 as week, sum(d.events)::double as events,
       count(distinct d.owner)::double as customers, sum(d.revenue)::double as revenue,
       sum(d.on_web)::double as on_web
from did d join spell s on s.customer = d.owner and d.day >= s.from_day and d.day < s.to_day
group by 1, 2

-- name: weekly_parts
-- One kind of event by category and week: the largest ones of the time looked at.
with largest as (
    select category as part from owned where event = $event and day between $first and $last and category is not null
    group by 1 order by sum(revenue_cents) desc, 1 limit $most
)
select f.category as part, (f.day + 3) // 7 as week, count(*)::double as events,
       count(distinct f.owner)::double as customers, coalesce(sum(f.revenue_cents), 0)::double as revenue,
       (count(*) filter (where f.channel = 'web'))::double as on_web
from owned f join largest l on l.part = f.category
where f.event = $event and f.day between $first and $last
group by 1, 2

-- name: comings
-- By segment and day how many more people it held than the day before; who was in it before the first day comes on it.
select segment, day, sum(more)::double as more from (
    select segment, greatest(from_day, $first) as day, 1 as more from spell where to_day > $first and from_day <= $last
    union all
    select segment, to_day as day, -1 as more from spell where to_day > $first and to_day <= $last
) group by 1, 2

-- name: first_fact_day
-- Since when anything is known.
select min(day) from owned where event = 'Order Completed'

-- name: spells
-- When people came into segments (by their place among the names) and left them, of everybody or of a sample by
-- customer: one spell a visit.
copy (
    select array_position(%(names)s::text[], segment)::bigint - 1, customer, from_day, to_day from (
        select segment, customer, entered, came as from_day,
            coalesce(lead(came) over (partition by segment, customer order by id), %(until)s)::bigint as to_day
        from (
            select id, segment, customer, entered,
                ((at at time zone %(zone)s)::date - date '1970-01-01')::bigint as came
            from segment_move
        ) v
        where customer >= 0 and abs(hashint8(customer)::bigint) %% %(every)s = 0
    ) m
    where entered and to_day > from_day
) to stdout (format binary)

-- name: moves_counted
-- The segments anybody was ever in, and how many spells there would be: decides whether a sample is taken.
select segment, count(*) from segment_move group by segment order by segment

-- name: last_looked
-- The newest week that was looked at.
select max(looked_day) from shift_look

-- name: forget_looks
-- A series that is no longer watched, or whose segment is gone, is drawn no more.
delete from shift_look where looked_day < %(day)s

-- name: keep_looks
-- All series as they were looked at, at once.
insert into shift_look (scope, series, part, first_day, values, holidays, p, looked_day, looked_at)
select g.*, %(looked_day)s, %(now)s from unnest(
    %(scopes)s::text[], %(series)s::text[], %(parts)s::text[], %(first_days)s::int[], %(values)s::jsonb[],
    %(holidays)s::jsonb[], %(ps)s::float8[]
) g
on conflict (scope, series, part) do update
set first_day = excluded.first_day, values = excluded.values, holidays = excluded.holidays, p = excluded.p,
    looked_day = excluded.looked_day, looked_at = excluded.looked_at

-- name: same_shift
-- The same change, found before: a week more or less, in the same direction, is no news.
select id from shift
where scope = %(scope)s and series = %(series)s and part = %(part)s and abs(day - %(day)s) <= %(near)s
    and sign(after - before) = sign(%(after)s::float8 - %(before)s::float8)
order by abs(day - %(day)s), id limit 1

-- name: mend_shift
-- More weeks tell its size better. When it was found stays.
update shift
set low_day = %(low_day)s, high_day = %(high_day)s, before = %(before)s, after = %(after)s, p = %(p)s, shape = %(shape)s
where id = %(id)s

-- name: add_shift
-- A change that nobody was told of.
insert into shift (scope, series, part, day, low_day, high_day, before, after, p, shape, found_at)
values (%(scope)s, %(series)s, %(part)s, %(day)s, %(low_day)s, %(high_day)s, %(before)s, %(after)s, %(p)s, %(shape)s,
        %(now)s)
returning id

-- name: shifts
-- Newest change first; what was seen to comes last.
select id, scope, series, part, day, low_day, high_day, before, after, p, shape, found_at, acknowledged_at,
    acknowledged_by, note
from shift where %(id)s::bigint is null or id = %(id)s
order by acknowledged_at is not null, scope <> '', day desc, p, id limit %(limit)s

-- name: looks
-- The series as they were looked at last.
select scope, series, part, first_day, values, holidays, p, looked_day, looked_at from shift_look
where (%(scope)s::text is null or scope = %(scope)s) and (%(series)s::text is null or series = %(series)s)
    and (%(part)s::text is null or part = %(part)s)
order by scope <> '', scope, series, part

-- name: acknowledge
-- Somebody saw to it; who comes later finds what was said.
update shift set acknowledged_at = %(now)s, acknowledged_by = %(by)s, note = %(note)s where id = %(id)s returning id

-- name: add_breaks
-- Told once a silence or burst; gives those that were not told before. A burst stays in the window for days: it is the
-- same one as long as it was seen within a window.
with given as (
    select * from unnest(
        %(customers)s::bigint[], %(kinds)s::text[], %(days)s::int[], %(found)s::int[], %(ps)s::float8[]
    ) g (customer, kind, day, found_day, p)
), seen_again as (
    update rhythm_break b set day = greatest(b.day, g.day) from given g
    where b.customer = g.customer and b.kind = 'busy' and g.kind = 'busy' and b.day > g.day - %(window_days)s
)
insert into rhythm_break (customer, kind, day, found_day, p)
select customer, kind, day, found_day, p from given g
where kind <> 'busy' or not exists (
    select from rhythm_break b
    where b.customer = g.customer and b.kind = 'busy' and b.day > g.day - %(window_days)s
)
on conflict do nothing
returning customer, kind, day, p

-- name: breaks_of
-- What was told of one customer, newest first.
select kind, day, found_day, p from rhythm_break where customer = %(customer)s order by found_day desc limit %(limit)s

-- name: recent_breaks
-- Whose rhythm broke lately, of those who still are customers.
select b.customer, b.kind, b.day, b.found_day, b.p
from rhythm_break b join trait_state t on t.customer = b.customer and t.known
where b.found_day > %(since)s order by b.found_day desc, b.p, b.customer limit %(limit)s

-- name: drop_breaks
-- An erased customer's rhythm is nobody's business.
delete from rhythm_break where customer = any(%(customers)s::bigint[])

-- name: drop_old_breaks
-- What nobody looks at any more.
delete from rhythm_break where found_day < %(before)s
