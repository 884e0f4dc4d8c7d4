-- For DuckDB over the lake. The one row of `bound` says which days are the year: first_day to last_day, "after" from split.

-- name: bound
-- A view takes no parameters, a table does.
create table bound as select $first_day::bigint as first_day, $split::bigint as split, $last_day::bigint as last_day

-- name: bought
-- Orders of customers we know, within the year.
create table bought as
select coalesce(s.holder, m.customer) as customer, f.day, f.occurred_us, coalesce(f.revenue_cents, 0) as cents, f.channel,
       coalesce(f.coupon_cents, 0) as coupon_cents, f.day >= b.split as later
from facts f
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
left join membership m on m.signature = f.signature
join everybody e on e.customer = coalesce(s.holder, m.customer) and e.known
cross join bound b
where f.event = 'Order Completed' and f.day between b.first_day and b.last_day

-- name: lines
-- Their products, one row a product and order.
create view line as
select coalesce(s.holder, m.customer) as customer, f.seq, f.category, f.product, coalesce(f.revenue_cents, 0) as cents,
       f.day >= b.split as later
from facts f
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
left join membership m on m.signature = f.signature
join everybody e on e.customer = coalesce(s.holder, m.customer) and e.known
cross join bound b
where f.event = 'Order Line' and f.day between b.first_day and b.last_day

-- name: granted
-- Tier credits that were given besides those for spend.
create view granted as
select coalesce(s.holder, m.customer) as customer, coalesce(f.quantity, 0) as credits
from facts f
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
left join membership m on m.signature = f.signature
cross join bound b
where f.event = 'Tier Credit Granted' and f.day between b.first_day and b.last_day

-- name: last_day
-- The last day with an order: the year ends there.
select max(day) from facts where event = 'Order Completed' and day <= $until

-- name: quarters
-- Quarter hours with orders.
select distinct occurred_us // 900000000 as quarter from bought

-- name: buyers
-- Everything the detectors read of a customer, one row each. Gaps are between days with an order.
with days as (
    select customer, day, day - lag(day) over (partition by customer order by day) as gap
    from (select distinct customer, day from bought)
), rhythm as (
    select customer, count(*) as days, coalesce(sum(gap * gap), 0) as gap_squares from days group by customer
), spent as (
    select b.customer,
           count(*) filter (where not later) as orders_before, count(*) filter (where later) as orders_after,
           coalesce(sum(cents) filter (where not later), 0) as spend_before,
           coalesce(sum(cents) filter (where later), 0) as spend_after, sum(cents) as spend_year,
           min(day) as first_day, max(day) as last_day,
           coalesce(max(day) filter (where not later), min(day)) as last_before,
           count(distinct channel) filter (where not later) as channels_before,
           count(*) filter (where coupon_cents > 0) as coupon_orders, sum(coupon_cents) as coupon_cents,
           coalesce(mode(h.hour), -1) as usual_hour
    from bought b left join hour_of h on h.quarter = b.occurred_us // 900000000
    group by b.customer
), credited as (
    select customer, sum(credits) as credits from granted group by customer
), had as (
    select l.customer, bit_or(case when later then 0 else 1::bigint << k.place end) as had_before,
           bit_or(case when later then 1::bigint << k.place else 0 end) as had_after
    from line l join kind k on k.category = l.category group by l.customer
)
select s.customer, s.orders_before::double as orders_before, s.orders_after::double as orders_after,
       s.spend_before::double as spend_before, s.spend_after::double as spend_after, s.spend_year::double as spend_year,
       s.first_day::double as first_day, s.last_day::double as last_day, s.last_before::double as last_before,
       s.channels_before::double as channels_before, s.coupon_orders::double as coupon_orders,
       s.coupon_cents::double as coupon_cents, r.days::double as days, r.gap_squares::double as gap_squares,
       coalesce(c.credits, 0)::double as granted_credits, s.usual_hour::bigint as usual_hour,
       coalesce(h.had_before, 0)::bigint as had_before, coalesce(h.had_after, 0)::bigint as had_after,
       bit_count(coalesce(h.had_before, 0))::double as breadth_before
from spent s
join rhythm r on r.customer = s.customer
left join credited c on c.customer = s.customer
left join had h on h.customer = s.customer
order by s.customer

-- name: kinds
-- The categories most customers buy, with a bit each.
create table kind as
select category, row_number() over (order by buyers desc, category) - 1 as place
from (select category, count(distinct customer) as buyers from line where category is not null group by category)
order by buyers desc, category limit $most

-- name: kind_spend
-- What a buyer spends on it in the last weeks.
select k.category, coalesce(sum(l.cents) filter (where l.later), 0)::double
       / greatest(count(distinct l.customer) filter (where l.later), 1) as cents
from kind k left join line l on l.category = k.category
group by k.category, k.place order by k.place

-- name: hours
-- Orders by week before the last day and hour of the week.
select (d.last_day - b.day) // 7 as week, h.hour, count(*) as orders
from bought b cross join bound d join hour_of h on h.quarter = b.occurred_us // 900000000 group by 1, 2

-- name: goods
-- The products with most revenue before.
create table good as
select product, any_value(category) as category, row_number() over (order by sum(cents) desc, product) - 1 as place
from line where product is not null and not later group by product
order by sum(cents) desc, product limit $most

-- name: held
-- Orders that hold each of these products, by customer.
create table held as
select g.place, l.customer, count(distinct l.seq) filter (where not l.later) as before,
       count(distinct l.seq) filter (where l.later) as later, coalesce(sum(l.cents) filter (where not l.later), 0) as cents
from line l join good g on g.product = l.product group by 1, 2

-- name: goods_sums
-- Sums over customers, for the spread of any difference.
select any_value(g.product) as product, coalesce(any_value(g.category), 'Product') as category,
       sum(before)::double as before, sum(later)::double as after, sum(before * before)::double as square_before,
       sum(later * later)::double as square_after, sum(before * later)::double as crossed
from held h join good g on g.place = h.place group by h.place order by h.place

-- name: loyal
-- Who bought one of them again and again.
select place, customer, before::double as before, later::double as after, cents::double as cents
from held where before >= $least order by place, customer
