-- Expectations and practices: what was promised and what was measured, with each search. Writer: analyze.

-- Counts by four weeks and part of the business, for each expectation.
create table expectation (
    version bigint not null references opportunity_run on delete cascade,
    name text collate "C" not null,
    told jsonb not null,
    primary key (version, name)
);

-- The newest cases that broke an expectation, of the newest search only.
create table expectation_case (
    name text collate "C" not null,
    seq bigint not null,
    customer bigint not null,
    day int not null,
    primary key (name, seq)
);
create index expectation_case_customer on expectation_case (customer);

-- How many customers, and how much revenue, hang on a practice from each threshold on.
create table practice (
    version bigint not null references opportunity_run on delete cascade,
    name text collate "C" not null,
    told jsonb not null,
    primary key (version, name)
);
