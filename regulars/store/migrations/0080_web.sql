-- Who may look, and who looked. Writer: web.

create table account (
    id bigint generated always as identity primary key,
    name text not null,
    -- What is typed at sign-in; lower case.
    login text not null unique,
    role text not null check (role in ('admin', 'associate')),
    -- Argon2id; null until its owner has set one: then only a one-time token signs in.
    password_hash text,
    created_at timestamptz not null,
    disabled_at timestamptz
);

-- Wrong passwords by what was typed as login, whether or not there is such an account: nobody learns from it who exists.
-- A fingerprint, because people type passwords into the wrong field.
create table sign_in_try (
    login_hash bytea primary key,
    tries int not null,
    locked_until timestamptz,
    tried_at timestamptz not null
);
create index sign_in_try_age on sign_in_try (tried_at);

-- A sign-in lives here, not in the cookie: ending it ends it everywhere at once.
create table session (
    token_hash bytea primary key,
    account bigint not null references account on delete cascade,
    form_token text not null,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null
);
create index session_account on session (account);

create table sign_in_token (
    token_hash bytea primary key,
    account bigint not null references account on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

-- Programs that ask (a till, a script): a key reaches what its scopes name, never more.
create table server_key (
    id bigint generated always as identity primary key,
    name text not null,
    scopes text[] not null check (cardinality(scopes) > 0),
    requests_per_second integer not null check (requests_per_second > 0),
    key_hash bytea not null unique,
    created_at timestamptz not null,
    -- Written at most once a minute.
    used_at timestamptz,
    -- When it was replaced by another one, and ends for that.
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Who looked at or changed what, in order; rows are only ever added. Names of things, never personal data.
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    account bigint,
    who text not null,
    role text not null,
    action text not null,
    object text not null,
    note text not null default ''
);
create index audit_log_object on audit_log (object, id desc);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only';
end
$$;
create trigger audit_log_append_only before update or delete on audit_log
    for each row execute function audit_log_is_append_only();
