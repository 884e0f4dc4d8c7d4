-- For DuckDB over the lake. The one row of `bound` says which days are the year: first_day to last_day, "after" from split.

-- name: bound
-- A view takes no parameters, a table does.
create table bound as select $first_day::bigint as first_day, $split::bigint as split, $last_day::bigint as last_day

-- name: owned
-- What customers we know did within the year, each under the number she has.
create view mine as
select coalesce(s.holder, m.customer) as customer, f.*, f.day >= b.split as later
from facts f
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
left join membership m on m.signature = f.signature
join everybody e on e.customer = coalesce(s.holder, m.customer) and e.known
cross join bound b
where f.day between b.first_day and b.last_day

-- name: bought
-- Orders.
create table bought as
select customer, day, occurred_us, coalesce(revenue_cents, 0) as cents, channel,
       coalesce(coupon_cents, 0) as coupon_cents, later
from mine where event = 'Order Completed'

-- name: line
-- Their products, one row a product and order; what was given back is money and no order.
create view line as
select customer, case when event = 'Order Line' then seq end as seq, category, product,
       coalesce(revenue_cents, 0) - coalesce(refund_cents, 0) as cents, later
from mine where event in ('Order Line', 'Item Returned', 'Order Refunded')

-- name: given
-- Money that was given back, and tier credits that were given besides those for spend.
create table given as
select customer, coalesce(sum(refund_cents) filter (where not later), 0) as back_before,
       coalesce(sum(refund_cents) filter (where later), 0) as back_after,
       coalesce(sum(quantity) filter (where event = 'Tier Credit Granted'), 0) as credits
from mine where event in ('Item Returned', 'Order Refunded', 'Tier Credit Granted') group by customer

-- name: last_day
-- The last day with an order: the year ends there.
select max(day) from facts where event = 'Order Completed' and day <= $until

-- name: quarters
-- Quarter hours with orders.
select distinct occurred_us // 900000000 as quarter from bought

-- name: buyers
-- Everything the detectors read of a customer, one row each. Gaps are between days with an order; spend is less refunds;
-- two channels stand for two and more.
with days as (
    select customer, day, day - lag(day) over (partition by customer order by day) as gap
    from (select distinct customer, day from bought)
), rhythm as (
    select customer, count(*) as days, coalesce(sum(gap * gap), 0) as gap_squares from days group by customer
), hours as (
    select customer, arg_max(hour, 1000 * orders - hour) as usual_hour from (
        select b.customer, h.hour, count(*) as orders
        from bought b join hour_of h on h.quarter = b.occurred_us // 900000000 group by 1, 2
    ) group by customer
), spent as (
    select customer,
           count(*) filter (where not later) as orders_before, count(*) filter (where later) as orders_after,
           coalesce(sum(cents) filter (where not later), 0) as spend_before,
           coalesce(sum(cents) filter (where later), 0) as spend_after,
           min(day) as first_day, max(day) as last_day,
           coalesce(max(day) filter (where not later), min(day)) as last_before,
           min(channel) filter (where not later) as one_channel, max(channel) filter (where not later) as other_channel,
           count(*) filter (where coupon_cents > 0) as coupon_orders, sum(coupon_cents) as coupon_cents
    from bought group by customer
), had as (
    select customer, bit_or(case when later then 0 else kinds end) as had_before,
           bit_or(case when later then kinds else 0 end) as had_after
    from basket group by customer
)
select s.customer, s.orders_before::double as orders_before, s.orders_after::double as orders_after,
       (s.spend_before - coalesce(g.back_before, 0))::double as spend_before,
       (s.spend_after - coalesce(g.back_after, 0))::double as spend_after,
       (s.spend_before + s.spend_after - coalesce(g.back_before + g.back_after, 0))::double as spend_year,
       s.first_day::double as first_day, s.last_day::double as last_day, s.last_before::double as last_before,
       case when one_channel is null then 0 when one_channel = other_channel then 1 else 2 end::double
           as channels_before,
       s.coupon_orders::double as coupon_orders,
       s.coupon_cents::double as coupon_cents, r.days::double as days, r.gap_squares::double as gap_squares,
       coalesce(g.credits, 0)::double as granted_credits, coalesce(u.usual_hour, -1)::bigint as usual_hour,
       coalesce(h.had_before, 0)::bigint as had_before, coalesce(h.had_after, 0)::bigint as had_after,
       bit_count(coalesce(h.had_before, 0))::double as breadth_before
