-- For DuckDB, over the lake. Parameters are written $name.

-- name: member_table
-- Filled from PostgreSQL: the lake names records, never customers.
create table member (signature bigint, customer bigint)

-- name: take_members
-- What was registered as an array becomes a table that joins fast.
insert into member select signature, customer from arrived

-- name: span_table
-- The same for sessions on shared carriers.
create table span (signature bigint, from_us bigint, to_us bigint, customer bigint)

-- name: take_spans
-- What was registered as an array becomes a table.
insert into span select signature, from_us, to_us, customer from arrived_spans

-- name: orders_view
-- One row an order. `owner` is the customer, or the record while nobody is known: reports need units that are independent.
-- A span ends at its last event, which belongs to it, so both ends count; the spans of a record never share an instant.
create view orders as
select coalesce(s.customer, m.customer, f.signature) as owner, coalesce(s.customer, m.customer) as customer,
       f.day, f.occurred_us, coalesce(f.revenue_cents, 0) as revenue_cents, coalesce(f.quantity, 0) as pieces,
       coalesce(f.discount_cents, 0) + coalesce(f.coupon_cents, 0) as saved_cents, f.store, f.channel, f.household
from facts f
left join member m on m.signature = f.signature
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
where f.event = 'Order Completed'

-- name: lines_view
-- One row a product of an order.
create view lines as
select coalesce(s.customer, m.customer, f.signature) as owner, f.day, coalesce(f.revenue_cents, 0) as revenue_cents,
       f.category, f.department, f.brand, f.channel, f.store
from facts f
left join member m on m.signature = f.signature
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
where f.event = 'Order Line'

-- name: first_and_last
-- Between which days anything was bought.
select min(day), max(day) from facts where event = 'Order Completed'

-- name: totals_by_owner
-- What each customer did in this period and the one before: everything the trends need.
select owner,
       count(*) filter (where day >= $split) as orders_now,
       count(*) filter (where day < $split) as orders_before,
       coalesce(sum(revenue_cents) filter (where day >= $split), 0)::double as revenue_now,
       coalesce(sum(revenue_cents) filter (where day < $split), 0)::double as revenue_before,
       coalesce(sum(pieces) filter (where day >= $split), 0)::double as pieces_now,
       coalesce(sum(pieces) filter (where day < $split), 0)::double as pieces_before,
       coalesce(sum(saved_cents) filter (where day >= $split), 0)::double as saved_now,
       coalesce(sum(saved_cents) filter (where day < $split), 0)::double as saved_before
from orders where day between $start and $until group by owner order by owner

-- name: orders_by_quarter_hour
-- Few rows whatever the number of orders; weekday and hour in the brand's zone are worked out from them.
select (occurred_us // 900000000)::bigint as quarter, (day >= $split)::int as is_now, count(*) as orders,
       sum(revenue_cents)::bigint as revenue_cents
from orders where day between $start and $until group by 1, 2 order by 1, 2

-- name: revenue_by_weekday_and_owner
-- The same by customer, for how sure a shift between weekdays is. 0 is Monday.
select owner, ((day + 3) % 7)::int as weekday, (day >= $split)::int as is_now, sum(revenue_cents)::double as revenue
from orders where day between $start and $until group by 1, 2, 3 order by 1, 2, 3

-- name: orders_by_value
-- Orders by whole unit of checkout value; bands are made of them. Money given back at the till is below 0.
select (revenue_cents // 100)::bigint as size, (day >= $split)::int as is_now, count(*) as orders,
       sum(revenue_cents)::bigint as revenue_cents
from orders where day between $start and $until group by 1, 2 order by 1, 2

-- name: orders_by_pieces
-- Orders by pieces in the cart; bands are made of them.
select pieces::bigint as size, (day >= $split)::int as is_now, count(*) as orders,
       sum(revenue_cents)::bigint as revenue_cents
from orders where day between $start and $until group by 1, 2 order by 1, 2

-- name: mix_by_owner
-- What each customer spent on each part of the range, named by `part`.
select owner, coalesce(case $part when 'category' then category when 'department' then department
                       when 'brand' then brand else channel end, 'Not known') as part,
       coalesce(sum(revenue_cents) filter (where day >= $split), 0)::double as revenue_now,
       coalesce(sum(revenue_cents) filter (where day < $split), 0)::double as revenue_before
from lines where day between $start and $until group by 1, 2 order by 1, 2

-- name: by_week
-- Whole weeks only, Monday to Sunday.
select ((day + 3) // 7)::bigint as week, count(*) as orders, sum(revenue_cents)::bigint as revenue_cents,
       count(distinct owner) as buyers
from orders where day between $start and $until group by 1 order by 1

-- name: spend_by_customer
-- Everybody's spend, highest first; ties by id so that the answer is one.
select owner::varchar as owner, sum(revenue_cents)::bigint as revenue_cents, count(*) as orders
from orders where day between $start and $until group by 1 order by 2 desc, 1

-- name: spend_by_household
-- The same by the household that panel data carry on each order.
select household as owner, sum(revenue_cents)::bigint as revenue_cents, count(*) as orders
from orders where day between $start and $until and household is not null group by 1 order by 2 desc, 1

-- name: best_buyers
-- Highest spend of people we know.
select customer, sum(revenue_cents)::bigint as revenue_cents, count(*) as orders, max(day) as last_day
from orders where customer is not null and day between $start and $until
group by 1 order by 2 desc, 1 limit $most
