-- Lifecycle: the stage every known customer is in, and how people came there. Writer: analyze.

-- Where somebody stands now; the rules stand in analyze/stages.py.
create table lifecycle_stage (
    customer bigint primary key,
    stage text collate "C" not null,
    since timestamptz not null
);
create index lifecycle_stage_members on lifecycle_stage (stage, customer);

-- Every change, oldest first: what was on any past day is read from here, never computed again by today's rules.
create table lifecycle_move (
    id bigint generated always as identity primary key,
    customer bigint not null,
    -- Null: she had none, for we had not come to know her.
    before text collate "C",
    -- Null: she went up in another, or is known no more.
    after text collate "C",
    at timestamptz not null,
    day bigint not null
);
create index lifecycle_move_day on lifecycle_move (day);
create index lifecycle_move_customer on lifecycle_move (customer, id);

-- What a stage brought and who went further, as counted on a day: pages of a million customers read this.
create table lifecycle_figure (
    stage text collate "C" primary key,
    day bigint not null,
    customers bigint not null,
    spend_365_cents bigint not null,
    orders_90 bigint not null,
    answered bigint not null,
    answers double precision not null,
    watched bigint not null,
    further bigint not null
);

-- From where to where people got in a usual stretch of days, counted with it; empty: no stage.
create table lifecycle_flow (
    days bigint not null,
    before text collate "C" not null,
    after text collate "C" not null,
    customers bigint not null,
    primary key (days, before, after)
);

-- By how many a stage grew or shrank on a day, by the moves that are counted.
create table lifecycle_net (
    day bigint not null,
    stage text collate "C" not null,
    change bigint not null,
    primary key (day, stage)
);

-- Up to which move they are; one row.
create table lifecycle_counted (
    one boolean primary key default true check (one),
    until bigint not null
);
insert into lifecycle_counted (until) values (0);
