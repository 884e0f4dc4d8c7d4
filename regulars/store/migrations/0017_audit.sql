-- What a brand has: its systems, connected or not, and how good each field of its sources is. Writer: collect.

-- Systems that hold customer data, as people state them. A connected source is in the inventory without a row here.
create table system (
    name text primary key,
    -- transactional, CRM, third-party, behavioral
    kind text not null,
    -- Where customers meet it: store, web, e-mail …
    channel text not null,
    owner text not null,
    -- How its data can be had: webhook, CSV by SFTP, API key …
    extract text not null,
    note text not null,
    -- wanted, asked, refused, or connected (then its source is named)
    status text not null,
    source_id smallint references source,
    changed_at timestamptz not null
);
create unique index system_source on system (source_id);

-- Stretches of the journal in the lake that were read field by field. Only the last one grows; one whose files were
-- rewritten since is read again.
create table audit_stretch (
    id bigint generated always as identity primary key,
    from_seq bigint not null,
    to_seq bigint not null,
    -- Hash of the lake files it was read from and of what was set aside in it.
    made_of text not null,
    made_at timestamptz not null,
    seconds double precision not null
);

-- One field of one event of one source in one stretch. Fields can be added up over stretches, distinct values by their
-- smallest hashes.
create table audit_cell (
    stretch bigint not null references audit_stretch on delete cascade,
    source_id smallint not null references source,
    -- Name of a track event; else identify, page …
    event text collate "C" not null,
    -- Its path (`properties.products[].price`); empty or ending in [] for the event, or the list, itself.
    field text collate "C" not null,
    -- Values that are neither missing, null nor blank.
    filled bigint not null,
    -- Distinct values of this stretch, exact.
    different bigint not null,
    -- Its smallest 64-bit hashes, 8 bytes each, in order.
    smallest bytea not null,
    -- How many values have the form of a number, a date, an e-mail …
    forms jsonb not null,
    -- Values that pass the cleaner of its kind of identifier; NULL: no cleaner judges it.
    valid bigint,
    -- Masked where it could name anybody.
    sample text[] not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (stretch, source_id, event, field)
);

-- Which evidence a source brought in one stretch: for each signature its events and what was paid in its orders.
create table audit_use (
    stretch bigint not null references audit_stretch on delete cascade,
    source_id smallint not null references source,
    signatures bigint[] not null,
    events integer[] not null,
    revenue_cents bigint[] not null,
    primary key (stretch, source_id)
);
