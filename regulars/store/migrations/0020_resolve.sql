-- Who is who. Writer: resolve. The rule itself is Python (resolve/partition.py); these rows hold its input and output.

-- Key of the MAC that names every value. In the database, not in the data folder: web and worker processes on other
-- machines must name values alike. Changing it renames everything: a full rebuild.
create table resolve_secret (
    one boolean primary key default true check (one),
    secret bytea not null
);

-- One identifier: a login, a card, an address, a device … `generic` and `shared` hold one bit per class (1 << class).
create table value (
    id bigint primary key,
    type text not null,
    -- Normalized text, for showing; emptied by erasure.
    shown text not null,
    generic integer not null default 0,
    shared integer not null default 0,
    -- More than one: a gap or a close cut its history; then holders' days matter.
    epochs smallint not null default 1,
    first_day integer not null,
    last_day integer not null
);
-- Few are generic, and who looks at the health of who is who wants them all.
create index value_generic on value (id) where generic <> 0;
-- A card by its last digits, as people read it out.
create index value_card_end on value (reverse(shown) collate "C") where type = 'card';

-- Equal evidence: every record with these links and these matching attributes. `id` is the hash of them.
create table signature (
    id bigint primary key,
    -- NULL: nothing links it, its records are nobody's.
    customer bigint,
    -- Component of the reach graph: whatever an added or withdrawn fact here could change.
    reach bigint not null,
    -- Its first record: the id it would mint. Days since 1970-01-01 UTC of its records.
    first_seq bigint not null,
    first_day integer not null,
    last_day integer not null,
    dob integer,
    first_name text collate "C",
    surname text collate "C",
    address text collate "C",
    -- Hash of address and surname: whoever has the same one may live with her.
    home bigint,
    -- Somebody looked at a document: these outvote what was only typed.
    dob_verified boolean not null default false,
    name_verified boolean not null default false,
    -- Its customer has any person-level link, orders included: the rule's word, for founders and sessions.
    known boolean not null default false,
    -- Its days decide something (a clash in its reach; a value with two epochs): a new day recomputes the reach.
    delicate boolean not null default false,
    gapped boolean not null default false,
    -- It is on a shared carrier: events follow sessions.
    sessions boolean not null default false,
    -- Number of the erasure that left it: it clashes and counts like others and is nobody's. 0: what is nowhere needed.
    ghost bigint
) with (fillfactor = 80);
create index signature_reach on signature (reach);
create index signature_customer on signature (customer);
create index signature_home on signature (home) where home is not null;
create index signature_ghost on signature (ghost) where ghost is not null;

-- A signature carries a value. `class` as evidence, `level` as it counts now (0: not at all).
create table link (
    signature bigint not null,
    value bigint not null,
    class smallint not null,
    level smallint not null,
    -- Name space of a login (a hash), else 0.
    space integer not null,
    epoch smallint not null,
    -- 0 edge, 1 barred, 2 generic, 3 void (blocked, withdrawn, pending, two logins)
    state smallint not null,
    primary key (signature, value, class)
) with (fillfactor = 90);
create index link_value on link (value);

-- Every journal row is a record. `occurred_at` is NULL for our own events: they are no evidence and open no session.
create table record (
    seq bigint primary key,
    signature bigint not null,
    occurred_at timestamptz,
    signed_out boolean not null default false
);
create index record_signature on record (signature);

create table customer (
    -- Journal position of the founder record.
    id bigint primary key,
    -- Named by a login, card, e-mail, phone or payment token; false: an anonymous visitor, or one cash basket.
    known boolean not null,
    founder_signature bigint not null
);

-- Anonymous events on shared carriers belong to the session: these stretches of a signature are somebody else's.
create table carrier_span (
    signature bigint not null,
    from_at timestamptz not null,
    to_at timestamptz not null,
    customer bigint not null,
    primary key (signature, from_at)
);
create index carrier_span_customer on carrier_span (customer);

-- Former ids: who holds the minting record now.
create table redirect (
    old bigint primary key,
    customer bigint not null
);
create index redirect_customer on redirect (customer);

-- What changed between two published states. kind: merge (other went up in customer) or split (other left customer).
create table identity_event (
    id bigint generated always as identity primary key,
    kind text not null,
    customer bigint not null,
    other bigint not null,
    -- Position of the batch (or 0 for a decision or rebuild) and event time of the cause.
    seq bigint not null,
    at timestamptz not null
);
create index identity_event_customer on identity_event (customer);

-- Where the rule refused to join, and why: the explanation.
create table cut (
    reach bigint not null,
    level smallint not null,
    value bigint not null,
    reason text not null,
    one_signature bigint not null,
    other_signature bigint not null
);
create index cut_reach on cut (reach);

-- What stewards state: a register per subject, the highest version counts; an empty kind withdraws.
create table decision (
    subject text not null,
    version integer not null,
    -- verify, withdraw, block, close, merge, split, distinct, model, apart (stated by an erasure) or '' (undone)
    kind text not null,
    signatures bigint[] not null,
    -- split: the leaving side
    leaving bigint[] not null,
    value bigint,
    day integer,
    -- split: evidence that mints these ids instead of its own; the last one is new.
    minters bigint[] not null default '{}',
    minted bigint[] not null default '{}',
    actor text not null,
    reason text not null,
    at timestamptz not null,
    primary key (subject, version)
);
create index decision_signatures on decision using gin (signatures, leaving);
create index decision_value on decision (value);
create index decision_minted on decision using gin (minted) where minted <> '{}';

