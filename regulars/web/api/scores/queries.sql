-- name: faces
-- How the customers of a ranking are called, with the figures one looks for first.
select c.id, p.first_name, p.last_name, t.spend_cents, t.orders, t.last_order_day
from unnest(%(customers)s::bigint[]) c (id)
left join profile p on p.customer = c.id
left join trait_state t on t.customer = c.id
