-- name: overlay_matches
-- Which of our identifiers a provider's hashes are, and why they may not be used, if so.
select w.hash, o.value, o.why
from unnest(%(hashes)s::text[]) w (hash)
join overlay_holders(%(kind)s, %(countries)s, %(purpose)s, %(needs_yes)s, %(now)s) o
    on encode(sha256(convert_to(o.shown, 'UTF8')), 'hex') = w.hash;

-- name: overlay_wanted
-- Of all our identifiers of a kind, about how many a provider may still be asked, and why not about the others.
select count(*) filter (where w.why = '' and not w.is_answered), count(*) filter (where w.why = 'shared'),
    count(*) filter (where w.why = 'elsewhere'), count(*) filter (where w.why = 'without_yes')
from (
    select h.why, exists (
        select from overlay_value o join overlay_load d on d.id = o.load and d.expires_at > %(now)s
        where o.overlay = %(overlay)s and o.value = h.value and o.said is not null
    ) is_answered
    from overlay_holders(%(kind)s, %(countries)s, %(purpose)s, %(needs_yes)s, %(now)s) h
) w;

-- name: overlay_next
-- The next identifiers behind one that a provider may be asked about and has not answered.
select h.value, h.shown
from overlay_holders(%(kind)s, %(countries)s, %(purpose)s, %(needs_yes)s, %(now)s) h
where (%(after)s::bigint is null or h.value > %(after)s) and h.why = ''
    and not exists (
        select from overlay_value o join overlay_load d on d.id = o.load and d.expires_at > %(now)s
        where o.overlay = %(overlay)s and o.value = h.value and o.said is not null
    )
order by h.value
limit %(limit)s;

-- name: write_overlay_values
-- What was bought, at the identifier it was bought for.
insert into overlay_value (overlay, value, load, said)
select %(overlay)s, u.value, %(load)s, u.said::jsonb
from unnest(%(values)s::bigint[], %(said)s::text[]) u (value, said)
on conflict (overlay, value) do update set load = excluded.load, said = excluded.said;

-- name: begin_overlay_load
-- What was declared when this came, and from where.
insert into overlay_load (overlay, declared, origin, loaded_at, expires_at, is_asked)
values (%(overlay)s, %(declared)s, %(origin)s, %(loaded_at)s, %(expires_at)s, %(is_asked)s)
returning id;

-- name: end_overlay_load
-- What a file brought.
update overlay_load set rows = %(rows)s, matched = %(matched)s, shared = %(shared)s, elsewhere = %(elsewhere)s,
    without_yes = %(without_yes)s, cost_cents = %(cost_cents)s
where id = %(load)s;

-- name: overlay_loads
-- The shelf, as it was filled: all that counts of an overlay together, by its latest declaration.
select d.overlay, (array_agg(d.declared order by d.id desc))[1], (array_agg(d.origin order by d.id desc))[1],
    sum(d.rows)::bigint, sum(d.matched)::bigint, sum(d.shared)::bigint, sum(d.elsewhere)::bigint,
    sum(d.without_yes)::bigint, sum(d.cost_cents), sum(d.open_cents), max(d.loaded_at), min(d.expires_at)
from overlay_load d
where not d.is_gone
group by d.overlay
order by d.overlay;

-- name: empty_overlay
-- All that was bought for it so far. What asking cost is remembered: letting it go pays nothing back.
with gone as (delete from overlay_value where overlay = %(overlay)s returning 1),
loads as (delete from overlay_load where overlay = %(overlay)s and not is_asked),
asked as (update overlay_load set is_gone = true where overlay = %(overlay)s and is_asked)
select count(*) from gone;

-- name: end_asking
-- Nobody is asked any more.
delete from overlay_asking where overlay = %(overlay)s;

-- name: overlay_values_of
-- What was bought about whom these identifiers name, and nobody else, while it counts and there is a yes where one is needed.
select distinct o.overlay, o.said, d.declared, d.loaded_at, d.expires_at
from signature s
join link l on l.signature = s.id and l.state = 0
join overlay_value o on o.value = l.value and o.said <> '{}'
join overlay_load d on d.id = o.load and d.expires_at > %(now)s
where s.customer = %(customer)s
    and not exists (
        select from link h join signature x on x.id = h.signature
        where h.value = o.value and x.customer is not null and x.customer <> s.customer
    )
    and (o.overlay <> all(%(with_yes)s::text[]) or exists (
        select from consent_state c
        where c.customer = s.customer and c.purpose = d.declared::json ->> 'purpose' and c.allowed
            and coalesce(c.expires_at > %(now)s, true)
    ))
order by o.overlay, o.said;

