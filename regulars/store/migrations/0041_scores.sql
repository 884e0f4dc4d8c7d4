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
    -- The ways to fit that were judged on a time they had not seen, and which was chosen; empty without a past.
    tried jsonb not null default '[]',
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
    -- Where the answer is a word: her favorite category.
    label text collate "C",
    primary key (model, customer)
) with (fillfactor = 80);

-- When everybody was scored last, by model.
create table score_run (
    model text collate "C" primary key,
    version int not null,
    as_of_day int not null,
    customers int not null,
    -- How the values were spread: a histogram, quantiles, grades and words.
    spread jsonb not null
);

-- What a score as of a past day was worth, by what customers did after: the latest ones of each model.
create table score_backtest (
    model text collate "C" not null,
    -- The last day that the score saw, and the last day of what came after.
    as_of_day int not null,
    until_day int not null,
    -- Customers with an order on the first of the two; looked at are all of them, or a sample by their number.
    customers int not null,
    sampled int not null,
    -- Null: too early to say.
    found jsonb,
    at timestamptz not null,
    primary key (model, until_day)
);

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
