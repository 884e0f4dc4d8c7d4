-- What vendors post to us, kept as it came, and what was made of it. Writer: collect.

-- A source that is fed by a vendor's webhooks. Its secret stands in a file of the data folder, never here.
create table webhook (
    source_id smallint primary key references source,
    -- The plug-in that verifies and maps.
    vendor text not null,
    -- How the sender signs, where the vendor leaves that open.
    options jsonb not null,
    created_at timestamptz not null,
    -- Requests whose signature was wrong: counted, never kept.
    unverified bigint not null default 0,
    unverified_at timestamptz
);

-- Mappings that a brand edits, every version: what was mapped by which stays known.
create table webhook_mapping (
    source_id smallint not null references source,
    version int not null,
    content jsonb not null,
    actor text not null,
    saved_at timestamptz not null,
    primary key (source_id, version)
);

-- One delivery, raw: the truth from which its events can be made again after a mapping was mended.
create table delivery (
    id bigint generated always as identity primary key,
    source_id smallint not null references source,
    -- The vendor's own name for it: the same delivery again is one row.
    delivery_id text collate "C" not null,
    topic text not null,
    received_at timestamptz not null,
    body bytea not null,
    body_hash bytea not null,
    size_bytes int not null,
    -- waiting, mapped, silent (it told of nothing new), refused
    state text collate "C" not null,
    -- Why it is silent or refused.
    reason text not null default '',
    events int not null default 0,
    mapped_at timestamptz,
    unique (source_id, delivery_id)
);
create index delivery_waiting on delivery (id) where state = 'waiting';
create index delivery_newest on delivery (source_id, id desc);
-- What may be let go once it is old.
create index delivery_settled on delivery (received_at) where state in ('mapped', 'silent');

-- Which delivery tells which event, and under which id it stands in the journal: what happened once is told once,
-- however many deliveries speak of it.
create table delivery_event (
    source_id smallint not null references source,
    key text collate "C" not null,
    -- None: it was withdrawn, and no delivery tells it now. The delivery itself may be pruned: what it told stays told.
    delivery bigint,
    message_id text collate "C" not null,
    -- How often the event was made anew.
    revision int not null default 0,
    content_hash bytea not null,
    primary key (source_id, key)
);
create index delivery_event_delivery on delivery_event (delivery);
