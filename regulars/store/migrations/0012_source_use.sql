-- Counters of the sources page. Writer: collect.

-- What each source has sent, added up in the statement that appends it: counting the journal reads a million rows.
create table source_use (
    source_id smallint primary key references source,
    events bigint not null,
    last_received_at timestamptz not null,
    last_occurred_at timestamptz not null
) with (fillfactor = 50);

insert into source_use (source_id, events, last_received_at, last_occurred_at)
select source_id, count(*), max(received_at), max(occurred_at) from journal group by source_id;
