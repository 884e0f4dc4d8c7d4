-- name: stretches
-- Few rows: which parts of the journal were read, and from what.
select id, from_seq, to_seq, made_of, made_at, seconds from audit_stretch order by from_seq

-- name: lake_until
-- How far the lake goes: what is behind it is read once it was copied.
select coalesce((select seq from checkpoint where reader = 'lake'), 0)

-- name: journal_until
-- The latest position, so that a page can say how much it has not looked at.
select coalesce(max(seq), 0) from journal

-- name: lock_audit
-- One reader of the lake at a time: two would read the same stretch and write it twice.
select pg_advisory_xact_lock(%(lock)s)

-- name: lake_files
-- Files hold spans of positions: those of a flush one each, compacted ones several of one day.
select id, kind, path, from_seq, to_seq from lake_file where to_seq > %(after)s and damaged_at is null order by path

-- name: bare_ranges
-- What readers get bare: set aside one by one, or withdrawn in ranges.
select seq, seq from set_aside
union all
select from_seq, to_seq from withdrawn_range
order by 1

-- name: drop_stretches
-- Their cells go with them.
delete from audit_stretch where id = any(%(ids)s)

-- name: add_stretch
-- Before its cells, which name it.
insert into audit_stretch (from_seq, to_seq, made_of, made_at, seconds)
values (%(from_seq)s, %(to_seq)s, %(made_of)s, %(now)s, %(seconds)s)
returning id

-- name: add_cells
-- All fields of a stretch in one statement.
insert into audit_cell (stretch, source_id, event, field, filled, different, smallest, forms, valid, sample, first_at,
    last_at)
select %(stretch)s, source_id, event, field, filled, different, smallest, forms::jsonb, valid,
    array(select jsonb_array_elements_text(sample::jsonb)), first_at, last_at
from unnest(
    %(source_id)s::smallint[], %(event)s::text[], %(field)s::text[], %(filled)s::bigint[], %(different)s::bigint[],
    %(smallest)s::bytea[], %(forms)s::text[], %(valid)s::bigint[], %(sample)s::text[], %(first_at)s::timestamptz[],
    %(last_at)s::timestamptz[]
) as given (source_id, event, field, filled, different, smallest, forms, valid, sample, first_at, last_at)

-- name: add_uses
-- One row a source.
insert into audit_use (stretch, source_id, signatures, events, revenue_cents)
values (%(stretch)s, %(source_id)s, %(signatures)s, %(events)s, %(revenue_cents)s)

-- name: cells
-- A few hundred rows a stretch, in order of the journal.
select c.source_id, c.event, c.field, c.filled, c.different, c.smallest, c.forms, c.valid, c.sample, c.first_at,
    c.last_at
from audit_cell c join audit_stretch s on s.id = c.stretch
where %(source)s::smallint is null or c.source_id = %(source)s
order by s.from_seq, c.source_id, c.event, c.field

-- name: systems
-- The inventory as stated, with the source each became.
select y.name, y.kind, y.channel, y.owner, y.extract, y.note, y.status, s.name
from system y left join source s on s.id = y.source_id
order by y.name

-- name: put_system
-- Added or changed: one statement for both.
insert into system (name, kind, channel, owner, extract, note, status, source_id, changed_at)
values (%(name)s, %(kind)s, %(channel)s, %(owner)s, %(extract)s, %(note)s, %(status)s,
    (select id from source where name = %(source)s), %(now)s)
on conflict (name) do update set kind = excluded.kind, channel = excluded.channel, owner = excluded.owner,
    extract = excluded.extract, note = excluded.note, status = excluded.status, source_id = excluded.source_id,
    changed_at = excluded.changed_at

-- name: drop_system
-- Its source, if it has one, stays in the inventory by itself.
delete from system where name = %(name)s returning name

-- name: lake_read
-- DuckDB: the events of a stretch, without what was set aside. Our own are no source of the brand's.
create table raw as
select r.seq, r.signature, r.source_id, case r.kind when 'track' then r.name else r.kind end as event,
    r.occurred_at as seen, r.body::json as body
