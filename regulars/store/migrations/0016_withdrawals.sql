-- Events taken back: an import undone, deliveries mapped anew. Writer: collect.

-- One row each time. The journal keeps its rows; from the commit on every reader gets them bare.
create table withdrawal (
    id bigint generated always as identity primary key,
    -- Null: there was nothing left to withdraw.
    source_id smallint references source,
    actor text not null,
    reason text not null,
    at timestamptz not null,
    events bigint not null,
    -- Up to this position everything withdrawn here has left the projections.
    followed_seq bigint not null default 0,
    followed_events bigint not null default 0,
    -- Null: the rooms (the lake) still have to follow.
    followed_at timestamptz,
    lake_at timestamptz
);
create index withdrawal_open on withdrawal (id) where followed_at is null or lake_at is null;

-- Which positions: a few ranges instead of a million rows. They never overlap.
create table withdrawn_range (
    from_seq bigint primary key,
    to_seq bigint not null,
    withdrawal bigint not null references withdrawal,
    check (from_seq <= to_seq)
);
create index withdrawn_range_end on withdrawn_range (to_seq);
create index withdrawn_range_withdrawal on withdrawn_range (withdrawal);

-- One look into the index: ranges do not overlap, so only the last that begins before can hold it.
create function is_withdrawn(place bigint) returns boolean
language sql stable
return coalesce(
    (select w.to_seq >= place from withdrawn_range w where w.from_seq <= place order by w.from_seq desc limit 1),
    false
);
