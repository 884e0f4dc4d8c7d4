-- Shifts of activity: weekly series as last looked at, change points found in them, rhythms that broke. Writer: analyze.

-- Each series as it was looked at last: what a page draws, and what the test said.
create table shift_look (
    scope text collate "C" not null,
    series text collate "C" not null,
    part text collate "C" not null,
    -- Monday of the first week; values by week, null where nothing can be said; weeks with a holiday by place.
    first_day int not null,
    values jsonb not null,
    holidays jsonb not null,
    -- Chance of a change point this large in a series without one.
    p double precision,
    looked_day int not null,
    looked_at timestamptz not null,
    primary key (scope, series, part)
);

create table shift (
    id bigint generated always as identity primary key,
    scope text collate "C" not null,
    series text collate "C" not null,
    part text collate "C" not null,
    -- Monday of the first week after the change, and between which Mondays it lies.
    day int not null,
    low_day int not null,
    high_day int not null,
    before double precision not null,
    after double precision not null,
    p double precision not null,
    -- step: at once; slope: little by little
    shape text collate "C" not null,
    found_at timestamptz not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text
);
create index shift_series on shift (scope, series, part);

-- One row a silence or burst that was told, so that it is told once.
create table rhythm_break (
    customer bigint not null,
    -- quiet, busy, or leaving: more likely gone than not
    kind text collate "C" not null,
    -- Day of the order before the silence, or the last one on which a burst was seen.
    day int not null,
    found_day int not null,
    p double precision not null,
    primary key (customer, kind, day)
);
create index rhythm_break_found on rhythm_break (found_day);
