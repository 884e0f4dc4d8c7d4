-- name: state_names
-- A state keeps the name it was stored under, whatever trait asks for it later.
select state, column_name from trait_definition where place = 'trait_state' or place = ''

-- name: state_gaps
-- States whose past still has to be folded.
select place, column_name, backfilled_to, live_from from trait_definition where backfilled_to < live_from

-- name: lock_flow
-- While a stretch of the past is folded, no batch is: one writer.
select seq from checkpoint where reader = 'flow' for update

-- name: move_gaps
-- These states hold everything up to here now.
update trait_definition set backfilled_to = least(live_from, %(to)s)
where backfilled_to = %(after)s and backfilled_to < live_from

-- name: everybody_again
-- New values are finished for everybody once.
insert into fold_redo (customer) select customer from trait_state

-- name: complete
-- Folded whole while a past is being folded.
insert into trait_complete (customer) select customer from fold_redo where customer = any(%(customers)s::bigint[])
on conflict do nothing

-- name: completed
-- Who of these was folded whole.
select customer from trait_complete where customer = any(%(customers)s::bigint[])

-- name: clear_complete
-- No past is being folded any more.
delete from trait_complete

-- name: columns_in_place
-- What is there already, so that only what is new is added.
select table_name::text, column_name::text from information_schema.columns
where table_schema = current_schema() and (table_name in ('trait_state', 'trait_change') or table_name like 'cell\_%%')

-- name: register_states
-- The flow's checkpoint is the position X up to which the past must be folded; an empty journal has no past.
insert into trait_definition (state, place, column_name, live_from, backfilled_to, made)
select g.state, g.place, g.column_name, x.seq, 0, %(made)s
from unnest(%(states)s::text[], %(places)s::text[], %(columns)s::text[]) as g (state, place, column_name),
    (select coalesce(max(seq), 0) as seq from checkpoint where reader = 'flow') x
on conflict (state) do nothing

-- name: segment_bits
-- A bit belongs to its segment for ever: stored words stay readable.
select name, bit from segment_definition

-- name: add_segment
-- A new segment takes the next bit; its members are found by the next pass over everybody.
insert into segment_definition (name, bit) values (%(name)s, %(bit)s)

-- name: start_day
-- The first batch of a new installation says which day it is; from then on only the tick does.
insert into as_of (day) values (%(day)s) on conflict do nothing

-- name: as_of_day
-- What "today" means in here.
select day from as_of

-- name: lock_day
-- One tick at a time.
select day from as_of for update

-- name: set_day
-- The only place where time moves.
update as_of set day = %(day)s

-- name: quiet_planner
-- Temporary tables have no statistics: without this a batch of 5,000 is joined by scanning a million customers.
select set_config('enable_seqscan', %(on)s, true), set_config('enable_mergejoin', %(on)s, true),
    set_config('work_mem', case when %(on)s = 'on' then '4MB' else '64MB' end, true)

-- name: redo
-- Customers whose cells must all be read again.
insert into fold_redo (customer) select distinct unnest(%(customers)s::bigint[]) on conflict do nothing

-- name: seen
-- Customers who need a row whether or not they have facts.
insert into fold_seen (customer) select distinct unnest(%(customers)s::bigint[]) on conflict do nothing

-- name: known_again
-- Of the customers of a batch, those we came to know, or know no longer: their segments follow.
insert into fold_seen (customer)
select s.customer from trait_state s join customer c on c.id = s.customer
where s.customer = any(%(customers)s::bigint[]) and s.known <> c.known
on conflict do nothing

-- name: known_again_anywhere
-- The same for everybody: a value that turned generic makes strangers of people who did nothing in the batch.
insert into fold_seen (customer)
select s.customer from trait_state s join customer c on c.id = s.customer where s.known <> c.known
on conflict do nothing

-- name: redo_living
-- Recomputed customers who still exist; the others end up empty and are removed.
insert into fold_redo (customer) select id from customer where id = any(%(customers)s::bigint[])
on conflict do nothing

-- name: gone
-- Customers whose cells are dropped: they went up in others, or are folded again from their events.
insert into fold_gone (gone) select distinct unnest(%(customers)s::bigint[]) on conflict do nothing

