-- How far sources can be joined. Writer: resolve.

-- The latest measurement, one row: as of which position, and what was found (JSON). Made again when the lake moved on.
create table match_measure (
    only_row boolean primary key default true check (only_row),
    read_until bigint not null,
    made_at timestamptz not null,
    seconds double precision not null,
    matches jsonb not null,
    recognized jsonb not null
);
