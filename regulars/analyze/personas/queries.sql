-- name: newest_fit
-- The version that judges today.
select version, as_of_day, fitted_at, judged, sampled, stability, params, applied_day, applied, strange
from persona_fit where lens = %(lens)s order by version desc limit 1

-- name: add_fit
-- Versions stay: which groups there were can be told afterwards.
insert into persona_fit (lens, version, as_of_day, fitted_at, judged, sampled, stability, params, applied_day, applied,
                         strange)
values (%(lens)s, %(version)s, %(day)s, %(now)s, %(judged)s, %(sampled)s, %(stability)s::jsonb, %(params)s::jsonb,
        %(day)s, 0, 0)

-- name: drop_old_fits
-- Kept are the newest; older ones explain nothing that still stands.
delete from persona_fit where lens = %(lens)s and version <= %(version)s - %(kept)s

-- name: standing
-- The groups of the newest version, with what a marketer said about them.
select id, place, state from persona where lens = %(lens)s and place is not null order by place

-- name: lose_places
-- Before a new version takes its groups: what it does not take up again has faded.
update persona set place = null where lens = %(lens)s

-- name: keep_persona
-- The same group in the next version. A name that a marketer gave stays.
update persona
set place = %(place)s, overlap = %(overlap)s, portrait = %(portrait)s::jsonb,
    name = case when decided_at is null then %(name)s else name end
where id = %(id)s

-- name: add_persona
-- A group that no version before had.
insert into persona (lens, place, name, state, found_at, portrait, customers, spend_cents)
values (%(lens)s, %(place)s, %(name)s, 'found', %(now)s, %(portrait)s::jsonb, 0, 0)
returning id

-- name: drop_faded
-- A group that nobody decided about and that is no more leaves nothing behind.
delete from persona where lens = %(lens)s and place is null and decided_at is null

-- name: drop_sizes
-- Sizes follow the newest version.
delete from persona_size s using persona p where p.id = s.persona and p.lens = %(lens)s and s.day <> all(%(days)s::int[])

-- name: put_sizes
-- A day that was counted before is counted anew.
insert into persona_size (persona, day, customers, judged)
select * from unnest(%(personas)s::bigint[], %(days)s::int[], %(customers)s::int[], %(judged)s::int[])
on conflict (persona, day) do update set customers = excluded.customers, judged = excluded.judged

-- name: make_room
-- One temporary table a connection, emptied by each commit.
create temp table if not exists new_member (
    customer bigint not null, persona bigint not null, distance real not null
) on commit delete rows

-- name: load
-- All labels of one lens at once.
copy new_member (customer, persona, distance) from stdin

-- name: clear_room
-- The next lens of the same tick starts empty.
truncate new_member

-- name: drop_members
-- Merged away, erased, or no longer to be judged.
delete from persona_member m where m.lens = %(lens)s
and not exists (select from new_member n where n.customer = m.customer)

-- name: store_members
-- Only who moved is written: distances change daily for everybody, and a quarter of a spread is nothing.
insert into persona_member as m (lens, customer, persona, distance, since_day)
select %(lens)s, customer, persona, distance, %(day)s from new_member order by customer
on conflict (lens, customer) do update
set persona = excluded.persona, distance = excluded.distance,
    since_day = case when m.persona = excluded.persona then m.since_day else excluded.since_day end
where m.persona <> excluded.persona or abs(m.distance - excluded.distance) > 0.25

-- name: count_up
-- Size and value of every group of a lens, from the values of its members.
update persona p
set customers = coalesce(g.customers, 0), spend_cents = coalesce(g.spend_cents, 0), lifetime_cents = g.lifetime_cents
from persona q
left join (
    select m.persona, count(*) as customers, coalesce(sum(t.spend_365_cents), 0)::bigint as spend_cents,
        sum(s.value)::bigint as lifetime_cents
    from persona_member m
    join trait_state t on t.customer = m.customer
    left join score s on s.customer = m.customer and s.model = 'lifetime_value'
    where m.lens = %(lens)s
    group by m.persona
) g on g.persona = q.id
where p.id = q.id and p.lens = %(lens)s

-- name: note_look
-- How many stood far from every group today: more than at fitting means that the base has moved on.
update persona_fit set applied_day = %(day)s, applied = %(applied)s, strange = %(strange)s
where lens = %(lens)s and version = %(version)s

-- name: no_members
-- A lens that shows no groups holds nobody.
delete from persona_member where lens = %(lens)s

-- name: personas
-- All groups that are, or that a marketer decided about.
select id, lens, place, name, state, found_at, decided_at, decided_by, overlap, portrait, customers, spend_cents,
    lifetime_cents
from persona where %(id)s::bigint is null or id = %(id)s
order by lens, place is null, state = 'retired', customers desc, id

-- name: sizes
-- How a group grew.
select persona, day, customers, judged from persona_size where persona = any(%(personas)s::bigint[]) order by day

-- name: persona_members
-- The most typical first.
select customer, distance, since_day from persona_member
where persona = %(persona)s and (distance, customer) > (%(distance)s::real, %(customer)s)
order by distance, customer limit %(limit)s

-- name: personas_of
-- One customer's groups. Retired ones are told to nobody.
select m.lens, p.id, p.name, m.distance, m.since_day
from persona_member m join persona p on p.id = m.persona
where m.customer = %(customer)s and p.state <> 'retired' and p.place is not null order by m.lens

-- name: labels
-- Everybody's group in one lens, for segments and traits.
select m.customer, p.name from persona_member m join persona p on p.id = m.persona
where m.lens = %(lens)s and p.state <> 'retired' and p.place is not null order by m.customer

-- name: decide
-- What a marketer says about a group: its name, and whether it is to be used.
update persona set name = %(name)s, state = %(state)s, decided_at = %(now)s, decided_by = %(by)s
where id = %(id)s returning id

-- name: drop_persona_members
-- An erased customer is in no group.
delete from persona_member where customer = any(%(customers)s::bigint[])

