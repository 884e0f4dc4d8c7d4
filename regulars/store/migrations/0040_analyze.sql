-- Meaning: traits, segments and their history. Writer: analyze.
-- The columns of trait_state and the tables cell_* follow the catalogue: analyze/schema.py adds them when it is first
-- used and whenever a trait is new. What stands here is what every catalogue has.

-- The day that "the last 30 days" ends with; moved by the day tick alone, read inside the transaction.
create table as_of (
    one boolean primary key default true check (one),
    day bigint not null
);

-- One row a customer: scalars, what was read out of her cells, finished values, and her segments as bits.
-- No index on anything a fold writes: every update stays on its page.
create table trait_state (
    customer bigint primary key,
    -- As the fold last saw it: segments and scores hold people we know.
    known boolean not null default false,
    -- Several words of 62 bits: see compiled.words.
    word bigint[] not null default '{}'
) with (fillfactor = 80);

-- Every column of state with the facts it already holds: all up to backfilled_to, and all after live_from.
create table trait_definition (
    state text primary key,
    place text not null,
    column_name text not null,
    live_from bigint not null,
    backfilled_to bigint not null,
    -- Needed by segments that people made, and by nothing in the catalogue: goes with the last of them.
    made boolean not null default false
);

create table segment_definition (
    name text collate "C" primary key,
    -- For ever: stored words stay readable. Titles and rules stand in the catalogue, or in segment_version.
    bit int not null unique
);

create table segment_member (
    segment text collate "C" not null,
    customer bigint not null,
    since timestamptz not null,
    primary key (segment, customer)
);
create index segment_member_customer on segment_member (customer);

create table segment_move (
    id bigint generated always as identity primary key,
    segment text collate "C" not null,
    customer bigint not null,
    entered boolean not null,
    at timestamptz not null,
    day bigint not null,
    -- event: she did something; time: a window ended, days went by; rule: the segment was made or changed;
    -- people: her records are others than before.
    reason text not null default 'event' check (reason in ('event', 'time', 'rule', 'people')),
    -- The latest event of hers in the batch that moved her.
    seq bigint
);
create index segment_move_segment on segment_move (segment, day);
create index segment_move_customer on segment_move (customer);

-- While the past of a new state is being folded: customers who were folded whole meanwhile, so the rest skips them.
create table trait_complete (
    customer bigint primary key
);
