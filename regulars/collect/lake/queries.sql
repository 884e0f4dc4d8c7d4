-- name: carried_to
-- Where the next chunk of the lake ends, withdrawn events counted: a million of them must not be looked at again and again.
select max(seq) from (
    select seq from journal
    where seq > %(after)s and seq <= (select seq from checkpoint where reader = 'flow')
    order by seq
    limit %(limit)s
) chunk

-- name: carried
-- For the lake: only what the flow is past, so every row has its record; the signature stays, whoever it is now.
select j.seq, r.signature, j.source_id, j.message_id, j.kind, j.name, j.occurred_at, j.received_at, j.body::text,
    j.body_hash, s.kind
from journal j
join source s on s.id = j.source_id
left join record r on r.seq = j.seq
where j.seq > %(after)s and j.seq <= %(to)s and not coalesce(
    j.seq <@ (
        select range_agg(int8range(w.from_seq, w.to_seq, '[]')) from withdrawn_range w
        where w.to_seq > %(after)s and w.from_seq <= %(to)s
    ), false)
order by j.seq

-- name: add_files
-- What makes the files exist, together with the lake's checkpoint or with the end of those they take the place of.
insert into lake_file (kind, day, path, rows, size_bytes, sha256, from_seq, to_seq, written_at, clean_of)
select kind, day, path, rows, size_bytes, sha256, from_seq, to_seq, %(now)s, %(clean_of)s
from unnest(
    %(kind)s::text[], %(day)s::bigint[], %(path)s::text[], %(rows)s::bigint[], %(size_bytes)s::bigint[],
    %(sha256)s::bytea[], %(from_seq)s::bigint[], %(to_seq)s::bigint[]
) as given (kind, day, path, rows, size_bytes, sha256, from_seq, to_seq)

-- name: files_of
-- Readers see listed files that are sound; days prune what a past as-of does not need.
select path from lake_file
where damaged_at is null and (%(kind)s::text is null or kind = %(kind)s)
    and (%(until)s::bigint is null or day <= %(until)s)
order by path

-- name: damaged_files
-- How much of the lake readers do without, said whenever they read.
select count(*), coalesce(sum(rows), 0)::bigint from lake_file where kind = %(kind)s and damaged_at is not null

-- name: kept_from
-- The first day the lake still keeps; null: all.
select max(before_day) from lake_retention

-- name: keep_from
-- Only ever forward: what has left does not come back.
insert into lake_retention (before_day) values (%(day)s)
on conflict (one) do update set before_day = greatest(lake_retention.before_day, excluded.before_day)

-- name: all_files
-- Every file there should be.
select id, kind, day, path, rows, sha256, from_seq, to_seq, damaged_at is not null
from lake_file
order by kind, day, from_seq

-- name: mark_damaged
-- What was just found damaged, and what is whole again because somebody put it back.
update lake_file f
set damaged_at = case when f.id = any(%(damaged)s::bigint[]) then coalesce(f.damaged_at, %(now)s) end
where f.damaged_at is not null or f.id = any(%(damaged)s::bigint[])

-- name: journal_between
-- What the lake must hold: positions, instants and the hash of each body, without what was withdrawn.
select j.seq, j.occurred_at, j.body_hash, j.kind
from journal j
where j.seq > %(after)s and j.seq <= %(to)s and not coalesce(
    j.seq <@ (
        select range_agg(int8range(w.from_seq, w.to_seq, '[]')) from withdrawn_range w
        where w.to_seq > %(after)s and w.from_seq <= %(to)s
    ), false)
order by j.seq
limit %(limit)s

-- name: carried_in
-- One file's rows from the journal again: its span, near its day. A day is a date in the brand's zone, so a day more on
-- each side is read and left out afterwards.
select j.seq, r.signature, j.source_id, j.message_id, j.kind, j.name, j.occurred_at, j.received_at, j.body::text,
    j.body_hash, s.kind
from journal j
join source s on s.id = j.source_id
left join record r on r.seq = j.seq
where j.seq >= %(from)s and j.seq <= %(to)s and j.occurred_at >= %(since)s and j.occurred_at < %(before)s
    and not is_withdrawn(j.seq)
order by j.seq

-- name: crowded_days
-- Days with several small files: what compaction is for. The oldest first: the newest is still being written.
select kind, day from lake_file
where damaged_at is null and rows < %(small)s
group by kind, day
having count(*) >= %(files)s
order by day, kind
limit %(limit)s

-- name: files_of_day
-- The files of one day in the order of the journal.
select id, kind, day, path, rows, sha256, from_seq, to_seq, clean_of
from lake_file
where kind = %(kind)s and day = %(day)s and damaged_at is null
order by from_seq

-- name: files_with
-- Files that may hold events of a withdrawal, some at a time.
select f.id, f.kind, f.day, f.path, f.rows, f.sha256, f.from_seq, f.to_seq, f.clean_of
from lake_file f
where f.clean_of < %(withdrawal)s and f.damaged_at is null and exists (
    select from withdrawn_range w
    where w.withdrawal = %(withdrawal)s and w.from_seq <= f.to_seq and w.to_seq >= f.from_seq
)
order by f.id
limit %(limit)s

-- name: ranges_within
-- What must not be in a file of this span.
select greatest(from_seq, %(from)s::bigint), least(to_seq, %(to)s::bigint)
from withdrawn_range where from_seq <= %(to)s and to_seq >= %(from)s
order by from_seq

-- name: leaving_ranges
-- What is on its way out of the lake.
select r.from_seq, r.to_seq
from withdrawn_range r join withdrawal w on w.id = r.withdrawal
where w.lake_at is null
order by r.from_seq

-- name: withdrawal_for_lake
-- The oldest that the rooms have followed and the lake has not.
select id from withdrawal where followed_at is not null and lake_at is null order by id limit 1

-- name: lake_followed
-- No file holds its events any more.
update withdrawal set lake_at = %(now)s where id = %(id)s

-- name: mark_clean
-- Looked at: nothing of the withdrawal is in these.
update lake_file set clean_of = %(withdrawal)s where id = any(%(ids)s::bigint[])

-- name: drop_files
-- No reader finds these any more; whoever is reading them may finish.
with gone as (
    delete from lake_file where id = any(%(ids)s::bigint[]) returning path
)
insert into lake_leaving (path, left_at) select path, %(now)s from gone on conflict (path) do nothing

-- name: drop_days
-- Retention: whole days leave the lake.
with gone as (
    delete from lake_file where day < %(day)s returning path, rows, kind, size_bytes
), leaving as (
    insert into lake_leaving (path, left_at) select path, %(now)s from gone on conflict (path) do nothing
)
select count(*), coalesce(sum(rows) filter (where kind = 'journal'), 0)::bigint, coalesce(sum(size_bytes), 0)::bigint
from gone

-- name: left_before
-- Files nobody can be reading any more.
select path from lake_leaving where left_at < %(before)s order by path limit %(limit)s

-- name: forget_left
-- They are off the disk.
delete from lake_leaving where path = any(%(paths)s::text[])

-- name: listed_paths
-- Every file that somebody may need: all others were left by a kill.
select path from lake_file union all select path from lake_leaving

-- name: has_followed
-- Whether no listed file holds anything of it.
select id from withdrawal where id = %(withdrawal)s and lake_at is not null