-- name: pair_merges
-- Losers with their survivors.
insert into fold_merge (customer, survivor) select * from unnest(%(losers)s::bigint[], %(survivors)s::bigint[])

-- name: remove_rows
-- A customer who went up in another, or has no record left, has no row.
with steps as (delete from trait_change where customer = any(%(customers)s::bigint[]))
delete from trait_state where customer = any(%(customers)s::bigint[])

-- name: forget_changes
-- Each row is a sum over the records she had then; some of them may not be hers any more.
delete from trait_change where customer = any(%(customers)s::bigint[])

-- name: remove_members
-- Her memberships end with her, as history and not as news: nobody is left to be told.
with gone as (
    delete from segment_member where customer = any(%(customers)s::bigint[]) returning segment, customer
)
insert into segment_move (segment, customer, entered, at, day, reason)
select segment, customer, false, %(at)s, (select day from as_of), 'people' from gone

-- name: dead
-- Of these, who is no customer any more.
select i.id from unnest(%(customers)s::bigint[]) as i (id)
where not exists (select from customer c where c.id = i.id)

-- name: move_in_and_out
-- Memberships and their history; the numbers make the messages about them unique for all time.
with given as (
    select * from unnest(%(segments)s::text[], %(customers)s::bigint[], %(entered)s::boolean[], %(seqs)s::bigint[])
        with ordinality as g (segment, customer, entered, seq, place)
), come as (
    insert into segment_member (segment, customer, since)
    select segment, customer, %(at)s from given where entered
    on conflict do nothing
), left_now as (
    delete from segment_member m using given g
    where not g.entered and m.segment = g.segment and m.customer = g.customer
)
insert into segment_move (segment, customer, entered, at, day, reason, seq)
select segment, customer, entered, %(at)s, (select day from as_of),
    case when %(reason)s = 'event' and seq is null then 'people' else %(reason)s end, seq
from given order by place
returning id, segment, customer, entered

-- name: events_of_customers
-- Everything that is theirs now, up to a position: what a recomputed person is folded from.
select e.customer, j.seq, j.source_id, j.message_id, j.kind, j.name, j.occurred_at, j.received_at, j.body::text
from events_of(%(customers)s::bigint[]) e
join journal j on j.seq = e.seq
where j.seq <= %(last_seq)s

-- name: events_between
-- A stretch of the journal with whose each event is now: what a new trait folds of the past.
select e.customer, j.seq, j.source_id, j.message_id, j.kind, j.name, j.occurred_at, j.received_at, j.body::text
from journal j
join event_customer e on e.seq = j.seq
where j.seq > %(after)s and j.seq <= %(to)s and e.customer is not null

-- name: newest_events_of
-- The newest events of a customer under these names: the evidence behind a value.
select e.customer, j.seq, j.source_id, j.message_id, j.kind, j.name, j.occurred_at, j.received_at, j.body::text
from events_of(array[%(customer)s]::bigint[]) e
join journal j on j.seq = e.seq
where (j.name = any(%(names)s::text[]) or j.kind = any(%(kinds)s::text[]))
order by j.occurred_at desc, j.seq desc
limit %(limit)s

-- name: all_sources
-- Few rows; events carry the kind and name space of their source.
select id, name, kind, login_space from source

-- name: segment_sizes
-- How many are in each, now.
select segment, count(*) from segment_member group by segment

-- name: size_history
-- Sizes at the end of each day on which anybody moved.
select day, sum(change) over (order by day)::bigint as size
from (
    select day, sum(case when entered then 1 else -1 end) as change
    from segment_move where segment = %(segment)s group by day
) d
order by day

-- name: members_after
-- A page of members, by customer, so that a page never skips anybody while others move.
select customer, since from segment_member
where segment = %(segment)s and customer > %(after)s
order by customer
limit %(limit)s

-- name: memberships
-- Everybody in every segment.
select segment, customer from segment_member

-- name: moves_of
-- When she came and went.
select segment, entered, at, reason, seq from segment_move where customer = %(customer)s order by id desc limit %(limit)s

-- name: membership
-- Whose the records of each signature are now.
select id, customer from signature where customer is not null

