-- Opportunities: what each search over the past year found, and whom. Writer: analyze.

-- One row a search; the newest that ended well is shown, and a later one that did not is told beside it.
create table opportunity_run (
    version bigint generated always as identity primary key,
    -- The day of the search, and the last day with an order that it read. Null: nothing was bought, or it failed.
    searched_day int not null,
    as_of_day int,
    customers int not null default 0,
    searched_at timestamptz not null,
    seconds double precision not null default 0,
    -- Where it broke; null: it ended well.
    fault text
);
create index opportunity_run_day on opportunity_run (searched_day);

-- What every detector said, found or not: its finding, money, evidence and picture.
create table opportunity (
    version bigint not null references opportunity_run on delete cascade,
    name text collate "C" not null,
    rank int not null,
    is_found boolean not null,
    told jsonb not null,
    primary key (version, name)
);

-- Who: of the newest search only, and of found ones and not found ones alike.
create table opportunity_member (
    name text collate "C" not null,
    customer bigint not null,
    stake_cents bigint not null,
    -- In the order of the detector's `reasons`: the numbers that put her here.
    reasons double precision[] not null,
    primary key (name, customer)
);
create index opportunity_member_customer on opportunity_member (customer);
create index opportunity_member_stake on opportunity_member (name, stake_cents desc, customer);

-- What somebody took up: who was in it then is told by events in the journal, and lives on as they do.
create table opportunity_taken (
    id bigint generated always as identity primary key,
    name text collate "C" not null,
    version bigint not null,
    -- In every event of it: those to be treated, and with the ending -held-out those who are not, on purpose.
    campaign text collate "C" not null unique,
    people int not null,
    held_out int not null,
    taken_at timestamptz not null,
    taken_by text not null,
    -- The segment that was made of it.
    segment text collate "C",
    unique (name, version)
);
