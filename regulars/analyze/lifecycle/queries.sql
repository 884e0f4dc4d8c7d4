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

-- name: figures
-- What a stage brings now: people, spend of a year, orders of a quarter, people who spent.
select s.stage, count(*), coalesce(sum(t.spend_365_cents), 0)::bigint, coalesce(sum(t.orders_90), 0)::bigint,
    count(*) filter (where t.survey_answers > 0),
    coalesce(sum(t.survey_mean) filter (where t.survey_answers > 0), 0)::double precision
from lifecycle_stage s
left join trait_state t on t.customer = s.customer
group by s.stage

-- name: conversion
-- Of those who came into a stage so long ago that they had their time: who went further within it, who fell back.
select m.after, count(distinct m.customer),
    count(distinct m.customer) filter (where exists (
        select from lifecycle_move n
        where n.customer = m.customer and n.id > m.id and n.day <= m.day + %(days)s
            and array_position(%(order)s::text[], n.after::text) > array_position(%(order)s::text[], m.after::text)
    ))
from lifecycle_move m
where m.day > %(since)s and m.day <= %(until)s and m.after is not null
group by m.after

-- name: flows
-- From where to where people got since a day: whoever moved was, at its end, what the first move since says before.
with first_move as (
    select distinct on (customer) customer, before from lifecycle_move where day > %(since)s order by customer, id
)
select coalesce(f.before, ''), coalesce(s.stage, ''), count(*)
from first_move f
left join lifecycle_stage s on s.customer = f.customer
group by 1, 2

-- name: net_by_day
-- What every day of a stretch changed, newest first: sizes of the past are those of now without it.
select day, stage, sum(change)::bigint from (
    select day, after as stage, 1 as change from lifecycle_move where day > %(since)s and after is not null
    union all
    select day, before, -1 from lifecycle_move where day > %(since)s and before is not null
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
