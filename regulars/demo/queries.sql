-- name: make_truth
-- The truth enters the database for one evaluation and leaves with its transaction; no room can read it.
create temp table demo_truth (
    source text, message_id text collate "C", person bigint, evidence bigint
) on commit drop;

-- name: fill_truth
-- Loaded in one stream.
copy demo_truth (source, message_id, person, evidence) from stdin;

-- name: judged_records
-- Equal evidence of one person is one record: a card shown a hundred times proves its point once.
select distinct t.person, t.evidence, ec.customer
from demo_truth t
join source s on s.name = t.source
join journal j on j.source_id = s.id and j.message_id = t.message_id
left join event_customer ec on ec.seq = j.seq;

-- name: tills_and_events
-- Which database this is, told by when its first source was made, and whether anything is in it.
select (select created_at from source where name = 'tills'), exists (select from journal);

-- name: true_matches
-- DuckDB: records whose person truly appears in another source under the same identifier.
with carried as (
    unpivot (from read_parquet($path)) on login, card, email, phone, payment, device, cookie into name type value number
), held as (
    select type, source, person, number, count(*) as records from carried where person <> 0 and number <> 0 group by all
)
select source, type, sum(records)::bigint,
    coalesce(sum(records) filter (exists (
        from held o where o.type = h.type and o.number = h.number and o.person = h.person and o.source <> h.source
    )), 0)::bigint
from held h group by all order by all
