-- How values of traits changed. Writer: analyze.
-- Its columns follow the catalogue like those of trait_state: one for each trait that keeps its history.

-- All such values of a customer after a batch, or a day, that changed one of them; what changed is the difference to
-- the row before. Kept for a stated time; the last row of each customer stays.
create table trait_change (
    id bigint generated always as identity primary key,
    customer bigint not null,
    -- Up to which position of the journal it says.
    seq bigint not null,
    day bigint not null,
    at timestamptz not null,
    -- event: she did something; time: a window ended, days went by; rule: a trait was new or declared anew;
    -- people: her records are others than before.
    cause text not null check (cause in ('event', 'time', 'rule', 'people'))
);
create index trait_change_customer on trait_change (customer, id);
create index trait_change_day on trait_change using brin (day);