-- What only erased people had, by its keyed hash: records of before that carry it are refused, whoever brings them again.
create table erased_value (
    value bigint not null,
    erasure bigint not null,
    erased_at timestamptz not null,
    primary key (value, erasure)
);
create index erased_value_at on erased_value (erased_at);

-- Where a score finds two customers alike and does not join them: for a steward. As `cut`, rewritten with its reach.
create table doubt (
    reach bigint not null,
    one_signature bigint not null,
    other_signature bigint not null,
    -- Mean over all of both that could be compared.
    bits double precision not null,
    -- Name space of logins that both have one of: somebody is in one system twice. 0: no such reason.
    space integer not null default 0
);
create index doubt_reach on doubt (reach);

-- Models that say how alike two records are. A decision about 'model' puts one in force.
create table likeness_model (
    number bigint generated always as identity primary key,
    name text not null,
    -- Splink's settings as JSON; how common values are, as JSON by column and value.
    body bytea not null,
    terms bytea not null,
    -- Mean scores from which two are one person, and from which a steward is asked.
    auto_bits double precision not null,
    review_bits double precision not null,
    -- Its scores are kept up to date.
    is_kept boolean not null,
    -- Nobody was compared when it was added: scoring them enters them under their keys.
    enters boolean not null,
    -- Signatures up to this number are scored, in their order. NULL: all are.
    scored_to bigint,
    actor text not null,
    at timestamptz not null
);

-- What a model says of two signatures, the lower number first. `waterfall`: [comparison, words, bits], from the prior on.
create table pair (
    one bigint not null,
    other bigint not null,
    model bigint not null,
    bits double precision not null,
    waterfall jsonb not null,
    primary key (one, other, model)
);
create index pair_other on pair (other);
create index pair_model on pair (model);

-- Which signatures meet under a key and are compared; too many, and the key tells nothing.
create table block (
    key bigint not null,
    signature bigint not null,
    primary key (key, signature)
);
create index block_signature on block (signature);
create table block_size (
    key bigint primary key,
    members integer not null
) with (fillfactor = 80);

-- Ids that a split which holds gave to other evidence than the record at their position; of several the latest.
create view pinned as
select distinct on (m.id) m.id, m.signature, d.subject, d.minted
from (
    select distinct on (subject) subject, kind, minters, minted[array_upper(minted, 1)] as minted, minted as ids
    from decision where minted <> '{}' order by subject, version desc
) d, unnest(d.minters, d.ids) m(signature, id)
where d.kind = 'split'
order by m.id, d.minted desc;

-- How who is who stands, of a brand so large that nobody waits while it is counted: one row (JSON), as of which record.
create table health_reading (
    only_row boolean primary key default true check (only_row),
    at timestamptz not null,
    last_seq bigint not null,
    body jsonb not null
);

create view model_in_force as
select m.number as model, m.review_bits, m.auto_bits
from (select kind, value from decision where subject = 'model' order by version desc limit 1) d
join likeness_model m on d.kind = 'model' and m.number = d.value;

-- Stretches are looked up where there can be one only: a join would cost every record a look.
create view event_customer as
select r.seq,
    case when s.sessions then coalesce(
        (
            select c.customer from carrier_span c
            where c.signature = r.signature and r.occurred_at between c.from_at and c.to_at
            order by c.from_at desc limit 1
        ), s.customer)
    else s.customer end as customer
from record r
join signature s on s.id = r.signature;

-- Positions that may be theirs, found by index: asked for a customer, the view would look at every record.
create function near_events(customers bigint[]) returns setof bigint language sql stable as $$
    select r.seq from signature s join record r on r.signature = s.id where s.customer = any(customers)
    union
    select r.seq
    from carrier_span c join record r on r.signature = c.signature and r.occurred_at between c.from_at and c.to_at
    where c.customer = any(customers)
$$;

-- The events of these customers: a device may be used by several people, so the view says whose each is. "offset 0"
-- makes each look-up one by the key, however many records the planner expects.
create function events_of(customers bigint[]) returns table (customer bigint, seq bigint) language sql stable as $$
    select e.customer, n.seq
    from near_events(customers) n (seq)
    cross join lateral (select v.customer from event_customer v where v.seq = n.seq offset 0) e
    where e.customer = any(customers)
$$;

create view customer_identifier as
select
    s.customer,
    v.type,
    l.class,
    v.shown as value,
    bool_or((v.shared >> l.level) & 1 = 1) as shared,
    bool_or((v.generic >> l.level) & 1 = 1) as generic,
    to_timestamp(min(s.first_day) * 86400.0) as first_at,
    to_timestamp(max(s.last_day) * 86400.0) as last_at
from signature s
join link l on l.signature = s.id
join value v on v.id = l.value
where s.customer is not null and v.shown <> ''
group by s.customer, v.type, l.class, v.id, v.shown;
