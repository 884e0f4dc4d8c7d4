-- What the worker remembers between its rounds. Writer: worker.

-- When time was last let pass, and whether history is being replayed: while `replaying`, the worker's clock follows the
-- events instead of the wall, so that a year's windows, journeys and quiet hours happen in their own time.
create table pace (
    only_row boolean primary key default true check (only_row),
    ticked_at timestamptz,
    replaying boolean not null default false,
    -- Set when the loader is done: the replay ends once the flow stands here.
    replay_until bigint,
    flushed_at timestamptz,
    -- When a worker last said that it is at work.
    seen_at timestamptz,
    -- When somebody asked for the audit to be read now; NULL: nobody waits for it.
    read_asked_at timestamptz
);
insert into pace default values;
