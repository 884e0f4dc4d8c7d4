-- name: first_account
-- Each start makes the administrator or finds it. Whoever starts the program owns the machine, so this way in stays open
-- when everybody was disabled; but the password of a disabled account does not come back with it.
insert into account (name, login, role, created_at)
values (%(name)s, %(login)s, %(role)s, %(at)s)
on conflict (login) do update
set role = excluded.role,
    disabled_at = null,
    password_hash = case when account.disabled_at is null then account.password_hash end
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
-- Whose password it would be.
select id, password_hash from account where login = %(login)s;

-- name: count_try
-- Before the password is looked at, so that many tries at once all count. The last allowed one locks. No row comes back
-- while the login rests.
insert into sign_in_try as t (login_hash, tries, tried_at)
values (%(login)s, 1, %(now)s)
on conflict (login_hash) do update
set tries = case when t.locked_until is null then t.tries + 1 else 1 end,
    locked_until = case when t.locked_until is null and t.tries + 1 >= %(max)s then %(until)s::timestamptz end,
    tried_at = excluded.tried_at
where t.locked_until is null or t.locked_until <= excluded.tried_at
returning tries;

-- name: forgive_tries
-- The password fits, or a new one was set.
delete from sign_in_try where login_hash = %(login)s;

-- name: forget_tries
-- Logins that rested long enough; whatever strangers type must not fill the disk.
delete from sign_in_try where tried_at < %(before)s;

-- name: set_password
-- The hash carries its own parameters.
update account set password_hash = %(hash)s where id = %(account)s;

-- name: administrators
-- Locked: two who disable each other at once must not both succeed.
select id from account where role = 'admin' and disabled_at is null order by id for update;

-- name: disable_account
-- History keeps the account's name, so the row stays.
update account set disabled_at = coalesce(disabled_at, %(at)s) where id = %(account)s returning id;

-- name: spend_tokens
-- One-time sign-ins of a disabled account stay shut even if it is opened again.
update sign_in_token set used_at = %(at)s where account = %(account)s and used_at is null;

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
insert into server_key (name, scopes, requests_per_second, key_hash, created_at)
values (%(name)s, %(scopes)s, %(rate)s, %(hash)s, %(at)s)
returning id;

-- name: find_server_key
-- Who is behind a bearer key.
select id, name, scopes, requests_per_second, used_at
from server_key
where key_hash = %(hash)s and revoked_at is null and (expires_at is null or expires_at > %(now)s);

-- name: touch_server_key
-- At most once a minute per key.
update server_key set used_at = %(now)s where id = %(id)s;

-- name: server_keys
-- Newest first; revoked ones stay, the audit log names them.
select id, name, scopes, requests_per_second, created_at, used_at, expires_at, revoked_at
from server_key
order by id desc;

-- name: expire_server_key
-- One that works and is replaced; if it ends sooner anyway it keeps its end.
update server_key set expires_at = least(expires_at, %(until)s)
where id = %(id)s and revoked_at is null and (expires_at is null or expires_at > %(now)s)
returning name, scopes, requests_per_second;

-- name: revoke_server_key
-- A key is never given back.
update server_key set revoked_at = coalesce(revoked_at, %(at)s) where id = %(id)s returning name;

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
    (select received_at from journal order by seq desc limit 1),
    (select coalesce(sum(u.events), 0) from source_use u join source s on s.id = u.source_id where s.kind <> 'own')::bigint
        - (select coalesce(sum(events), 0) from withdrawal)::bigint;

-- name: messages_by_state
-- Every yes and no of the outbox.
select state, count(*) from outbox group by state;

-- name: outbox_rows
-- Keyset by (created_at, key): the index of the newest rows serves it.
select
    o.key,
    o.customer,
    coalesce(nullif(concat_ws(' ', p.first_name, p.last_name), ''), 'Customer ' || o.customer),
    o.channel,
    o.template,
    o.origin,
    o.state,
    o.reason,
    o.why,
    o.created_at,
    o.decided_at,
    o.ended_at,
    o.not_before
