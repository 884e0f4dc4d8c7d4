-- Readings of the journal by the periods that a brand declares, and since when there is history. Writer: privacy.

create table retention_reading (
    id bigint generated always as identity primary key,
    -- retention.yaml as it stood, in one spelling: an approval is of exactly this.
    declared text not null,
    -- It was approved before: what is over its time goes.
    takes boolean not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    -- How far in the journal.
    read_to bigint not null default 0,
    events bigint not null default 0,
    -- Counts by class and month.
    classes text not null,
    approved_at timestamptz,
    approved_by text
);

create table retention_beginning (
    class text collate "C" primary key,
    -- What happened before this day is gone.
    begins date not null
);