-- name: copy_membership
-- The same, for whoever takes them apart by columns.
copy (select id, customer from signature where customer is not null) to stdout (format binary)

-- name: everybody
-- All customers; those without facts have traits, too, and only those we know are in segments.
select id, known from customer

-- name: spans
-- Stretches of shared carriers that are somebody else's, in microseconds as facts have them.
select c.signature, (extract(epoch from c.from_at) * 1000000)::bigint, (extract(epoch from c.to_at) * 1000000)::bigint,
    c.customer
from carrier_span c
join signature s on s.id = c.signature and s.sessions

-- name: drop_scores
-- Scores as of now, that her past was folded whole, and what searches counted her among.
with folded as (
    delete from trait_complete where customer = any(%(customers)s::bigint[])
), changed as (
    delete from trait_change where customer = any(%(customers)s::bigint[])
), counted as (
    delete from opportunity_member where customer = any(%(customers)s::bigint[])
), disappointed as (
    delete from expectation_case where customer = any(%(customers)s::bigint[])
)
delete from score where customer = any(%(customers)s::bigint[])

-- name: entomb_moves
-- How many were in a segment on any day stays true.
update segment_move set customer = %(nobody)s where customer = any(%(customers)s::bigint[])

-- name: entomb_grades
-- The same for grades. Two customers of one erasure may have been graded on one day: the later number stays.
with gone as (
    delete from score_change where customer = any(%(customers)s::bigint[])
    returning model, as_of_day, version, value, grade, customer
)
insert into score_change (customer, model, as_of_day, version, value, grade)
select distinct on (model, as_of_day) %(nobody)s, model, as_of_day, version, value, grade from gone
order by model, as_of_day, customer desc

-- name: daily_run
-- When daily traits were computed last, and from how much of the journal.
select day, seq from daily_run

-- name: daily_stale
-- Somebody was merged or folded again: what is as of then is no longer what the lake says of everybody.
update daily_run set seq = 0 where seq <> 0

-- name: daily_ran
-- They are as of this day now.
insert into daily_run (day, seq) values (%(day)s, %(seq)s) on conflict (one) do update set day = excluded.day, seq = excluded.seq

-- name: segment_stamp
-- Whether the segments that people made are still those this process knows.
select number from segment_stamp

-- name: stamp_segments
-- Every process reads them again.
update segment_stamp set number = number + 1

-- name: made_segments
-- Each with its newest version and the one in force.
select m.name, m.version, m.adopted, m.archived, m.fault, m.settled, n.title, n.rule::text, n.author, n.reason, n.at,
    f.rule::text
from segment_made m
join segment_version n on n.segment = m.name and n.version = m.version
left join segment_version f on f.segment = m.name and f.version = m.adopted
order by m.name

-- name: lock_made
-- Two who save at once come one after the other.
select version from segment_made where name = %(name)s for update

-- name: add_made
-- A name is taken for ever: history and words speak of it.
insert into segment_made (name, changed_at) values (%(name)s, %(at)s) on conflict do nothing returning name

-- name: add_segment_version
-- Versions are only ever added.
insert into segment_version (segment, version, title, rule, author, reason, at)
values (%(name)s, %(version)s, %(title)s, %(rule)s::jsonb, %(author)s, %(reason)s, %(at)s)

-- name: set_made
-- A new version, or gone to the archive, or back.
update segment_made
set version = %(version)s, archived = %(archived)s, fault = null, settled = false, changed_at = %(at)s
where name = %(name)s

-- name: adopt_made
-- From here on the flow judges by this version (0: by none). A newer one, saved meanwhile, waits for its own turn.
update segment_made set adopted = %(version)s, fault = null, settled = (version = %(read)s) where name = %(name)s

-- name: fault_made
-- Shown beside the segment; the version in force stays. A newer one, saved meanwhile, has no fault yet.
update segment_made set fault = %(fault)s, settled = true where name = %(name)s and version = %(read)s

-- name: versions_of
-- Who changed it, when and why, newest first.
select version, title, rule::text, author, reason, at from segment_version where segment = %(name)s
order by version desc

