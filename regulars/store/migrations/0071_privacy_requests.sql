-- What people ask of us about their data, by when it is due, and every step taken. Writer: privacy.

create table privacy_request (
    id bigint generated always as identity primary key,
    kind text collate "C" not null check (kind in ('access', 'erasure', 'rectification', 'opt_out', 'objection')),
    regime text collate "C" not null check (regime in ('GDPR', 'CCPA', 'LGPD')),
    -- When it reached the brand, which is when the time began to run.
    received_at timestamptz not null,
    -- Last days in the brand's zone; by calendar rule, see privacy/deadlines.py.
    acknowledge_by date,
    due_on date not null,
    extended_because text,
    acknowledged_at timestamptz,
    -- Whether we know that she is who she says: open, asked, proven or failed.
    proof text collate "C" not null default 'open' check (proof in ('open', 'asked', 'proven', 'failed')),
    assignee text,
    state text collate "C" not null default 'open' check (state in ('open', 'answered', 'refused', 'cancelled')),
    ended_at timestamptz,
    -- Whom it is about; null: nobody was found yet.
    customer bigint,
    -- How she can be reached, as she gave it.
    contact text not null,
    -- The erasure that was begun for it.
    erasure bigint references erasure,
    opened_at timestamptz not null
);
create index privacy_request_open on privacy_request (due_on, id) where state = 'open';
create index privacy_request_customer on privacy_request (customer) where customer is not null;

-- What was done and by whom, in order; rows are only ever added.
create table privacy_step (
    request bigint not null references privacy_request,
    number int not null,
    at timestamptz not null,
    actor text not null,
    action text collate "C" not null,
    note text not null default '',
    primary key (request, number)
);
