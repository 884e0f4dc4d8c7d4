-- The one door to the customer. Writer: engage.

-- Every wish to reach somebody and what became of it. A "no" is a row with its reason.
create table outbox (
    -- The intent's key: the same intent twice is one row.
    key text collate "C" primary key,
    customer bigint not null,
    channel text collate "C" not null,
    purpose text collate "C" not null,
    template text collate "C" not null,
    origin text not null,
    priority smallint not null,
    state text collate "C" not null check (
        state in ('pending', 'later', 'ready', 'sending', 'sent', 'failed', 'unknown', 'held', 'suppressed')
    ),
    -- Code of the reason and the same in words; null while nobody has looked.
    reason text collate "C",
    why text,
    held boolean not null,
    not_before timestamptz,
    valid_until timestamptz,
    payload jsonb not null,
    created_at timestamptz not null,
    decided_at timestamptz,
    -- Where it goes and which decision of hers allows it.
    address text,
    consent_seq bigint,
    message_id text collate "C",
    -- Advisory lock of the sender that took it: a free lock means that sender is dead.
    sender bigint,
    sending_at timestamptz,
    attempts smallint not null default 0,
    ended_at timestamptz,
    -- Last day of what it offers, as the letter says it; the till counts to the same day.
    offer_until date
) with (fillfactor = 70);
create index outbox_open on outbox (not_before nulls first) where state in ('pending', 'later');
create index outbox_going on outbox (priority desc, key) where state in ('ready', 'sending');
create index outbox_customer on outbox (customer, created_at);
create index outbox_message on outbox (message_id) where message_id is not null;
create index outbox_recent on outbox (created_at desc, key desc);

-- One row a message of a week: the key is the cap, whoever races.
create table cap_slot (
    customer bigint not null,
    channel text collate "C" not null,
    -- Weeks since the epoch's, from Monday, in the customer's zone.
    week int not null,
    n smallint not null check (n >= 1),
    outbox_key text collate "C" not null unique,
    primary key (customer, channel, week, n)
);

-- Addresses nobody may write to again, whoever holds them.
create table suppression (
    channel text collate "C" not null,
    -- Normalized.
    address text collate "C" not null,
    reason text not null,
    at timestamptz not null,
    outbox_key text collate "C",
    primary key (channel, address)
);

-- Channels whose carrier did not answer or would not take anything: left alone until then, longer each time.
create table line_rest (
    channel text collate "C" primary key,
    failures int not null,
    until timestamptz not null
);

-- What signs links and message ids: one for all processes, kept and restored with the data it vouches for.
create table signing_key (
    purpose text collate "C" primary key,
    secret bytea not null
);

-- Numbers senders, so that each can hold a lock of its own.
create sequence sender_number;