-- name: drop_state
-- Nobody needs it: what is not folded must not stand there as if it were.
delete from trait_definition where state = any(%(states)s::text[])

-- name: unsettled
-- Somebody saved a segment that the flow has not taken over.
select name from segment_made where not settled limit 1

-- name: columns_ever
-- Dropped columns count for ever.
select count(*) from pg_attribute where attrelid = 'trait_state'::regclass and attnum > 0

-- name: standing
-- How far the flow is, which day it is, which rules it judges by, how many rows there are, how far daily values are.
select coalesce((select seq from checkpoint where reader = 'flow'), 0), coalesce((select day from as_of), 0),
    (select number from segment_stamp), (select count(*) from trait_state), coalesce((select max(seq) from daily_run), 0)

-- name: rows_about
-- How many customers there are: counted where they are few, guessed by the database where they are many.
select case when t.few < %(enough)s then t.few else greatest(t.few, c.reltuples::bigint) end
from (select count(*) as few from (select from trait_state limit %(enough)s) f) t,
    (select reltuples from pg_class where oid = 'trait_state'::regclass) c

-- name: customers_since
-- Whoever had an event since a position.
select distinct e.customer from event_customer e where e.seq > %(after)s and e.customer is not null limit %(limit)s

-- name: event_names
-- What sources send most, of events that facts are made of.
select name from event_use where kind = 'track' and name <> '' group by name order by sum(events) desc, name
limit %(limit)s

-- name: living
-- Of these, who is a customer.
select id from customer where id = any(%(customers)s::bigint[])

-- name: make_room_for_bought
-- What may be used now of what was bought, for one statement of this transaction.
create temporary table if not exists fold_bought (customer bigint, overlay text, said jsonb) on commit delete rows;
delete from fold_bought

-- name: load_bought
-- As the room that holds it says.
copy fold_bought from stdin

-- name: field_evidence
-- The events in which the golden values of these fields were stated.
select j.seq, coalesce(nullif(j.name, ''), j.kind), j.occurred_at
from profile_field f join journal j on j.seq = f.seq
where f.customer = %(customer)s and f.field = any(%(fields)s::text[]) and f.rule is not null and f.source <> '@steward'
order by j.occurred_at desc, j.seq desc

-- name: consent_evidence
-- The events whose words hold about a purpose on a channel, the latest first.
select j.seq, coalesce(nullif(j.name, ''), j.kind), j.occurred_at
from consent_state s join journal j on j.seq = s.seq
where s.customer = %(customer)s and s.channel = %(channel)s and s.purpose = %(purpose)s
order by s.decided_at desc, j.seq desc

-- name: identifier_evidence
-- For each identifier of a type the first event that named her by it.
select j.seq, coalesce(nullif(j.name, ''), j.kind), j.occurred_at
from (
    select l.value, min(r.seq) as seq
    from signature s join link l on l.signature = s.id join value v on v.id = l.value join record r on r.signature = s.id
    where s.customer = %(customer)s and v.type like %(type)s and l.state = any(%(states)s::int[])
    group by l.value
) f join journal j on j.seq = f.seq
order by j.occurred_at desc, j.seq desc limit %(limit)s

-- name: record_evidence
-- For each of her records its first event.
select j.seq, coalesce(nullif(j.name, ''), j.kind), j.occurred_at
from signature s join journal j on j.seq = s.first_seq
where s.customer = %(customer)s
order by j.occurred_at desc, j.seq desc limit %(limit)s

-- name: consents_decided
-- Channels and purposes that somebody decided about, the most frequent first.
select channel, purpose from consent_state group by channel, purpose order by count(*) desc, channel, purpose limit %(limit)s

-- name: purposes_decided
-- Those of these purposes that anybody decided about.
select p.purpose from unnest(%(purposes)s::text[]) as p (purpose)
where exists (select from consent_state s where s.purpose = p.purpose)

-- name: trait_versions
-- What was declared when, newest first.
select trait, version, title, unit, freshness, expression, author, at, day, adopted_at, retired_at, fault
from trait_version order by trait, version desc