-- name: overlay_values_of_each
-- The same of several customers, or of everybody: what each overlay says.
select distinct s.customer, o.overlay, o.said::text
from overlay_value o
join overlay_load d on d.id = o.load and d.expires_at > %(now)s
join link l on l.value = o.value and l.state = 0
join signature s on s.id = l.signature and s.customer is not null
where o.overlay = any(%(overlays)s::text[]) and o.said <> '{}'
    and (%(customers)s::bigint[] is null or s.customer = any(%(customers)s::bigint[]))
    and not exists (
        select from link h join signature x on x.id = h.signature
        where h.value = o.value and x.customer is not null and x.customer <> s.customer
    )
    and (o.overlay <> all(%(with_yes)s::text[]) or exists (
        select from consent_state c
        where c.customer = s.customer and c.purpose = d.declared::json ->> 'purpose' and c.allowed
            and coalesce(c.expires_at > %(now)s, true)
    ))
order by s.customer, o.overlay, o.said::text;

-- name: lapse_overlays
-- Expired, without a yes that is needed, or about an identifier that is nobody's: it goes for good, not only out of sight.
delete from overlay_value o using overlay_load d
where d.id = o.load and (
    d.expires_at <= %(now)s
    or not exists (
        select from link l join signature s on s.id = l.signature
        where l.value = o.value and l.state = 0 and s.customer is not null
            and (o.overlay <> all(%(with_yes)s::text[]) or exists (
                select from consent_state c
                where c.customer = s.customer and c.purpose = d.declared::json ->> 'purpose' and c.allowed
                    and coalesce(c.expires_at > %(now)s, true)
            ))
    )
);

-- name: lapse_overlay_loads
-- Of loads that count no more the latest of an overlay alone is shown; of what was let go the cost of the day is remembered.
delete from overlay_load d
where (d.is_gone and d.loaded_at < %(spent_before)s) or (
    d.expires_at <= %(now)s
    and exists (select from overlay_load x where x.overlay = d.overlay and x.id > d.id and not x.is_gone)
);

-- name: forget_overlays
-- About an erased person alone.
delete from overlay_value where value = any(%(values)s::bigint[]);

-- name: add_asking
-- From now on it is asked; its number is what the one process that asks holds.
insert into overlay_asking (overlay, began_at, next_at) values (%(overlay)s, %(now)s, %(now)s)
on conflict (overlay) do update set overlay = excluded.overlay
returning id;

-- name: begin_asking
-- Also where it is cut off then, it does not begin again at once.
update overlay_asking set began_at = %(now)s, ended_at = null, next_at = %(again)s, asked = 0, unread = 0,
    wanted = %(wanted)s, shared = %(shared)s, elsewhere = %(elsewhere)s, without_yes = %(without_yes)s
where id = %(id)s;

-- name: finish_asking
-- How it ended, and when it goes on.
update overlay_asking set ended_at = %(now)s, next_at = %(again)s, fault = %(fault)s,
    faults = case when %(fault)s::text is null then 0 else faults + 1 end
where overlay = %(overlay)s and (%(id)s::integer is null or id = %(id)s);

-- name: askings
-- All of them. Whether one runs is told by who holds its lock.
select a.overlay, a.began_at, a.ended_at, a.next_at, a.fault, a.faults, a.wanted, a.asked, a.unread, a.shared, a.elsewhere,
    a.without_yes, exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.classid = %(class)s::int::oid and l.objid = a.id::oid and l.objsubid = 2
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
    )
from overlay_asking a
order by a.overlay;

-- name: overlay_spent
-- What asking has cost since, with what may still be billed, dropped or not; no row: this asking was dropped.
select (
    select coalesce(sum(d.cost_cents + d.open_cents), 0) from overlay_load d
    where d.overlay = a.overlay and d.is_asked and d.loaded_at >= %(since)s
)
from overlay_asking a
where a.id = %(id)s
for update;

-- name: overlay_load_of_day
-- What was asked since by this very declaration is one load.
select max(id) from overlay_load
where overlay = %(overlay)s and declared = %(declared)s and origin = %(origin)s and loaded_at >= %(since)s
    and is_asked and not is_gone;

-- name: promise_overlay_cost
-- Before anything leaves.
update overlay_load set open_cents = open_cents + %(cents)s where id = %(load)s;

-- name: take_back_overlay_cost
-- Nothing reached the provider, or it said that it does nothing: nothing is billed.
update overlay_load set open_cents = greatest(0, open_cents - %(cents)s) where id = %(load)s;

-- name: keep_overlay_answers
-- Only of whom it was asked and who is still here: an identifier that was erased meanwhile has no row any more.
update overlay_value o set said = u.said::jsonb
from unnest(%(values)s::bigint[], %(said)s::text[]) u (value, said)
where o.overlay = %(overlay)s and o.load = %(load)s and o.value = u.value and o.said is null;

-- name: count_overlay_answers
-- What the answers cost takes the place of what they might have cost.
with load as (
    update overlay_load set rows = rows + %(asked)s, matched = matched + %(matched)s, cost_cents = cost_cents + %(cost_cents)s,
        open_cents = greatest(0, open_cents - %(cents)s)
    where id = %(load)s
)
update overlay_asking set asked = asked + %(asked)s, unread = unread + %(unread)s where overlay = %(overlay)s;
