-- Journeys and loyalty. Writer: design.

create table journey (
    name text collate "C" primary key,
    title text not null,
    -- The version that new enrolments get; null: paused.
    live_version bigint
);

-- What was published, for ever: an enrolment finishes in the version it entered.
create table journey_version (
    id bigint generated always as identity primary key,
    journey text collate "C" not null references journey,
    number int not null,
    graph jsonb not null,
    published_at timestamptz not null,
    unique (journey, number)
);

create table enrolment (
    id bigint generated always as identity primary key,
    version bigint not null references journey_version,
    journey text collate "C" not null,
    customer bigint not null,
    -- What she entered by: a membership episode. The same entry twice is one enrolment.
    entry_key text collate "C" not null,
    -- Hash of the entry: chance in this enrolment is decided by it, so it survives a merge of customers.
    seed bigint not null,
    node text collate "C" not null,
    visit int not null,
    -- When she came to this node: waits count from here.
    arrived_at timestamptz not null,
    status text collate "C" not null check (status in ('live', 'goal', 'completed', 'exited')),
    reason text,
    -- Held out on purpose: walks like everybody, is written to by nobody.
    held boolean not null,
    entered_at timestamptz not null,
    due_at timestamptz not null,
    ended_at timestamptz,
    unique (journey, customer, entry_key)
) with (fillfactor = 80);
create unique index enrolment_one_live on enrolment (journey, customer) where status = 'live';
create index enrolment_due on enrolment (due_at, id) where status = 'live';
create index enrolment_customer on enrolment (customer);

-- Append-only: what happened at each node, in order of visits. Outlives any change of the journey.
create table step_log (
    enrolment bigint not null,
    visit int not null,
    node text collate "C" not null,
    outcome text not null,
    at timestamptz not null,
    primary key (enrolment, visit)
);

-- The one lock of a member. Every sum here is the sum of her transfers; programme accounts have no row to fight over.
create table wallet (
    customer bigint primary key,
    available bigint not null check (available >= 0),
    pending bigint not null check (pending >= 0),
    debt bigint not null check (debt >= 0),
    -- First day on which a lot starts or runs out; null: never. Later than that, postings are behind the lots.
    next_day int,
    check (debt = 0 or available = 0)
) with (fillfactor = 80);
create index wallet_due on wallet (next_day) where next_day is not null;

-- One command that moved points, append-only. The same key again is answered from here and moves nothing.
create table ledger_entry (
    id bigint generated always as identity primary key,
    key text collate "C" not null unique,
    body_hash bigint not null,
    -- earn, redeem, return, restore, settle, adjust, unearn or unreturn.
    kind text collate "C" not null,
    -- The order it is about; the redemption that a restore gives back.
    source text collate "C",
    -- Money of a return.
    cents bigint,
    -- A return that came before its purchase waits for it.
    parked boolean not null default false,
    customer bigint not null,
    -- The record that caused it: after a split the points go where that record goes. Null: asked for in person.
    seq bigint,
    day int not null,
    posted_at timestamptz not null,
    answer bigint not null,
    waived bigint not null default 0,
    note text not null default ''
);
create index ledger_entry_customer on ledger_entry (customer);
create index ledger_entry_parked on ledger_entry (source) where parked;
create index ledger_entry_restore on ledger_entry (source) where kind = 'restore';

-- Points from one account to another: what leaves one arrives at the other, so the books balance by their shape.
create table transfer (
    entry bigint not null,
    line smallint not null,
    source text collate "C" not null,
    target text collate "C" not null,
    points bigint not null check (points > 0),
    primary key (entry, line),
    check (source <> target)
);

-- Points earned together: they start together, run out together, and are taken back together.
create table lot (
    id bigint generated always as identity primary key,
    customer bigint not null,
    entry bigint not null,
    seq bigint,
    source text collate "C" not null,
    line text collate "C" not null default '',
    -- Money the award was computed from, so that part of it can be reversed.
    basis_cents bigint not null,
    points bigint not null check (points > 0),
    left_points bigint not null,
    -- Reversed (taken back or waived) and run out so far.
    returned bigint not null default 0,
    returned_cents bigint not null default 0,
    expired bigint not null default 0,
    started boolean not null,
    earned_day int not null,
    active_day int not null,
    expires_day int,
    check (left_points between 0 and points),
    check (returned between 0 and points)
) with (fillfactor = 80);
create index lot_customer on lot (customer);

-- Which lots a debit took from (and, negative, gave back to).
create table allocation (
    entry bigint not null,
    lot bigint not null,
    points bigint not null check (points <> 0),
    primary key (entry, lot)
);
create index allocation_lot on allocation (lot);
