-- The lake kept sound: damage, compaction, retention. Writer: collect.

alter table lake_file
    -- Found missing or not what was written: readers pass it by until it is repaired.
    add column damaged_at timestamptz,
    -- The latest withdrawal whose events are surely not in it.
    add column clean_of bigint not null default 0;

-- Files that others have taken the place of. Whoever is reading them now may finish.
create table lake_leaving (
    path text primary key,
    left_at timestamptz not null
);

-- Days before this one have left the lake and do not come back; the journal keeps them.
create table lake_retention (
    one boolean primary key default true check (one),
    before_day bigint not null
);
