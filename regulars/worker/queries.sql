-- name: read_pace
-- The worker's memory, locked: a second worker waits here and then sees what the first one did.
select ticked_at, replaying, replay_until, flushed_at, read_asked_at from pace for update

-- name: peek_pace
-- The same without the lock, to decide whether there is anything to do.
select ticked_at, replaying, replay_until, flushed_at, read_asked_at from pace

-- name: ask_reading
-- The lake is brought up to date at once, too: what is not in it cannot be read.
update pace set read_asked_at = %(at)s, flushed_at = null

-- name: end_reading
-- Whoever asked later still waits.
update pace set read_asked_at = null where read_asked_at <= %(at)s

-- name: reading
-- Who waits, and whether anybody is at work.
select read_asked_at, seen_at from pace

-- name: beat
-- A worker that stopped is seen by its silence.
update pace set seen_at = %(at)s

-- name: standing
-- Far behind is not standing still; a worker that has not been seen while events wait is.
select
    coalesce((select max(seq) from journal), 0) - c.seq,
    (select received_at from journal where seq > c.seq order by seq limit 1),
    p.seen_at,
    (select count(*) from set_aside)
from pace p, (select coalesce((select seq from checkpoint where reader = 'flow'), 0) as seq) c

-- name: set_ticked
-- A tick and its memory commit together, so that a kill between them cannot repeat a day.
update pace set ticked_at = %(at)s

-- name: set_flushed
-- The lake was brought up to date; whoever asked meanwhile asked for what came meanwhile, too.
update pace set flushed_at = case when read_asked_at > %(at)s then null else %(at)s end

-- name: begin_replay
-- History is about to be loaded in the order of its own time. What ticked before there was any event was not its time.
update pace set replaying = true, replay_until = null,
    ticked_at = case when exists (select from journal) then ticked_at end

-- name: cancel_replay
-- The load ended before anything of it was in the journal.
update pace set replaying = false, replay_until = null where not exists (select from journal)

-- name: end_of_replay
-- All history is in the journal: the replay ends when the flow has carried the last row there is now.
update pace set replay_until = coalesce((select max(seq) from journal), 0)

-- name: finish_replay
-- From here on the wall clock rules.
update pace set replaying = false, replay_until = null

-- name: waiting
-- Is the flow through with the journal?
select coalesce((select max(seq) from journal), 0) - coalesce((select seq from checkpoint where reader = 'flow'), 0),
       exists (select 1 from announcement),
       (select replaying from pace)