from outbox o
left join profile p on p.customer = o.customer
where (%(state)s::text is null or o.state = %(state)s)
    and (%(customer)s::bigint is null or o.customer = %(customer)s)
    and (
        %(before)s::text is null
        or (o.created_at, o.key) < (select b.created_at, b.key from outbox b where b.key = %(before)s)
    )
order by o.created_at desc, o.key desc
limit %(limit)s;

-- name: outbox_tallies
-- One line a reason; the words are those of the latest row with it.
select state, reason, max(why), count(*)
from outbox
group by state, reason
order by count(*) desc;

-- name: arms
-- Only who came past the holdout: who reached the goal before it was decided belongs to neither arm.
select e.held, e.status, count(*)
from step_log s join enrolment e on e.id = s.enrolment
where e.journey = %(journey)s and s.outcome in ('held out', 'goes on')
group by e.held, e.status;

-- name: wishes
-- An outbox key of a journey is journey:enrolment:node:visit.
select split_part(key, ':', 3), state, reason, max(why), count(*)
from outbox
where origin = %(origin)s
group by split_part(key, ':', 3), state, reason
order by count(*) desc;

-- name: weeks
-- Identified sales by week (Monday first) out of the day cells that traits keep anyway: live while a year is loading.
select (key + 3) / 7, sum(revenue_cents__order_completed)::bigint, sum(n__order_completed)::bigint, count(distinct customer),
    max(key)
from cell_window
where n__order_completed > 0
group by 1
order by 1 desc
limit %(limit)s;

-- name: best
-- Few rows are sorted by what they hold; no index, because a fold writes this table.
select t.customer, p.first_name, p.last_name, t.spend_cents, t.orders, t.last_order_day, s.grade
from trait_state t
left join profile p on p.customer = t.customer
left join score s on s.customer = t.customer and s.model = 'rfm'
where t.orders > 0
order by t.spend_cents desc, t.customer
limit %(limit)s;

-- name: moves
-- Who came and went, by segment, in the last days of what is known.
select segment, count(*) filter (where entered), count(*) filter (where not entered)
from segment_move
where day > %(after)s
group by segment
order by count(*) desc, segment
limit %(limit)s;

-- name: freshness
-- When each source last sent, and how far into time that reached: added up as it is appended.
select s.name, s.kind, u.last_received_at, u.last_occurred_at
from source_use u join source s on s.id = u.source_id
where s.kind <> 'own'
order by s.name;

-- name: belongings
-- Segments of one customer.
select segment, since from segment_member where customer = %(customer)s order by since desc, segment;

-- name: belongings_of_each
-- Segments of several customers.
select customer, segment, since from segment_member where customer = any(%(customers)s::bigint[]);

-- name: purchases
-- The two traits everybody asks for first.
select orders, spend_cents from trait_state where customer = %(customer)s;

-- name: full_names
-- First and last names of these customers, as far as they are known.
select customer, first_name, last_name from profile where customer = any(%(customers)s::bigint[]);

-- name: baskets
-- What a customer bought since then, latest first.
select j.occurred_at, j.body -> 'properties' -> 'revenue', j.body -> 'properties' ->> 'channel', s.kind
from events_of(array[%(customer)s]::bigint[]) e
join journal j on j.seq = e.seq
join source s on s.id = j.source_id
where j.kind = 'track' and j.name = 'Order Completed' and j.occurred_at >= %(since)s and not is_withdrawn(j.seq)
order by j.occurred_at desc, j.seq desc
limit %(limit)s;

