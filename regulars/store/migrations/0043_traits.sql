-- What traits keep beside their rows. Writer: analyze.

-- Daily traits are as of this day, folded from the lake as it was up to this position.
create table daily_run (
    one boolean primary key default true check (one),
    day bigint not null,
    seq bigint not null
);
