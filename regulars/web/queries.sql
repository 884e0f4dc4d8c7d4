-- name: first_account
-- The first run makes the administrator; later runs find it.
insert into account (name, login, role, created_at)
values (%(name)s, %(login)s, %(role)s, %(at)s)
on conflict (login) do update set login = excluded.login
returning id;

-- name: add_account
-- No row comes back when the login is taken.
insert into account (name, login, role, created_at)
values (%(name)s, %(login)s, %(role)s, %(at)s)
on conflict (login) do nothing
returning id;

-- name: accounts
-- One account, or all of them.
select id, name, login, role, password_hash is not null, created_at, disabled_at is not null
from account
where %(account)s::bigint is null or id = %(account)s
order by id;

-- name: account_for_sign_in
-- Locks the row: two tries at once must both count.
select id, password_hash, locked_until from account where login = %(login)s for update;

-- name: count_try
-- A fitting password forgives; the fifth wrong one locks.
update account
set failed_tries = case when %(fits)s or failed_tries + 1 >= %(max)s then 0 else failed_tries + 1 end,
    locked_until = case when not %(fits)s and failed_tries + 1 >= %(max)s then %(until)s end
where id = %(account)s;

-- name: set_password
-- The hash carries its own parameters.
update account set password_hash = %(hash)s, failed_tries = 0, locked_until = null where id = %(account)s;

-- name: disable_account
-- History keeps the account's name, so the row stays.
update account set disabled_at = %(at)s where id = %(account)s;

-- name: add_token
-- Only the fingerprint is kept.
insert into sign_in_token (token_hash, account, created_at, expires_at)
values (%(hash)s, %(account)s, %(at)s, %(until)s);

-- name: use_token
-- Using is one statement, so a token opens one door once even when it is sent twice at the same instant.
update sign_in_token t
set used_at = %(now)s
from account a
where t.token_hash = %(hash)s and t.used_at is null and t.expires_at > %(now)s
    and a.id = t.account and a.disabled_at is null
returning t.account;

-- name: open_session
-- A new token at every sign-in.
insert into session (token_hash, account, form_token, created_at, seen_at, expires_at)
values (%(hash)s, %(account)s, %(form_token)s, %(at)s, %(at)s, %(until)s);

-- name: find_session
-- Who is behind a cookie: alive, not idle too long, account not disabled.
select a.id, a.name, a.role, s.form_token, s.seen_at
from session s join account a on a.id = s.account
where s.token_hash = %(hash)s and s.expires_at > %(now)s and s.seen_at > %(idle_since)s and a.disabled_at is null;

-- name: touch_session
-- At most once a minute per session.
update session set seen_at = %(now)s where token_hash = %(hash)s;

-- name: close_session
-- Signing out.
delete from session where token_hash = %(hash)s;

-- name: close_sessions_of
-- New password or disabled account: every sign-in ends.
delete from session where account = %(account)s;

-- name: add_server_key
-- A program's key, shown once.
insert into server_key (name, role, key_hash, created_at) values (%(name)s, %(role)s, %(hash)s, %(at)s);

-- name: find_server_key
-- Who is behind a bearer key.
select name, role from server_key where key_hash = %(hash)s and revoked_at is null;

-- name: add_audit
-- Before the answer goes out, so that no look-up goes unwritten.
insert into audit_log (at, account, who, role, action, object, note)
values (%(at)s, %(account)s, %(who)s, %(role)s, %(action)s, %(object)s, %(note)s);

-- name: audit
-- Newest first, keyset by id.
select id, at, who, role, action, object, note
from audit_log
where %(before)s::bigint is null or id < %(before)s
order by id desc
limit %(limit)s;

-- name: pulse
-- Positions instead of counts where a count would read a million rows; `reltuples` would be stale while loading.
select
    coalesce((select max(seq) from journal), 0),
    coalesce((select seq from checkpoint where reader = 'flow'), 0),
    (select count(*) from refusal),
    (select count(*) from customer where known),
    (select count(*) from customer where not known),
    (select occurred_at from journal order by seq desc limit 1),
    (select received_at from journal order by seq desc limit 1);

-- name: messages_by_state
-- Every yes and no of the outbox.
select state, count(*) from outbox group by state;
