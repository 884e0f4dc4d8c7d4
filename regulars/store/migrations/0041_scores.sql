-- Scores: models over all customers, their versions, values and history. Writer: analyze.

-- One row each time a model was fitted; a score names the version it came from.
create table score_model (
    model text collate "C" not null,
    version int not null,
    as_of_day int not null,
    -- How far back its traits look; null: everything ever.
    window_days int,
    customers int not null,
    params jsonb not null,
    -- Distance from the data it was fitted on, in the measure the score names.
    error double precision not null,
    fitted_at timestamptz not null,
    primary key (model, version)
);

-- Narrow and apart from trait_state: lifetime value ages daily for everybody, and a wide row is dear to rewrite.
create table score (
    customer bigint not null,
    model text collate "C" not null,
    version int not null,
    as_of_day int not null,
    value double precision not null,
    -- In the order of the score's `parts`.
    parts double precision[] not null,
    grade text collate "C" not null,
    primary key (model, customer)
) with (fillfactor = 80);

-- Grades as they changed: the grade on any day is the last row at or before it. Null: no longer scored.
create table score_change (
    customer bigint not null,
    model text collate "C" not null,
    as_of_day int not null,
    version int not null,
    value double precision,
    grade text collate "C",
    primary key (model, customer, as_of_day)
);
