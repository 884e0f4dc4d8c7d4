-- Whose data must not come in again: keyed hashes of identifiers, never the identifiers. Writer: collect.

-- Key of the hashes. In the database, not in the data folder: every process that takes events hashes alike.
create table stop_secret (
    one boolean primary key default true check (one),
    secret bytea not null
);

-- One reason to stop people: a file that was loaded, a request that was answered. Undone as a whole.
create table stop_order (
    id bigint generated always as identity primary key,
    reason text not null,
    actor text not null,
    at timestamptz not null,
    undone_at timestamptz,
    undone_by text
);

-- Asked in the transaction that appends. Empty, which it is where nobody was ever erased, it costs one look.
create table stopped (
    -- HMAC-SHA256 over type, name space and normalized value.
    hash bytea not null,
    stop_order bigint not null references stop_order,
    primary key (hash, stop_order)
);
create index stopped_order on stopped (stop_order);

-- What was kept out, by source: nothing else is known of it.
create table stop_use (
    source_id smallint primary key references source,
    messages bigint not null,
    last_at timestamptz not null
);