from spent s
join rhythm r on r.customer = s.customer
left join hours u on u.customer = s.customer
left join given g on g.customer = s.customer
left join had h on h.customer = s.customer
order by s.customer

-- name: sold
-- Every category with how many bought it (an estimate: it only chooses), every product with its revenue before.
create table sold as
select category, product, grouping(product) = 1 as is_category, any_value(category) as its_category,
       approx_count_distinct(customer) filter (where seq is not null) as buyers,
       coalesce(sum(cents) filter (where not later), 0) as cents
from line group by grouping sets ((category), (product))

-- name: kinds
-- The categories most customers buy, with a bit each.
create table kind as
select category, row_number() over (order by buyers desc, category) - 1 as place
from sold where is_category and category is not null order by buyers desc, category limit $most

-- name: goods
-- The products with most revenue before, with a bit each of two words.
create table good as
select product, its_category as category, row_number() over (order by cents desc, product) - 1 as place
from sold where not is_category and product is not null and cents > 0 order by cents desc, product limit $most

-- name: baskets
-- What an order held, as bits of categories and products: no line of it is counted twice, and few bytes stay of it.
create table basket as
select any_value(l.customer) as customer, any_value(l.later) as later,
       bit_or(coalesce(1::bigint << k.place, 0)) as kinds,
       bit_or(case when g.place < 60 then 1::bigint << g.place else 0 end) as low_goods,
       bit_or(case when g.place >= 60 then 1::bigint << (g.place - 60) else 0 end) as high_goods
from line l left join kind k on k.category = l.category left join good g on g.product = l.product
where l.seq is not null and (k.place is not null or g.place is not null)
group by l.seq

-- name: kind_spend
-- What a buyer spends on it in the last weeks.
with spent as (
    select k.place, sum(l.cents) as cents from line l join kind k on k.category = l.category where l.later group by 1
), later as (
    select customer, bit_or(kinds) as kinds from basket where later group by customer
), counted as (
    select k.place, count(*) as buyers from later l join kind k on (l.kinds >> k.place) & 1 = 1 group by 1
)
select k.category, greatest(coalesce(s.cents, 0), 0)::double / greatest(coalesce(c.buyers, 0), 1) as cents
from kind k left join spent s on s.place = k.place left join counted c on c.place = k.place order by k.place

-- name: hours
-- Orders by week before the last day and hour of the week.
select (d.last_day - b.day) // 7 as week, h.hour, count(*) as orders
from bought b cross join bound d join hour_of h on h.quarter = b.occurred_us // 900000000 group by 1, 2

-- name: held
-- Orders that hold each of these products, by customer.
create table held as
select g.place, b.customer, count(*) filter (where not b.later) as before, count(*) filter (where b.later) as later
from basket b join good g
    on ((case when g.place < 60 then b.low_goods else b.high_goods end) >> (g.place % 60)) & 1 = 1
group by 1, 2

-- name: goods_sums
-- Sums over customers, for the spread of any difference.
select any_value(g.product) as product, coalesce(any_value(g.category), 'Product') as category,
       sum(before)::double as before, sum(later)::double as after, sum(before * before)::double as square_before,
       sum(later * later)::double as square_after, sum(before * later)::double as crossed
from held h join good g on g.place = h.place group by h.place order by h.place

-- name: loyal
-- Who bought one of them again and again, and what they kept of it was paid with before.
with loyal as (
    select place, customer, before, later from held where before >= $least
), paid as (
    select o.place, o.customer, sum(l.cents) as cents
    from line l join good g on g.product = l.product
    join loyal o on o.place = g.place and o.customer = l.customer where not l.later group by 1, 2
)
select o.place, o.customer, o.before::double as before, o.later::double as after,
       greatest(coalesce(p.cents, 0), 0)::double as cents
from loyal o left join paid p on p.place = o.place and p.customer = o.customer order by o.place, o.customer
