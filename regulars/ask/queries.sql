-- name: masked
-- What a person is called, shortened as on the pages (collect.audit.masking): enough to recognize what one knows already.
create or replace function analyst.masked(value text) returns text language sql immutable return
    case
        when position('@' in value) = 0 then
            case when length(value) <= 2 then '…' else left(value, 1) || '…' || right(value, 1) end
        else
            case
                when position('@' in value) <= 3 then '…'
                else left(value, 1) || '…' || substr(value, position('@' in value) - 1, 1)
            end
            || '@' ||
            case
                when length(value) - position('@' in value) <= 2 then '…'
                else substr(value, position('@' in value) + 1, 1) || '…' || right(value, 1)
            end
    end

-- name: customers
-- Names and contact values as the pages mask them.
select c.id as customer, c.known, analyst.masked(p.first_name) as first_name, analyst.masked(p.last_name) as last_name,
    analyst.masked(p.email) as email, analyst.masked(p.phone) as phone, analyst.masked(p.street) as street, analyst.masked(p.city) as city,
    analyst.masked(p.postcode) as postcode, p.state, p.country, extract(year from p.birth_date)::bigint as birth_year,
    p.language, p.zone, p.changed_at
from customer c
left join profile p on p.customer = c.id

-- name: customers_in_clear
-- The same for whoever may see them.
select c.id as customer, c.known, p.first_name, p.last_name, p.email, p.phone, p.street, p.city, p.postcode, p.state,
    p.country, extract(year from p.birth_date)::bigint as birth_year, p.language, p.zone, p.changed_at
from customer c
left join profile p on p.customer = c.id

-- name: segments
-- Every segment that ever was; an empty one has size 0.
select d.name as segment, count(m.customer) as size
from segment_definition d
left join segment_member m on m.segment = d.name
group by d.name

-- name: segment_members
-- Who is in which segment now.
select segment, customer, since from segment_member

-- name: segment_moves
-- Who came and went, and when.
select segment, customer, entered, at, date '1970-01-01' + day::int as day from segment_move

-- name: scores
-- The newest value of every score of every customer.
select model as score, customer, value, grade, label, version, date '1970-01-01' + as_of_day as as_of from score

-- name: score_moves
-- Grades as they changed.
select model as score, customer, value, grade, version, date '1970-01-01' + as_of_day as as_of from score_change

-- name: stages
-- Where everybody stands in the lifecycle.
select customer, stage, since from lifecycle_stage

-- name: stage_moves
-- How people came there.
select customer, before, after, at, date '1970-01-01' + day::int as day from lifecycle_move

-- name: personas
-- Groups of customers who do alike.
select id as persona, lens, name, state, customers::bigint, spend_cents, found_at from persona

-- name: persona_members
-- Whom each customer is most like.
select lens, customer, persona, distance::double precision, date '1970-01-01' + since_day as since from persona_member

-- name: survey_answers
-- Answers whose event still counts, with whose they are.
select a.seq, e.customer, a.at, date '1970-01-01' + a.day::int as day, a.survey, a.touch_point, a.measure, a.score,
    a.level, a.sentiment::int
from survey_answer a
left join event_customer e on e.seq = a.seq

-- name: consents
-- What holds now, without the address that it is about; who asks compares ends_at with the time.
select customer, channel, purpose, allowed, decided_at, expires_at as ends_at from consent_state

-- name: sources
-- Where events come from.
select name as source, kind, created_at from source

-- name: events
-- What happened, without what was withdrawn or set aside, and without what people wrote into it.
select j.seq, e.customer, j.kind, j.name as event, s.name as source, j.occurred_at, j.received_at
from journal j
join source s on s.id = j.source_id
left join event_customer e on e.seq = j.seq
where not exists (select from set_aside a where a.seq = j.seq)
    and not coalesce(
        j.seq <@ (select range_agg(int8range(w.from_seq, w.to_seq, '[]')) from withdrawn_range w), false)

-- name: lake_facts
-- Facts of the lake with whose they are; a session on a shared device decides before the record's signature.
select coalesce(s.holder, m.customer) as customer, f.*
from facts f
left join membership m on m.signature = f.signature
left join span s on s.signature = f.signature and f.occurred_us between s.from_us and s.to_us

-- name: orders
-- From the lake: one row an order.
select customer, seq, make_timestamptz(occurred_us) as occurred_at, date '1970-01-01' + day::int as day,
    revenue_cents, quantity, discount_cents, coupon_cents, store, channel, campaign
from owned_facts
where event = 'Order Completed'

-- name: order_lines
-- From the lake: one row a product of an order.
select customer, seq, line, make_timestamptz(occurred_us) as occurred_at, date '1970-01-01' + day::int as day,
    product, category, department, brand, quantity, revenue_cents, discount_cents, coupon_cents, store, channel
from owned_facts
where event = 'Order Line'

-- name: membership
-- Whose the records of each signature are now.
select id as signature, customer from signature where customer is not null

-- name: known
-- Whom a past day is told about unless everybody is wanted.
select id from customer where known

-- name: spans
-- Stretches of shared carriers that are somebody else's.
select c.signature, (extract(epoch from c.from_at) * 1000000)::bigint as from_us,
    (extract(epoch from c.to_at) * 1000000)::bigint as to_us, c.customer as holder
from carrier_span c
join signature s on s.id = c.signature and s.sessions

-- name: lock_views
-- One process at a time makes the views; the number is ours alone ("VIEW").
select pg_advisory_xact_lock(1447642455)

-- name: made_of
-- From which text the views of a schema were made, and whether our role still reaches them (a dump may come without).
select obj_description(n.oid, 'pg_namespace'),
    (select has_schema_privilege(r.oid, n.oid, 'usage') from pg_roles r where r.rolname = %(role)s)
from pg_namespace n
where n.nspname = %(schema)s

-- name: views_of
-- What stands in a schema of ours.
select viewname from pg_views where schemaname = %(schema)s

-- name: is_superuser
-- Only then a role of its own is needed, for nothing else would hold a statement back from the server's files.
select rolsuper, exists (select from pg_roles where rolname = %(role)s) from pg_roles where rolname = current_user
