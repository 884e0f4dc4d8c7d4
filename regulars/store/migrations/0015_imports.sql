-- Files that were imported, as things one can look at, resume and undo. Writer: collect.

create table import_run (
    id bigint generated always as identity primary key,
    source_id smallint not null references source,
    -- As people know it; and where it lies for the time of the import.
    file_name text not null,
    path text not null,
    -- The beginning of the SHA-256 of its content: another content is another file.
    file_hash text not null,
    size_bytes bigint not null,
    dialect jsonb not null,
    -- As text of JSON: the columns stay in the order of the file.
    mapping json not null,
    actor text not null,
    -- running (also after its process died: nobody then holds its lock), failed, done, undone.
    state text not null,
    -- How far it is durable: the last row, where the next one begins, the share of the file.
    row_number bigint not null default 0,
    mark bigint not null default 0,
    share double precision not null default 0,
    accepted bigint not null default 0,
    duplicates bigint not null default 0,
    refused bigint not null default 0,
    -- Why it failed, in words; null: it did not.
    fault text,
    started_at timestamptz not null,
    -- When it was taken up for the last time, and from which row on: tells how fast it goes.
    resumed_at timestamptz not null,
    resumed_row bigint not null default 0,
    moved_at timestamptz not null,
    -- When a process was last started for it, which needs a moment before it holds the lock; null: by no page.
    launched_at timestamptz,
    ended_at timestamptz,
    -- Of `withdrawal`, which a later migration makes; null: its events stand.
    withdrawal bigint
);
create index import_run_file on import_run (source_id, file_hash);

-- Written in the transaction that appends the rows: what stands here is in the journal, and nothing else is.
create table import_chunk (
    run bigint not null references import_run,
    first_row bigint not null,
    last_row bigint not null,
    -- Positions of the rows that were new; null: none was.
    from_seq bigint,
    to_seq bigint,
    primary key (run, first_row)
);

-- The first rows that were not taken, for the report. Every refusal with its body is in `refusal`.
create table import_refusal (
    run bigint not null references import_run,
    row_number bigint not null,
    code text not null,
    reason text not null,
    fix text not null,
    primary key (run, row_number)
);

-- Places whose rows are fetched, and how far each is: the cursor commits with the rows behind which it stands.
create table pull (
    id integer generated always as identity primary key,
    name text not null unique,
    source_id smallint not null references source,
    -- As its file says; secrets are named by where they are.
    definition text not null,
    -- JSON: its type and its value. Null: nothing came yet.
    cursor text,
    row_count bigint not null default 0,
    -- Of its last run that ended; null: it did not fail.
    fault text,
    -- When its last run began and when one ended last: a run that was cut off did not.
    began_at timestamptz,
    ran_at timestamptz
);
