-- name: last_search
-- At most one search a day, whether it ended well or not.
select max(searched_day) from opportunity_run

-- name: add_run
-- The number of this search.
insert into opportunity_run (searched_day, as_of_day, customers, searched_at, seconds, fault)
values (%(searched_day)s, %(as_of_day)s, %(customers)s, %(at)s, %(seconds)s, %(fault)s) returning version

-- name: drop_old_runs
-- Trends need a year of searches.
delete from opportunity_run where searched_day < %(before)s

-- name: add_told
-- What every detector said, at once.
insert into opportunity (version, name, rank, is_found, told)
select %(version)s, * from unnest(%(names)s::text[], %(ranks)s::int[], %(found)s::boolean[], %(told)s::jsonb[])

-- name: clear_members
-- Members are those of the newest search. Not truncated: whoever reads a page meanwhile sees the last ones.
delete from opportunity_member

-- name: load_members
-- All at once, by customer.
copy opportunity_member (name, customer, stake_cents, reasons) from stdin

-- name: drop_gone
-- Who was erased while the search judged. Asked under the flow's lock, so that no erasure runs beside it.
with gone as (
    select n.customer from (select customer from opportunity_member union select customer from expectation_case) n
    left join redirect r on r.old = n.customer
    where not exists (select from customer c where c.id = coalesce(r.customer, n.customer))
), counted as (
    delete from opportunity_member m using gone g where m.customer = g.customer
)
delete from expectation_case k using gone g where k.customer = g.customer

-- name: newest_run
-- The newest search that ended well.
select version, searched_day, as_of_day, customers, searched_at, seconds
from opportunity_run where fault is null order by version desc limit 1

-- name: later_fault
-- A search that failed since.
select fault from opportunity_run where version > %(version)s and fault is not null order by version desc limit 1

-- name: told
-- What this search said, in its order.
select name, is_found, told from opportunity where version = %(version)s order by rank

-- name: sizes
-- Members who are still customers, each under the number she has now.
select m.name, count(distinct c.id)
from opportunity_member m
left join redirect r on r.old = m.customer
join customer c on c.id = coalesce(r.customer, m.customer)
group by m.name

-- name: members
-- A page, those with most at stake first. Who was merged stands under the number she has now.
select c.id, m.customer, m.stake_cents, m.reasons
from opportunity_member m
left join redirect r on r.old = m.customer
join customer c on c.id = coalesce(r.customer, m.customer)
where m.name = %(name)s
    and (%(stake)s::bigint is null or (m.stake_cents, -m.customer) < (%(stake)s::bigint, -%(after)s::bigint))
order by m.stake_cents desc, m.customer
limit %(limit)s

-- name: members_once
-- Those with most at stake, each once, however many of the numbers she was found as are hers now.
select id, found_as, stake_cents, reasons from (
    select distinct on (c.id) c.id, m.customer as found_as, m.stake_cents, m.reasons
    from opportunity_member m
    left join redirect r on r.old = m.customer
    join customer c on c.id = coalesce(r.customer, m.customer)
    where m.name = %(name)s
    order by c.id, m.stake_cents desc, m.customer
) o
order by stake_cents desc, found_as limit %(limit)s

-- name: of_customer
-- The opportunities somebody is part of.
select m.name, m.customer, m.stake_cents, m.reasons
from opportunity_member m
left join redirect r on r.old = m.customer
where coalesce(r.customer, m.customer) = %(customer)s
order by m.stake_cents desc, m.name

-- name: trend
-- Expected money of each opportunity in the searches of the past.
select r.as_of_day, o.name, (o.told -> 'money' ->> 'expected')::double precision, o.is_found
from opportunity o join opportunity_run r using (version)
where o.name = %(name)s order by r.version desc limit %(limit)s

-- name: add_expectations
-- Counts of every expectation, at once.
insert into expectation (version, name, told)
select %(version)s, * from unnest(%(names)s::text[], %(told)s::jsonb[])

-- name: clear_cases
-- Cases are those of the newest search.
delete from expectation_case

-- name: load_cases
-- A case is one event and whose it was.
insert into expectation_case (name, customer, seq, day)
select * from unnest(%(names)s::text[], %(customers)s::bigint[], %(seqs)s::bigint[], %(days)s::int[])
on conflict do nothing

-- name: add_practices
-- Curves of every practice, at once.
insert into practice (version, name, told)
select %(version)s, * from unnest(%(names)s::text[], %(told)s::jsonb[])

-- name: expectations_told
-- What this search counted.
select name, told from expectation where version = %(version)s order by name

-- name: cases
-- Newest first; who was merged stands under the number she has now.
select k.seq, c.id, k.day
from expectation_case k
left join redirect r on r.old = k.customer
join customer c on c.id = coalesce(r.customer, k.customer)
where k.name = %(name)s order by k.day desc, k.seq desc limit %(limit)s

-- name: practices_told
-- What this search counted.
select name, told from practice where version = %(version)s order by name

-- name: take_up
-- Once for each search: a second click finds the first one's row and adds none.
insert into opportunity_taken (name, version, campaign, people, held_out, taken_at, taken_by)
select %(name)s, %(version)s, %(name)s || '-' || %(version)s, 0, 0, %(at)s, %(by)s
on conflict (name, version) do nothing
returning id, campaign

-- name: count_taken
-- Known once everybody is dealt.
update opportunity_taken set people = %(people)s, held_out = %(held_out)s, segment = %(segment)s where id = %(id)s

-- name: taken
-- Newest first.
select campaign, version, people, held_out, taken_at, taken_by, segment
from opportunity_taken where name = %(name)s order by id desc limit %(limit)s
