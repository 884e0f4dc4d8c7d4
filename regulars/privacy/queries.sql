-- name: former_ids
-- Numbers that were merged into hers: what was kept under them is hers, too.
select old from redirect where customer = %(customer)s order by old;

-- name: positions_of
-- Where her events stand in the journal. The view says whose each is: a device may be used by several people.
with owned as (
    select r.seq from signature g join record r on r.signature = g.id where g.customer = %(customer)s
    union
    select r.seq
    from carrier_span c join record r on r.signature = c.signature and r.occurred_at between c.from_at and c.to_at
    where c.customer = %(customer)s
)
select owned.seq
from owned
cross join lateral (select e.customer from event_customer e where e.seq = owned.seq offset 0) ec
where ec.customer = %(customer)s
order by owned.seq;

-- name: signatures_of
-- The evidence that her records share.
select id from signature where customer = %(customer)s order by id;

-- name: source_names
-- People know a source by its name, not by our number of it.
select id, name from source;
