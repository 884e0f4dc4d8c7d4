-- Personas: groups found among customers, whom they hold, how they grew. Writer: analyze.

-- One row each time a lens was looked through, whether or not it showed groups.
create table persona_fit (
    lens text collate "C" not null,
    version int not null,
    as_of_day int not null,
    fitted_at timestamptz not null,
    -- Customers who can be judged, and how many of them the groups were looked for in.
    judged int not null,
    sampled int not null,
    -- How well the groups of two halves agree, for each number of groups, and what chance alone reaches.
    stability jsonb not null,
    -- Null: no stable groups.
    params jsonb,
    -- What the latest day found: how many were judged, and how many stood far from every group.
    applied_day int not null,
    applied int not null,
    strange int not null,
    primary key (lens, version)
);

create table persona (
    id bigint generated always as identity primary key,
    lens text collate "C" not null,
    -- Its place among the centers of the newest version; null: the newest version has no such group.
    place int,
    name text not null,
    -- found, approved or retired
    state text collate "C" not null,
    found_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    -- How much of it the version before held, 0 to 1; null: it was new.
    overlap double precision,
    -- What is over-represented, how it looks, how it grew: sums over everybody, nobody's own.
    portrait jsonb not null,
    customers int not null,
    spend_cents bigint not null,
    lifetime_cents bigint
);
create index persona_lens on persona (lens);

create table persona_member (
    lens text collate "C" not null,
    customer bigint not null,
    persona bigint not null,
    -- Distance from the middle of the group: 0 is as typical as can be.
    distance real not null,
    since_day int not null,
    primary key (lens, customer)
) with (fillfactor = 80);
create index persona_member_persona on persona_member (persona, distance);
create index persona_member_customer on persona_member (customer);

-- How many there were on past days, all by the newest version.
create table persona_size (
    persona bigint not null,
    day int not null,
    customers int not null,
    judged int not null,
    primary key (persona, day)
);
