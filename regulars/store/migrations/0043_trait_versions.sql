-- Versions of traits. Writer: analyze.

-- What was declared when. Versions are only ever added; the newest that was adopted is the one the flow folds by.
create table trait_version (
    trait text collate "C" not null,
    version int not null,
    title text not null,
    unit text not null,
    freshness text not null check (freshness in ('live', 'daily')),
    -- As regulars/analyze/spelled.py reads it: a tree, never code.
    expression text not null,
    -- Which program brought it, and when.
    author text not null,
    at timestamptz not null,
    -- The day that windows ended with then; null before the first event.
    day bigint,
    -- Since when it is in force; null while its past is folded, and for ever where another one came before.
    adopted_at timestamptz,
    -- Since when nothing declares it any more.
    retired_at timestamptz,
    -- Why it cannot be prepared; the version before stays in force.
    fault text,
    primary key (trait, version)
);
