-- name: plan_at
-- The plan that was loaded when this position was taken, and where the next one begins. Few rows; asked every round.
select
    (select max(version) from tracking_plan where from_seq <= %(seq)s),
    (select min(from_seq) from tracking_plan where from_seq > %(seq)s)

-- name: plan_text
-- Only when another version begins.
select content from tracking_plan where version = %(version)s

-- name: plans
-- Newest first.
select version, name, content, loaded_at, loaded_by, from_seq from tracking_plan order by version desc limit %(limit)s

-- name: add_plan
-- Judged is what comes from now on.
insert into tracking_plan (name, content, loaded_at, loaded_by, from_seq)
select %(name)s, %(content)s, %(now)s, %(by)s, coalesce((select max(seq) from journal), 0) + 1
returning version, from_seq

-- name: has_judged
-- Whether the watch has come to where a plan begins.
select exists (select from checkpoint where reader = %(reader)s and seq >= %(from_seq)s)

-- name: ahead_of
-- How far the next step of the watch goes.
select max(seq) from (select seq from journal where seq > %(after)s order by seq limit %(limit)s) next

-- name: count_uses
-- Counted where it stands; no body is read. A source that puts a number into every name would fill the table: names
-- beyond its first so many are counted together.
insert into event_use as u (source_id, kind, name, events, last_received_at)
with came as (
    select source_id, kind, left(name, 500) as name, count(*) as events, max(received_at) as last_received_at
    from journal
    where seq > %(after)s and seq <= %(to)s
    group by 1, 2, 3
), placed as (
    select c.*, k.name is not null as is_known,
        (select count(*) from event_use o where o.source_id = c.source_id)
            + row_number() over (partition by c.source_id, k.name is null order by c.events desc, c.kind, c.name) as place
    from came c
    left join event_use k on k.source_id = c.source_id and k.kind = c.kind and k.name = c.name
)
select source_id, kind, case when is_known or place <= %(most)s then name else %(others)s end, sum(events),
    max(last_received_at)
from placed
group by 1, 2, 3
order by 1, 2, 3
on conflict (source_id, kind, name) do update set
    events = u.events + excluded.events,
    last_received_at = greatest(u.last_received_at, excluded.last_received_at)

-- name: to_judge
-- Only under a plan. What is set aside or withdrawn is nobody's to judge.
select j.seq, s.name, s.kind, j.kind, j.name, j.body::text
from journal j
join source s on s.id = j.source_id
where j.seq > %(after)s and j.seq <= %(to)s and not exists (select from set_aside a where a.seq = j.seq)
    and not is_withdrawn(j.seq)
order by j.seq

-- name: latest_to_judge
-- For trying a plan on what is here already.
select j.seq, s.name, s.kind, j.kind, j.name, j.body::text
from journal j
join source s on s.id = j.source_id
where not is_withdrawn(j.seq)
order by j.seq desc
limit %(limit)s

-- name: add_violations
-- A batch judged twice gives the same rows.
insert into violation (seq, number, version, event, source, path, rule, what, fix)
select seq, number, %(version)s, event, source, path, rule, what, fix
from unnest(
    %(seq)s::bigint[], %(number)s::smallint[], %(event)s::text[], %(source)s::text[], %(path)s::text[],
    %(rule)s::text[], %(what)s::text[], %(fix)s::text[]
) as given (seq, number, event, source, path, rule, what, fix)
on conflict (seq, number) do nothing

-- name: drop_old_violations
-- The newest are kept; the events themselves stay in the journal.
delete from violation where seq in (
    select seq from violation
    where seq < (select seq from violation order by seq desc, number offset %(kept)s limit 1)
    order by seq
    limit %(most)s
)

-- name: drop_old_duplicates
-- The newest are kept.
delete from duplicate where change in (
    select change from duplicate
    where change < (select change from duplicate order by change desc offset %(kept)s limit 1)
    order by change
    limit %(most)s
)

-- name: event_uses
-- One row a source and event.
select s.name, s.kind, u.kind, u.name, u.events, u.last_received_at
from event_use u
join source s on s.id = u.source_id
order by u.name, u.events desc, s.name

-- name: drop_withdrawn_violations
-- An event that is taken back breaks nothing any more.
delete from violation v
using unnest(%(from)s::bigint[], %(to)s::bigint[]) as gone (from_seq, to_seq)
where v.seq between gone.from_seq and gone.to_seq

-- name: violating_events
-- How many of each name break the plan, as far as their violations are kept: without a limit, so that nothing that
-- breaks it passes for clean.
select event, count(distinct seq) from violation group by event order by 2 desc, 1

-- name: violations_by_event
-- How many of the kept violations each event has, and of which rule.
select event, path, rule, count(distinct seq), max(seq), max(what), max(fix)
from violation
where %(event)s::text is null or event = %(event)s
group by event, path, rule
order by 4 desc, 1, 2, 3
limit %(limit)s
