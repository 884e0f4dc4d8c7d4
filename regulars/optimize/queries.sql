-- name: fact_files
-- A file of the lake exists for readers once its row is committed.
select path from lake_file where kind = 'facts' and damaged_at is null order by path

-- name: members
-- Which customer each record of the lake belongs to, today.
select id, customer from signature where customer is not null

-- name: spans
-- Sessions on shared carriers: these stretches belong to somebody else.
select signature, (extract(epoch from from_at) * 1000000)::bigint, (extract(epoch from to_at) * 1000000)::bigint,
       customer
from carrier_span

-- name: grade_moves
-- How many customers stood where on two days: the grade on a day is the last change at or before it. Customers of today
-- only, so who was merged away is counted once.
with known as (
    select distinct on (customer) customer, grade from score_change
    where model = %(model)s and as_of_day <= %(from_day)s order by customer, as_of_day desc
), later as (
    select distinct on (customer) customer, grade from score_change
    where model = %(model)s and as_of_day <= %(to_day)s order by customer, as_of_day desc
)
select k.grade, l.grade, count(*)
from customer c left join known k on k.customer = c.id left join later l on l.customer = c.id
where k.grade is not null or l.grade is not null
group by k.grade, l.grade

-- name: graded_days
-- Between which days grades changed at all.
select min(as_of_day), max(as_of_day) from score_change where model = %(model)s

-- name: names_and_grades
-- Who the best customers are, for people.
select c.id, p.first_name, p.last_name, r.grade, l.value
from unnest(%(customers)s::bigint[]) as c (id)
left join profile p on p.customer = c.id
left join score r on r.customer = c.id and r.model = 'rfm'
left join score l on l.customer = c.id and l.model = 'lifetime_value'

-- name: moved_days
-- Between which days anybody entered or left a segment.
select min(day), max(day) from segment_move

-- name: segment_flows
-- Membership on a day is the last move at or before it; who came and left between cancels out.
with ends as (
    select distinct on (segment, customer, day > %(from_day)s) segment, customer, day > %(from_day)s as is_later, entered
    from segment_move where day <= %(to_day)s
    order by segment, customer, day > %(from_day)s, id desc
), pairs as (
    select segment, customer, coalesce(bool_or(entered) filter (where not is_later), false) as was,
           bool_or(entered) filter (where is_later) as became
    from ends group by segment, customer
)
select segment, count(*) filter (where was), count(*) filter (where not was and became),
       count(*) filter (where was and not became)
from pairs group by segment order by segment
