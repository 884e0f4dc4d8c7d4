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
values (%(stretch)s, %(source_id)s, %(signatures)s::bigint[], %(events)s::integer[], %(revenue_cents)s::bigint[])

-- name: cells
-- A few hundred rows a stretch, in order of the journal.
select c.source_id, c.event, c.field, c.filled, c.different, c.smallest, c.forms, c.valid, c.sample, c.first_at,
    c.last_at
from audit_cell c join audit_stretch s on s.id = c.stretch
where %(source)s::smallint is null or c.source_id = %(source)s
order by s.from_seq, c.source_id, c.event, c.field

-- name: cells_without_hashes
-- For pages that count no distinct values: the hashes are nine tenths of a cell.
select c.source_id, c.event, c.field, c.filled, c.different, ''::bytea, c.forms, c.valid, c.sample, c.first_at,
    c.last_at
from audit_cell c join audit_stretch s on s.id = c.stretch
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

-- name: lake_any_order
-- DuckDB: nothing here asks which row came first, and keeping that in mind costs a quarter of the reading.
set preserve_insertion_order = false

-- name: lake_read
-- DuckDB: the events of a stretch, without what was set aside. Our own are no source of the brand's.
create table raw as
select r.seq, r.signature, r.source_id, case r.kind when 'track' then r.name else r.kind end as event,
    r.occurred_at as seen, r.body
from read_parquet($files, hive_partitioning = false) r
where r.seq > $after and r.seq <= $to and r.source_id <> $own
    and not exists (select 1 from bare b where r.seq between b.from_seq and b.to_seq)

-- name: lake_read_none
-- DuckDB: a stretch of positions that hold nothing.
create table raw (seq bigint, signature bigint, source_id bigint, event text, seen timestamptz, body text)

-- name: lake_events
-- DuckDB: which events there are, most frequent first.
select source_id, event, count(*), min(seen), max(seen) from raw group by all order by 3 desc, 1, 2

-- name: lake_keys
-- DuckDB: the fields of the objects at these paths, the first of each by name. Rows that have the same are one row
-- before they are taken apart.
select distinct place, key
from (
    select place, unnest(keys) as key
    from (
        select unnest(found) as keys, generate_subscripts(found, 1) as place
        from (select distinct json_keys(body, $paths) as found from raw where source_id = $source and event = $event)
    )
)
qualify dense_rank() over (partition by place order by key) <= $most
order by place, key

-- name: lake_types
-- DuckDB: what stands at each of these paths: an object, a list or a value.
select distinct place, kind
from (
    select unnest(kinds) as kind, generate_subscripts(kinds, 1) as place
    from (select distinct json_type(body, $paths) as kinds from raw where source_id = $source and event = $event)
)
where kind is not null

-- name: lake_values
-- DuckDB: the distinct values of each path, how often, and when. Longer ones are cut: two that differ later are one.
-- Counted as they stand and then trimmed: there are far fewer of them by then.
create or replace temp table told as
select place, left(trim(text), $longest) as value, sum(times)::bigint as times, min(first_at) as first_at,
    max(last_at) as last_at
from (
    select place, text, count(*) as times, min(seen) as first_at, max(seen) as last_at
    from (
        select unnest(texts) as text, generate_subscripts(texts, 1) as place, seen
        from (
            select json_extract_string(body, $paths) as texts, seen from raw
            where source_id = $source and event = $event
        )
    )
    where text is not null
    group by all
)
where trim(text) <> ''
group by all

-- name: lake_elements
-- DuckDB: the items of one list. Those that are the same to the letter are one row: shops sell the same things again.
create or replace temp table element as
select body, count(*) as times, min(seen) as first_at, max(seen) as last_at
from (
    select unnest(json_extract(body, $items)) as body, seen from raw where source_id = $source and event = $event
)
group by body

-- name: lake_quoted_elements
-- DuckDB: the same for a list whose name holds a quote, which no path to its items can say.
create or replace temp table element as
select body, count(*) as times, min(seen) as first_at, max(seen) as last_at
from (
    select unnest(json_extract(json_extract(body, $path), '$[*]')) as body, seen from raw
    where source_id = $source and event = $event
)
group by body

-- name: lake_element_count
-- DuckDB: how many.
select coalesce(sum(times), 0)::bigint, min(first_at), max(last_at) from element

-- name: lake_element_keys
-- DuckDB: the fields of those that are objects.
select distinct unnest(keys) as key from (select distinct json_keys(body) as keys from element) order by key limit $most

-- name: lake_element_values
-- DuckDB: as `lake_values`, of items.
create or replace temp table told as
select place, left(trim(text), $longest) as value, sum(times)::bigint as times, min(first_at) as first_at,
    max(last_at) as last_at
from (
    select place, text, sum(times) as times, min(first_at) as first_at, max(last_at) as last_at
    from (
        select unnest(texts) as text, generate_subscripts(texts, 1) as place, times, first_at, last_at
        from (select json_extract_string(body, $paths) as texts, times, first_at, last_at from element)
    )
    where text is not null
    group by place, text
)
where trim(text) <> ''
group by all

-- name: lake_fields
-- DuckDB: each path summed up. The sample is what stands there most often. A number is what `cents` reads as one.
select place, sum(times)::bigint, count(*), min(md5_number_lower(value), $kept), min(first_at), max(last_at),
    sum(times) filter (regexp_full_match(value, '[+-]?([0-9]{1,15}[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?'))::bigint,
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
-- DuckDB: the evidence each source brought, and what was paid with it, as arrays of PostgreSQL.
select source_id, translate(list(signature order by signature)::varchar, '[]', '{}'), translate(list(events order by signature)::varchar, '[]', '{}'),
    translate(list(paid order by signature)::varchar, '[]', '{}')
from (
    select r.source_id, r.signature, count(*) as events, coalesce(sum(p.paid), 0)::bigint as paid
    from raw r left join paid p on p.seq = r.seq
    where r.signature is not null
    group by all
)
group by source_id

-- name: lake_paid
-- DuckDB: what was paid, by position.
create table paid as
select seq, revenue_cents as paid from read_parquet($files, hive_partitioning = false)
where seq > $after and seq <= $to and line = 0 and event = $order and revenue_cents is not null

-- name: lake_paid_none
-- DuckDB: no orders at all.
create table paid (seq bigint, paid bigint)