-- name: add_trait_versions
-- The next version of each; what is new is in force at once, what is declared anew when its past is folded.
insert into trait_version (trait, version, title, unit, freshness, expression, author, at, day, adopted_at)
select g.trait, 1 + coalesce((select max(v.version) from trait_version v where v.trait = g.trait), 0), g.title, g.unit,
    g.freshness, g.expression, %(author)s, %(at)s, (select day from as_of), %(adopted_at)s::timestamptz
from unnest(%(traits)s::text[], %(titles)s::text[], %(units)s::text[], %(kinds)s::text[], %(expressions)s::text[])
    as g (trait, title, unit, freshness, expression)
on conflict do nothing

-- name: adopt_trait_versions
-- From here on the flow folds by the newest version of these.
update trait_version v set adopted_at = %(at)s
where v.trait = any(%(traits)s::text[]) and v.adopted_at is null
    and v.version = (select max(n.version) from trait_version n where n.trait = v.trait)

-- name: retire_traits
-- Nothing declares them any more.
update trait_version v set retired_at = %(at)s
where v.trait = any(%(traits)s::text[]) and v.retired_at is null

-- name: fault_trait_versions
-- Shown beside the trait; the version before stays in force.
update trait_version set fault = %(fault)s where trait = any(%(traits)s::text[]) and adopted_at is null

-- name: try_trait_versions
-- Their faults are looked for again.
update trait_version set fault = null where trait = any(%(traits)s::text[]) and adopted_at is null

-- name: all_states
-- Every state with the table that holds it and its column.
select state, place, column_name, made from trait_definition

-- name: rename_state
-- A state keeps its past under another column.
update trait_definition set column_name = %(new)s where column_name = %(old)s and place in ('trait_state', '')

-- name: folded_share
-- How much of the past of new states is folded, 0 to 1; nothing where none is missing.
select min(backfilled_to::float8 / live_from) from trait_definition where backfilled_to < live_from

-- name: drop_value
-- A finished value is kept under this name no more.
delete from trait_definition where place = 'value' and column_name = %(name)s returning column_name

-- name: close_states
-- Values of a new version hold no past of their own; everybody is finished by them at once.
update trait_definition set backfilled_to = live_from where place = 'value' and backfilled_to < live_from

-- name: prune_changes
-- What is older goes, but for the last row of each customer: her next change is told from it. Rows are as old as their
-- ids are small, so a stretch of ids that ends with one that is young was the last.
with stretch as materialized (
    select id, customer, day from trait_change where id > %(after)s order by id limit %(limit)s
), gone as (
    delete from trait_change c using stretch s, as_of a
    where c.id = s.id and s.day < a.day - %(days)s
        and exists (select from trait_change n where n.customer = s.customer and n.id > s.id)
    returning c.id
)
select coalesce(max(s.id), 0), count(*), coalesce(bool_or(s.id = m.id and s.day < a.day - %(days)s), false),
    (select count(*) from gone)
from stretch s, (select max(id) as id from stretch) m, as_of a

-- name: keep_segment_days
-- How many are in each segment today, and what they spent in the last year: one pass over members a day. One that has
-- become empty is worth nothing from today on; what is too old goes.
with gone as (
    delete from segment_day where day <= %(too_old)s
), today as (
    select m.segment, count(*) as customers, coalesce(sum(s.spend_365_cents), 0)::bigint as spend_cents
    from segment_member m left join trait_state s using (customer)
    group by m.segment
), emptied as (
    select distinct on (d.segment) d.segment, d.customers from segment_day d
    where d.segment not in (select segment from today) and d.day < %(day)s
    order by d.segment, d.day desc
)
insert into segment_day (segment, day, customers, spend_cents)
select segment, %(day)s, customers, spend_cents from today
union all
select segment, %(day)s, 0, 0 from emptied where customers > 0
on conflict (segment, day) do update set customers = excluded.customers, spend_cents = excluded.spend_cents

-- name: segment_days
-- What a segment was worth, day by day.
select day, customers, spend_cents from segment_day where segment = %(segment)s and day > %(after)s order by day

-- name: moves_in
-- Who came and went last, newest first.
select customer, entered, at, reason, seq from segment_move
where segment = %(segment)s order by day desc, id desc limit %(limit)s
