-- Streams: brokers that we listen to or speak to, and the devices behind them. Writer: collect.

create table stream (
    name text primary key,
    -- The plug-in that runs it.
    kind text not null,
    -- Where its events come from; none where it only gives.
    source_id smallint references source,
    -- How to connect and how to map, as JSON. Passwords stay in files; only their paths are here.
    definition text not null,
    created_at timestamptz not null,
    -- What it does now, in words, and when it last said so.
    state text not null,
    state_at timestamptz not null
);

-- How far each partition of a topic was read: written with the events it gave, or not at all.
create table stream_offset (
    stream text not null references stream on delete cascade,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    primary key (stream, topic, partition)
);

-- What became of a packet that carries nothing to tell it from another: the broker repeats it under the same number
-- until we have acknowledged it. At most 65,535 a stream.
create table stream_delivery (
    stream text not null references stream on delete cascade,
    packet integer not null,
    message_id text not null,
    primary key (stream, packet)
) with (fillfactor = 80);

-- Devices that sent a reading, whether anybody knows them or not.
create table device (
    source_id smallint not null references source,
    id text not null,
    -- The stream that brought its last reading.
    stream text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    readings bigint not null,
    -- What its last reading said, as JSON, as far as it is short.
    sample text not null,
    primary key (source_id, id)
) with (fillfactor = 80);