-- name: points_behind
-- What a line of a statement was for: the place of its order, the day its points run out, and how they moved.
select
    e.id,
    coalesce('store ' || nullif(j.body #>> '{properties,store_id}', ''), j.body #>> '{properties,channel}'),
    (select max(l.expires_day) from lot l where l.customer = e.customer and l.entry = e.id),
    (
        select coalesce(sum(case when t.target in ('available', 'pending') then t.points else 0 end), 0)::bigint
            - coalesce(sum(case when t.source in ('available', 'pending') then t.points else 0 end), 0)::bigint
        from transfer t
        where t.entry = e.id
    )
from ledger_entry e
left join journal j on j.seq = e.seq
where e.id = any(%(entries)s);

-- name: segment_names
-- Members of a page of a segment with what one wants to see of them.
select m.customer, p.first_name, p.last_name, t.spend_cents, t.orders, t.last_order_day, m.since
from unnest(%(customers)s::bigint[]) with ordinality as m0 (customer, place)
join segment_member m on m.customer = m0.customer and m.segment = %(segment)s
left join profile p on p.customer = m.customer
left join trait_state t on t.customer = m.customer
order by m0.place;

-- name: sample_names
-- Some people with what one wants to see of them.
select c.customer, p.first_name, p.last_name, t.spend_cents, t.orders
from unnest(%(customers)s::bigint[]) with ordinality as c (customer, place)
left join profile p on p.customer = c.customer
left join trait_state t on t.customer = c.customer
order by c.place;

-- name: household_members
-- Names, addresses and figures of people who live, or lived, together.
select c.id, p.first_name, p.last_name, p.street, p.city, coalesce(t.spend_cents, 0), coalesce(t.orders, 0), t.last_order_day
from unnest(%(customers)s::bigint[]) c (id)
left join profile p on p.customer = c.id
left join trait_state t on t.customer = c.id;

-- name: overlap
-- Share of these people who are in other segments too.
select b.segment, count(*)
from segment_member a join segment_member b on b.customer = a.customer and b.segment <> a.segment
where a.segment = %(segment)s
group by b.segment
order by count(*) desc, b.segment
limit %(limit)s;

-- name: reachable
-- Members whom consent lets us write to, by channel.
select c.channel, count(distinct c.customer)
from segment_member m join consent_state c on c.customer = m.customer
where m.segment = %(segment)s and c.purpose = 'marketing' and c.allowed and coalesce(c.expires_at > %(now)s, true)
group by c.channel
order by 2 desc;

-- name: segment_money
-- What the members spent, against everybody who ever bought.
select
    sum(t.spend_cents) filter (where m.customer is not null)::bigint,
    count(*) filter (where m.customer is not null),
    sum(t.spend_cents)::bigint,
    count(*)
from trait_state t
left join segment_member m on m.customer = t.customer and m.segment = %(segment)s
where t.orders > 0;

-- name: known_customers
-- The base of every share.
select count(*) from customer where known;

-- name: last_move
-- "The last seven days" are those of what is known, not of the wall clock: a history may end long ago.
select max(day) from segment_move;

-- name: timeline_points
-- Movements of points with the time of what caused them, for the one time line.
select e.id, coalesce(j.occurred_at, e.posted_at) as at, e.kind, e.note, e.seq,
    (
        select coalesce(sum(case when t.target in ('available', 'pending') then t.points else 0 end), 0)::bigint
            - coalesce(sum(case when t.source in ('available', 'pending') then t.points else 0 end), 0)::bigint
        from transfer t
        where t.entry = e.id
    )
from ledger_entry e
left join journal j on j.seq = e.seq
where e.customer = %(customer)s
    and (
        %(at)s::timestamptz is null
        or (coalesce(j.occurred_at, e.posted_at), e.id) < (%(at)s::timestamptz, %(id)s::bigint)
    )
order by 2 desc, 1 desc
limit %(limit)s;

-- name: timeline_messages
-- What was not sent, or not yet: what was sent is an event. Keys are texts, the order wants numbers.
select hashtextextended(o.key, 0), coalesce(o.ended_at, o.decided_at, o.created_at), o.state, o.template, o.why
from outbox o
where o.customer = %(customer)s and o.state <> 'sent'
    and (
        %(at)s::timestamptz is null
        or (coalesce(o.ended_at, o.decided_at, o.created_at), hashtextextended(o.key, 0))
            < (%(at)s::timestamptz, %(id)s::bigint)
    )
order by 2 desc, 1 desc
limit %(limit)s;

-- name: timeline_moments
-- Who opened the card of this customer, and when.
select id, at, who from audit_log
where object = %(object)s and action = 'opened a moment card'
    and (%(at)s::timestamptz is null or (at, id) < (%(at)s::timestamptz, %(id)s::bigint))
order by at desc, id desc
limit %(limit)s;

-- name: names_of
-- What to call these customers.
select customer, first_name, last_name from profile where customer = any(%(customers)s::bigint[]);
