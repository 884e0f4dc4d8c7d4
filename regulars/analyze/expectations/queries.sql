-- For DuckDB over the lake: facts, membership, everybody, span, and `bound` with the days of the year.

-- name: orders_kept
-- Of orders, how many came back in whole or in part within 30 days; the order is named by its id.
with sold as (
    select f.order_hash, f.day, coalesce(f.channel, 'Not known') as part, (b.last_day - 30 - f.day) // 28 as period
    from facts f cross join bound b
    where f.event = 'Order Completed' and f.order_hash is not null and f.day between b.first_day and b.last_day - 30
), back as (
    select order_hash, min(day) as day from facts
    where event in ('Item Returned', 'Order Refunded') and order_hash is not null group by order_hash
)
select s.period, s.part, count(*) filter (k.day - s.day between 0 and 30) as hits, count(*) as trials
from sold s left join back k on k.order_hash = s.order_hash where s.period < 13 group by 1, 2 order by 1, 2

-- name: returns_newest
-- The newest returns and refunds.
select coalesce(s.holder, m.customer) as customer, f.seq, f.day
from facts f cross join bound b
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
left join membership m on m.signature = f.signature
where f.event in ('Item Returned', 'Order Refunded') and f.day between b.first_day and b.last_day
    and coalesce(s.holder, m.customer) is not null
order by f.day desc, f.seq desc limit $most

-- name: came_back
-- Of customers we know, by the day of their first order: how many bought again on another day within 60 days.
with bought as (
    select coalesce(s.holder, m.customer) as customer, f.day, f.channel, f.seq
    from facts f
    left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
    left join membership m on m.signature = f.signature
    join everybody e on e.customer = coalesce(s.holder, m.customer) and e.known
    where f.event = 'Order Completed'
), began as (
    select customer, min(day) as day, arg_min(channel, (day, seq)) as channel from bought group by customer
), again as (
    select g.customer, min(b.day) as day from began g join bought b on b.customer = g.customer and b.day > g.day
    group by g.customer
)
select (b.last_day - 60 - g.day) // 28 as period, coalesce(g.channel, 'Not known') as part,
       count(*) filter (a.day - g.day <= 60) as hits, count(*) as trials
from began g cross join bound b left join again a on a.customer = g.customer
where g.day between b.first_day and b.last_day - 60 and (b.last_day - 60 - g.day) // 28 < 13 group by 1, 2 order by 1, 2

-- name: stayed_away
-- Who bought once and not again, with the one order.
with bought as (
    select coalesce(s.holder, m.customer) as customer, f.day, f.seq
    from facts f
    left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
    left join membership m on m.signature = f.signature
    join everybody e on e.customer = coalesce(s.holder, m.customer) and e.known
    where f.event = 'Order Completed'
)
select customer, min(seq) as seq, min(day) as day from bought cross join bound b
group by customer, b.last_day having max(bought.day) = min(bought.day) and min(bought.day) <= b.last_day - 60
order by 3 desc, 2 desc limit $most

-- name: answers
-- Of follow-up answers, how many gave at least 4 of 5.
select (b.last_day - f.day) // 28 as period, coalesce(f.channel, 'Not known') as part,
       count(*) filter (f.score >= 4) as hits, count(*) as trials
from facts f cross join bound b
where f.event = 'Survey Answered' and f.score between 1 and 5 and f.day between b.first_day and b.last_day
    and (b.last_day - f.day) // 28 < 13 group by 1, 2 order by 1, 2

-- name: bad_answers
-- The newest answers of 1 or 2.
select coalesce(s.holder, m.customer) as customer, f.seq, f.day
from facts f cross join bound b
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us
left join membership m on m.signature = f.signature
where f.event = 'Survey Answered' and f.score between 1 and 2 and f.day between b.first_day and b.last_day
    and coalesce(s.holder, m.customer) is not null
order by f.day desc, f.seq desc limit $most
