-- Requests that other systems hand in, and whom to tell of them. Writer: privacy.

create table opendsr_request (
    -- As the other system numbers it.
    id uuid primary key,
    request bigint not null unique references privacy_request,
    -- The key it was handed in with.
    controller text not null,
    kind text collate "C" not null,
    -- Of the body: the same request twice is one, another one under its number is refused. What was in it is not kept.
    print bytea not null,
    callbacks text[] not null,
    received_at timestamptz not null,
    -- What they know, or are about to be told.
    told text collate "C" not null default 'pending'
);

-- In progress once somebody of the brand has done something: it came in, and was vouched for, by itself.
create view opendsr_standing as
select o.id, o.controller, o.received_at, p.due_on, case
    when p.state = 'answered' then 'completed'
    when p.state <> 'open' then 'cancelled'
    when exists (select from privacy_step s where s.request = p.id and s.number > 2) then 'in_progress'
    else 'pending'
end as status, o.request
from opendsr_request o join privacy_request p on p.id = o.request;

create table opendsr_call (
    id uuid not null references opendsr_request,
    url text not null,
    status text collate "C" not null,
    tries int not null default 0,
    -- Null: told, or given up.
    next_at timestamptz,
    told_at timestamptz,
    fault text not null default '',
    primary key (id, url, status)
);
create index opendsr_call_next on opendsr_call (next_at) where next_at is not null;
