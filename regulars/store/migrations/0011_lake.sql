-- What the lake holds. Writer: collect. A Parquet file that has no row here does not exist for any reader: it was
-- left by a flush that was killed before its commit.
create table lake_file (
    id bigint generated always as identity primary key,
    -- journal (bodies as they came) or facts (typed rows).
    kind text not null,
    -- Days since 1970-01-01 in the brand's zone; all rows of a file are of one day.
    day bigint not null,
    -- Below the lake's root.
    path text not null unique,
    rows bigint not null,
    size_bytes bigint not null,
    sha256 bytea not null,
    from_seq bigint not null,
    to_seq bigint not null,
    written_at timestamptz not null
);
create index lake_file_kind_day on lake_file (kind, day);
