-- What we know about each customer. Writer: profile.

-- By what values are chosen and which fields a brand adds: the declaration of profile.yaml that was adopted last.
create table profile_policy (
    one boolean primary key default true check (one),
    declared text not null,
    -- Customers up to this one are computed by it; null: all.
    done_to bigint
);

-- What purposes.yaml said when it could be read last: holds while it cannot.
create table profile_purposes (
    one boolean primary key default true check (one),
    declared text not null
);

-- Every value of each field with its provenance, one of them golden. One address is one field (as JSON), so that a house
-- move never mixes the street of one home with the city of another.
create table profile_field (
    customer bigint not null,
    field text collate "C" not null,
    -- A source's name, or @steward for what was stated by hand.
    source text collate "C" not null,
    verified boolean not null,
    -- Hash of the value: a key has no room for a long one.
    digest bigint not null,
    -- Empty: a steward stated that nothing is known.
    value text not null,
    -- When the source last said so, and where: an event's position, a hand entry's number.
    occurred_at timestamptz not null,
    seq bigint not null,
    -- Why it is the golden one: the criterion that told it from the best different value; null: it is not.
    rule text,
    primary key (customer, field, source, verified, digest)
) with (fillfactor = 80);

-- What people of the brand state by hand; appended and never changed, taking back is a further entry.
create table profile_hand (
    id bigint generated always as identity primary key,
    -- The record that founded the customer: whoever holds it has what was stated.
    seq bigint not null,
    -- field, note, preference or undo
    kind text not null,
    -- The field, or what the preference is about.
    name text not null,
    -- Of a field: empty states that nothing is known.
    value text not null,
    undoes bigint references profile_hand on delete cascade,
    actor text not null,
    reason text not null,
    at timestamptz not null
);
create index profile_hand_seq on profile_hand (seq);
create index profile_hand_undoes on profile_hand (undoes);

-- The golden values, one row a customer, for everybody who reads: a projection of profile_field.
create table profile (
    customer bigint primary key,
    first_name text,
    last_name text,
    email text,
    phone text,
    street text,
    city text,
    postcode text,
    state text,
    country text,
    birth_date date,
    zone text,
    language text,
    changed_at timestamptz not null
) with (fillfactor = 80);

-- Search as you type: the words of name, e-mail and phone, folded to lower case without accents. "C" order makes a prefix
-- a range of the key, so no extension is needed.
create table profile_token (
    token text collate "C" not null,
    customer bigint not null,
    primary key (token, customer)
);
create index profile_token_customer on profile_token (customer);

-- Every decision about being contacted, as it was made; never updated.
create table consent (
    seq bigint not null,
    channel text collate "C" not null,
    purpose text collate "C" not null,
    -- Normalized contact point; empty: whatever address this person has on the channel.
    address text collate "C" not null,
    allowed boolean not null,
    decided_at timestamptz not null,
    -- What was said and where: "Unsubscribed", "Consent Given", "traits.consent".
    evidence text not null,
    collection_point text not null,
    basis text,
    -- What she was shown: the notice's id, its version, and the SHA-256 of its text as it stood then.
    notice text,
    notice_version text,
    notice_hash text,
    jurisdiction text,
    -- Who entered it: she herself where nobody is named.
    actor text,
    -- A yes ends by itself at this instant; null: it stands until it is withdrawn.
    expires_at timestamptz,
    primary key (seq, channel, purpose, address)
);
create index consent_address on consent (address, channel, purpose);

-- What holds now for each customer: a projection of consent. No row means: never asked, so no.
create table consent_state (
    customer bigint not null,
    channel text collate "C" not null,
    purpose text collate "C" not null,
    address text collate "C" not null,
    allowed boolean not null,
    decided_at timestamptz not null,
    seq bigint not null,
    -- Read with the instant of the question: a yes that has ended is none, without a job that would have to run first.
    expires_at timestamptz,
    -- A record of hers says yes later than another said no: who these records are decides, so it is looked at again.
    is_mixed boolean not null default false,
    -- The yes that does not count, where the record of `seq` may be somebody else's and says no; null: none.
    against bigint,
    primary key (customer, channel, purpose, address)
);
create index consent_state_mixed on consent_state (customer) where is_mixed;
create index consent_state_address on consent_state (address, channel, purpose);
