-- Segments that people make, every version of their rules. Writer: analyze.

create table segment_made (
    name text collate "C" primary key,
    -- The newest version, and the one that the flow judges by: 0 before its state is there.
    version int not null default 1,
    adopted int not null default 0,
    archived boolean not null default false,
    -- Why the newest version could not be taken over; the adopted one stays in force meanwhile.
    fault text,
    -- What was in force and is no longer is left once, without news: the flow has not done so yet.
    settled boolean not null default false,
    changed_at timestamptz not null
);

create table segment_version (
    segment text collate "C" not null references segment_made on delete cascade,
    version int not null,
    title text not null,
    -- As regulars/analyze/segments/tree.py reads it.
    rule jsonb not null,
    -- Who saved it, and what for.
    author text not null,
    reason text not null,
    at timestamptz not null,
    primary key (segment, version)
);

-- Counts every change of what the flow judges by, so that each process notices it with one look.
create table segment_stamp (
    one boolean primary key default true check (one),
    number bigint not null
);
insert into segment_stamp (number) values (0);

-- What segments were worth on each day on which time was let pass, just then: what members spent in the 365 days before.
create table segment_day (
    segment text collate "C" not null,
    day bigint not null,
    customers int not null,
    spend_cents bigint not null,
    primary key (segment, day)
);
