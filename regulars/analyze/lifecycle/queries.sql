-- name: move_stages
-- Stages and their history in one statement; the numbers make the messages about them unique for all time.
with given as (
    select * from unnest(%(customers)s::bigint[], %(before)s::text[], %(after)s::text[])
        with ordinality as g (customer, before, after, place)
), stand as (
    insert into lifecycle_stage (customer, stage, since)
    select customer, after, %(at)s from given where after is not null
    on conflict (customer) do update set stage = excluded.stage, since = excluded.since
), gone as (
    delete from lifecycle_stage s using given g where g.after is null and s.customer = g.customer
)
insert into lifecycle_move (customer, before, after, at, day)
select customer, before, after, %(at)s, coalesce((select day from as_of), %(today)s) from given order by place
returning id, customer, before, after

-- name: entomb_stages
-- How many were in a stage on any day stays true.
update lifecycle_move set customer = %(nobody)s where customer = any(%(customers)s::bigint[])

-- name: stage_of
-- Where she stands, and since when.
select stage, since from lifecycle_stage where customer = %(customer)s

-- name: moves_of
-- How she came there, newest first.
select before, after, at from lifecycle_move where customer = %(customer)s order by id desc limit %(limit)s

-- name: sizes
-- How many stand in each stage now.
select stage, count(*) from lifecycle_stage group by stage

-- name: figures
-- What a stage brings now: people, spend of a year, orders of a quarter, people who answered.
select s.stage, count(*), coalesce(sum(t.spend_365_cents), 0)::bigint, coalesce(sum(t.orders_90), 0)::bigint,
    count(*) filter (where t.survey_answers > 0),
    coalesce(sum(t.survey_mean) filter (where t.survey_answers > 0), 0)::double precision
from lifecycle_stage s
left join trait_state t on t.customer = s.customer
group by s.stage

-- name: conversion
-- Of those who came into a stage so long ago that they had their time: who went further within it. Who went up in
-- another within it, or was known no more, had no time: those with many records do, and they would count as staying.
with place as (
    select stage, place from unnest(%(order)s::text[]) with ordinality as o (stage, place)
), came as (
    select m.customer, m.id, m.day, m.after, p.place
    from lifecycle_move m
    join place p on p.stage = m.after
    where m.day > %(since)s and m.day <= %(until)s
), later as (
    select m.customer, m.id, m.day, p.place
    from lifecycle_move m
    left join place p on p.stage = m.after
    left join place b on b.stage = m.before
    where m.day > %(since)s and (m.after is null or b.place is null or p.place > b.place)
)
select after, count(*), count(*) filter (where went_further) from (
    select c.after, bool_or(l.place > c.place) as went_further, bool_or(l.id is not null and l.place is null) as ended
    from came c
    left join later l on l.customer = c.customer and l.id > c.id and l.day <= c.day + %(days)s
    group by c.after, c.customer
) w
where not ended
group by after

-- name: keep_figures
-- One row a stage, of the day it was counted on.
insert into lifecycle_figure (stage, day, customers, spend_365_cents, orders_90, answered, answers, watched, further)
values (%(stage)s, %(day)s, %(customers)s, %(spend_365_cents)s, %(orders_90)s, %(answered)s, %(answers)s, %(watched)s,
        %(further)s)
on conflict (stage) do update
set day = excluded.day, customers = excluded.customers, spend_365_cents = excluded.spend_365_cents,
    orders_90 = excluded.orders_90, answered = excluded.answered, answers = excluded.answers,
    watched = excluded.watched, further = excluded.further

-- name: kept_figures
-- As they were counted last.
select day, stage, customers, spend_365_cents, orders_90, answered, answers, watched, further from lifecycle_figure

-- name: flows
-- From where to where people got since a day: whoever moved was, at its end, what the first move since says before.
with first_move as (
    select distinct on (customer) customer, before from lifecycle_move where day > %(since)s order by customer, id
)
select coalesce(f.before, ''), coalesce(s.stage, ''), count(*)
from first_move f
left join lifecycle_stage s on s.customer = f.customer
group by 1, 2

-- name: drop_flows
-- They are counted anew.
delete from lifecycle_flow

-- name: keep_flows
-- The same for a usual stretch of days, as counted on a day.
insert into lifecycle_flow (days, before, after, customers)
select %(days)s, f.* from unnest(%(before)s::text[], %(after)s::text[], %(customers)s::bigint[]) as f

-- name: kept_flows
-- As they were counted last.
select before, after, customers from lifecycle_flow where days = %(days)s

-- name: keep_net
-- What every day changed by the moves that are not counted yet, whichever day they are of: history may come late.
with counted as (
    update lifecycle_counted c set until = greatest(c.until, coalesce((select max(id) from lifecycle_move), 0))
    from lifecycle_counted b
    where b.one = c.one
    returning b.until as since
), uncounted as materialized (
    select m.day, m.before, m.after from lifecycle_move m join counted c on m.id > c.since
)
insert into lifecycle_net (day, stage, change)
select day, stage, sum(change)::bigint from (
    select day, after as stage, 1 as change from uncounted where after is not null
    union all
    select day, before, -1 from uncounted where before is not null
) m
group by day, stage
on conflict (day, stage) do update set change = lifecycle_net.change + excluded.change

-- name: net_by_day
-- What every day of a stretch changed, newest first: sizes of the past are those of now without it.
with counted as materialized (
    select until from lifecycle_counted
)
select day, stage, sum(change)::bigint from (
    select day, stage, change from lifecycle_net where day > %(since)s
    union all
    select day, after, 1 from lifecycle_move
    where id > (select until from counted) and day > %(since)s and after is not null
    union all
    select day, before, -1 from lifecycle_move
    where id > (select until from counted) and day > %(since)s and before is not null
) m
group by day, stage
order by day desc

-- name: first_day
-- How far back moves go.
select min(day) from lifecycle_move

-- name: members
-- A page of those in a stage, the ones who came last first.
select s.customer, s.since, m.before
from lifecycle_stage s
left join lateral (
    select before from lifecycle_move m where m.customer = s.customer order by id desc limit 1
) m on true
where s.stage = %(stage)s and (s.since, s.customer) < (%(since)s, %(customer)s)
order by s.since desc, s.customer desc
limit %(limit)s
