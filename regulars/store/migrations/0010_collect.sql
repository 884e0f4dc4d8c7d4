-- The journal and what belongs to the door. Writer: collect.

create table source (
    id smallint generated always as identity primary key,
    name text not null unique,
    -- tills, web, crm, email, calls, own, other: decides how the resolver trusts what the source says.
    kind text not null,
    -- Logins of one name space identify one person; two sources may share a name space.
    login_space text not null,
    -- Positions of the journal at which it says of e-mails and of phones the one that holds now, so that another one of
    -- the same login ends the former. What it said before it was declared so, and since it is no more, is read without.
    current_email int8multirange not null default '{}',
    current_phone int8multirange not null default '{}',
    created_at timestamptz not null
);

-- Keys that may write to a source and nothing else. Several at once, so that rotating one drops no event.
create table write_key (
    -- The part of the key that may be shown and logged.
    id text collate "C" primary key,
    source_id smallint not null references source,
    -- SHA-256 of the whole key; the key itself is shown once.
    key_hash bytea not null unique,
    created_at timestamptz not null,
    -- None: until it is rotated.
    expires_at timestamptz
);

create table journal (
    seq bigint generated always as identity primary key,
    source_id smallint not null references source,
    message_id text collate "C" not null,
    kind text collate "C" not null,
    name text collate "C" not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    body jsonb not null,
    -- Hash of the message as sent: the same id with another body is a conflict, never a duplicate.
    body_hash bytea not null,
    unique (source_id, message_id)
);
-- Compressing two kilobytes of products costs more than it saves.
alter table journal alter body set storage external;

create table refusal (
    id bigint generated always as identity primary key,
    source_id smallint references source,
    received_at timestamptz not null,
    message_id text,
    code text not null,
    reason text not null,
    fix text not null,
    -- As received, so that it can be mended and replayed; of a long one the first 16 KB.
    body text not null,
    -- Of the whole message, without what belongs to one delivery.
    body_hash bytea not null
);

-- The same message refused again is no news. Messages without an id are told apart by their hash alone.
create unique index refusal_once on refusal (source_id, message_id, code, body_hash) nulls not distinct;

-- Journal rows that no room could carry. Readers of the journal get them bare: no body, nobody's, no fact.
create table set_aside (
    seq bigint primary key,
    at timestamptz not null,
    -- What broke, and where.
    fault text not null
);

-- Where each reader of the journal stands: the flow, the lake.
create table checkpoint (
    reader text primary key,
    seq bigint not null
);
insert into checkpoint (reader, seq) values ('flow', 0), ('lake', 0);

-- Our own events (a segment entered, two customers found to be one) wait here inside the transaction that caused them
-- and are moved into the journal right after it: a flow never holds the journal's lock while it thinks.
create table announcement (
    id bigint generated always as identity primary key,
    message_id text collate "C" not null,
    name text not null,
    customer bigint not null,
    occurred_at timestamptz not null,
    properties jsonb not null
);
