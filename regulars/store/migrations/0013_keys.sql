-- Keys that can be told apart, watched and ended, and the limits of a source. Writer: collect.

-- Null: the default of its kind of client.
alter table source
    add column request_max_bytes integer,
    add column requests_per_second integer,
    add column events_per_second integer;

alter table write_key
    add column label text not null default '',
    -- Pages that may send with it; none named: any.
    add column origins text[] not null default '{}',
    -- Written in bulk, once a minute at most.
    add column used_at timestamptz,
    add column revoked_at timestamptz;
create index write_key_source on write_key (source_id);

-- What clients say they had to send again (X-Retry-Count), and what we asked to come again: failures on the way to us
-- that no row of ours would show otherwise.
create table client_trouble (
    source_id smallint primary key references source,
    repeated bigint not null,
    last_repeated_at timestamptz,
    slowed bigint not null,
    last_slowed_at timestamptz
);
