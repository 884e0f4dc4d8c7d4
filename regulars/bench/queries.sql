-- name: make_raw_journal
-- The journal's columns, index and constraints, in a table of its own.
create table raw_journal (like journal including all)

-- name: link_raw_journal
-- "Like" leaves the foreign key out; a raw insert without it would be cheaper than ours.
alter table raw_journal add foreign key (source_id) references source

-- name: drop_raw_journal
-- Every way of inserting starts with an empty table.
drop table if exists raw_journal

-- name: insert_raw_values
-- The multi-row INSERT everybody knows; the bench appends one (…) a row.
insert into raw_journal (source_id, received_at, message_id, kind, name, occurred_at, body, body_hash) values

-- name: insert_raw_unnest
-- The same rows as one array a column: fewer parameters to parse.
insert into raw_journal (source_id, received_at, message_id, kind, name, occurred_at, body, body_hash)
select source_id, received_at, message_id, kind, name, occurred_at, body::jsonb, body_hash
from unnest(
    %(source_id)b::smallint[], %(received_at)b::timestamptz[], %(message_id)b::text[], %(kind)b::text[],
    %(name)b::text[], %(occurred_at)b::timestamptz[], %(body)b::text[], %(body_hash)b::bytea[]
) as given (source_id, received_at, message_id, kind, name, occurred_at, body, body_hash)

-- name: last_position
-- Where the stream that is measured begins.
select coalesce(max(seq), 0) from journal

-- name: journal_rows
-- The same rows, to be inserted raw.
select source_id, received_at, message_id, kind, name, occurred_at, body::text, body_hash
from journal where seq > %(after)s order by seq limit %(limit)s

-- name: outbox_states
-- That something arrived at the end of the flow.
select state, count(*) from outbox group by state order by state

-- name: profile_keys
-- Whom the moment bench may ask about.
select customer from profile order by customer

-- name: bare_select
-- The least a look by key can cost: one row by its primary key, prepared.
select first_name from profile where customer = %(customer)s

-- name: connections
-- Whose processor time counts: everybody who works on this database.
select pid from pg_stat_activity where datname = current_database()

-- name: fill_raw_journal
-- What was imported, so that both ways carry the same rows.
insert into raw_journal (source_id, received_at, message_id, kind, name, occurred_at, body, body_hash)
select source_id, received_at, message_id, kind, name, occurred_at, body, body_hash from journal order by seq

-- name: copy_raw_out
-- As COPY writes it, made before the measure begins.
copy raw_journal (source_id, received_at, message_id, kind, name, occurred_at, body, body_hash) to stdout

-- name: copy_raw_in
-- The fastest way there is to fill a table with its indexes.
copy raw_journal (source_id, received_at, message_id, kind, name, occurred_at, body, body_hash) from stdin

-- name: settle_words
-- After a load of this size the server does this by itself: statistics, and what makes an index enough to read.
vacuum (analyze) profile_token, profile, value, link, signature

-- name: settle_likeness
-- What a server that has stood for a while knows of its tables.
analyze signature, link, value, block, block_size, pair, customer, record

-- name: signature_of
-- Of the record that just came.
select signature from record where seq = %(seq)s

-- name: state_columns
-- What a row of everybody's numbers holds, to be filled.
select column_name, data_type from information_schema.columns
where table_schema = current_schema and table_name = 'trait_state' and column_name not in ('customer', 'known', 'word')
order by ordinal_position

-- name: settle_numbers
-- What the server does by itself a minute after such a load.
vacuum analyze trait_state, signature, customer

-- name: moves_by_order
-- Who was let in or out by which event.
select m.seq, j.message_id from segment_move m join journal j on j.seq = m.seq
where m.segment = %(segment)s and m.reason = 'event' order by m.id