from read_parquet($files, hive_partitioning = false) r
where r.seq > $after and r.seq <= $to and r.source_id <> $own
    and not exists (select 1 from bare b where r.seq between b.from_seq and b.to_seq)

-- name: lake_read_none
-- DuckDB: a stretch of positions that hold nothing.
create table raw (seq bigint, signature bigint, source_id bigint, event text, seen timestamptz, body json)

-- name: lake_events
-- DuckDB: which events there are, most frequent first.
select source_id, event, count(*), min(seen), max(seen) from raw group by all order by 3 desc, 1, 2

-- name: lake_one
-- DuckDB: one event of one source.
create or replace table one as select body, seen from raw where source_id = $source and event = $event

-- name: lake_elements
-- DuckDB: the objects of one list, each of them a row.
create or replace table one_element as
select unnest((body->$path)::json[]) as body, seen from one where json_type(body, $path) = 'ARRAY'

-- name: lake_take_elements
-- DuckDB: the same questions are then asked of them.
create or replace table one as from one_element

-- name: lake_element_count
-- DuckDB: how many.
select count(*), min(seen), max(seen) from one_element

-- name: lake_keys
-- DuckDB: the fields of the object at a path.
select distinct json_keys(body, $path) from one

-- name: lake_types
-- DuckDB: what stands at each of these paths: an object, a list or a value.
select distinct json_type(body, $paths) from one

-- name: lake_values
-- DuckDB: the distinct values of each path, how often, and when. Longer ones are cut: two that differ later are one.
create or replace table told as
select place, left(trim(text), $longest) as value, count(*) as times, min(seen) as first_at, max(seen) as last_at
from (
    select unnest(texts) as text, generate_subscripts(texts, 1) as place, seen
    from (select json_extract_string(body, $paths) as texts, seen from one)
)
where trim(text) <> ''
group by all

-- name: lake_fields
-- DuckDB: each path summed up. The sample is what stands there most often.
select place, sum(times)::bigint, count(*), min(md5_number_lower(value), $kept), min(first_at), max(last_at),
    sum(times) filter (regexp_full_match(value, '[+-]?[0-9]{1,15}([.,][0-9]+)?'))::bigint,
    sum(times) filter (regexp_full_match(value, '[0-9]{4}-[01][0-9]-[0-3][0-9]([T ].*)?'))::bigint,
    sum(times) filter (lower(value) in ('true', 'false', 'yes', 'no'))::bigint,
    sum(times) filter (regexp_full_match(value, '[^@ ]+@[^@ ]+[.][^@ ]+'))::bigint,
    sum(times) filter (regexp_full_match(value, '([+][0-9]|[(]?[0-9]{3}[)]?[ -])[0-9 ()-]{6,16}')
        and not regexp_full_match(value, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))::bigint,
    sum(times) filter (length(value) > $prose and regexp_matches(lower(value), $health))::bigint,
    arg_max(value, times, $sample), arg_max(times, times, $sample)
from told group by place order by place

-- name: lake_texts
-- DuckDB: values that a cleaner judges one by one.
select place, value, times from told where list_contains($places, place)

-- name: lake_card_numbers
-- DuckDB: values that could be payment cards; their check digits tell.
select place, value, times from told where regexp_full_match(value, '[0-9][0-9 -]{11,21}[0-9]') limit $most

-- name: lake_uses
-- DuckDB: the evidence each source brought, and what was paid with it.
select r.source_id, r.signature, count(*), coalesce(sum(p.paid), 0)::bigint
from raw r left join paid p on p.seq = r.seq
where r.signature is not null
group by all
order by all

-- name: lake_paid
-- DuckDB: what was paid, by position.
create table paid as
select seq, revenue_cents as paid from read_parquet($files, hive_partitioning = false)
where seq > $after and seq <= $to and line = 0 and event = $order and revenue_cents is not null

-- name: lake_paid_none
-- DuckDB: no orders at all.
create table paid (seq bigint, paid bigint)
