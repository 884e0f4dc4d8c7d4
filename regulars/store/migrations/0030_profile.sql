-- What we know about each customer. Writer: profile.

-- The golden value of each field with its provenance. One address is one field (as JSON), so that a house move never mixes
-- the street of one home with the city of another.
create table profile_field (
    customer bigint not null,
    field text collate "C" not null,
    value text not null,
    -- The rule of survivorship: verified before unverified, then the latest event, then the latest in the journal.
    verified boolean not null,
    occurred_at timestamptz not null,
    seq bigint not null,
    primary key (customer, field)
) with (fillfactor = 80);

-- The same, one row a customer, for everybody who reads: a projection of profile_field.
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
    primary key (customer, channel, purpose, address)
);
create index consent_state_address on consent_state (address, channel, purpose);
