-- What is watched of the events that arrive: plans and their violations, duplicates, what became of refusals.
-- Writer: collect.

-- Versions of the brand's tracking plan; the newest one is checked. Never changed.
create table tracking_plan (
    version integer generated always as identity primary key,
    name text not null,
    -- The file as it was loaded.
    content text not null,
    loaded_at timestamptz not null,
    loaded_by text not null,
    -- Events from this position on are judged by it.
    from_seq bigint not null
);

-- In what way an event does not follow the plan. The event is in the journal all the same.
create table violation (
    seq bigint not null,
    -- Place among the event's violations, from 1.
    number smallint not null,
    version integer not null,
    event text not null,
    source text not null,
    path text not null,
    rule text not null,
    what text not null,
    fix text not null,
    primary key (seq, number)
);
create index violation_event on violation (event, seq);

-- How often each source sends which event, counted behind the journal.
create table event_use (
    source_id smallint not null references source,
    kind text collate "C" not null,
    name text collate "C" not null,
    events bigint not null,
    last_received_at timestamptz not null,
    primary key (source_id, kind, name)
) with (fillfactor = 70);

-- Messages that came again with the same body: harmless, and often the sign of a client that does not hear our answer.
create table duplicate (
    source_id smallint not null references source,
    message_id text collate "C" not null,
    -- How often beyond the first time.
    times bigint not null,
    first_received_at timestamptz not null,
    last_received_at timestamptz not null,
    -- Higher with every delivery, for readers who want what is new.
    change bigint not null,
    primary key (source_id, message_id)
) with (fillfactor = 70);
create unique index duplicate_change on duplicate (change);
create sequence duplicate_number;

insert into checkpoint (reader, seq) values ('vocabulary', 0);

-- What became of a refusal. open: nothing yet; replayed: sent through the door again; dismissed: nobody wants it.
alter table refusal add column state text collate "C" not null default 'open'
    check (state in ('open', 'replayed', 'dismissed'));
alter table refusal add column ended_at timestamptz;
-- Of a replay: accepted, duplicate or conflicting, under this id; of a try that was refused again: why.
alter table refusal add column became text;
alter table refusal add column became_message_id text;
-- The reason without what differs from message to message: refusals of one shape are one group.
alter table refusal add column shape text not null generated always as (
    regexp_replace(regexp_replace(reason, '''[^'']*''', '''…''', 'g'), '[0-9]+([-T:.+0-9]*[0-9])?', '…', 'g')
) stored;
create index refusal_group on refusal (state, source_id, code, shape, id);

-- Orders to replay refusals in bulk, carried out a chunk a transaction by whoever is at hand; a kill costs no more.
create table replay (
    id bigint generated always as identity primary key,
    -- Which refusals: their group, and the last one that was there when it was ordered.
    source_id smallint not null references source,
    code text not null,
    shape text not null,
    last_id bigint not null,
    -- The mends, as JSON.
    mends text not null,
    ordered_by text not null,
    ordered_at timestamptz not null,
    total bigint not null,
    -- Up to which refusal it is done.
    done_id bigint not null default 0,
    accepted bigint not null default 0,
    duplicates bigint not null default 0,
    conflicts bigint not null default 0,
    refused bigint not null default 0,
    left_out bigint not null default 0,
    ended_at timestamptz,
    -- Why it ended before its end.
    fault text
);
