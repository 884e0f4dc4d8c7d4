-- name: take_in
-- The same intent twice is one row; one that is not due yet says so at once.
insert into outbox (
    key, customer, channel, purpose, template, origin, priority, state, reason, why, held, not_before, valid_until,
    payload, created_at
)
select
    w.key, w.customer, w.channel, w.purpose, w.template, w.origin, w.priority,
    case when w.not_before > %(now)s then 'later' else 'pending' end,
    case when w.not_before > %(now)s then %(not_yet)s end,
    case when w.not_before > %(now)s then %(not_yet_why)s end,
    w.held, w.not_before, w.valid_until, w.payload::jsonb, %(now)s
from unnest(
    %(keys)s::text[], %(customers)s::bigint[], %(channels)s::text[], %(purposes)s::text[], %(templates)s::text[],
    %(origins)s::text[], %(priorities)s::smallint[], %(held)s::boolean[], %(not_before)s::timestamptz[],
    %(valid_until)s::timestamptz[], %(payloads)s::text[]
) as w (key, customer, channel, purpose, template, origin, priority, held, not_before, valid_until, payload)
on conflict (key) do nothing

-- name: open_wishes
-- Due wishes with all that decides about them. In the order of customers: two workers that take the same people in
-- different order would wait for each other. The latest decision counts, for this address or for any; "no" wins a tie.
select
    o.key, coalesce(r.customer, o.customer), o.channel, o.purpose, o.held, o.not_before, o.valid_until,
    a.address, p.zone, s.address is not null, c.allowed, c.seq, c.expires_at
from outbox o
left join redirect r on r.old = o.customer
left join profile p on p.customer = coalesce(r.customer, o.customer)
cross join lateral (select lower(case o.channel when 'email' then p.email else p.phone end) as address) a
left join suppression s on s.channel = o.channel and s.address = a.address
left join lateral (
    select c.allowed, c.seq, c.expires_at
    from consent_state c
    where c.customer = coalesce(r.customer, o.customer) and c.channel = o.channel and c.purpose = o.purpose
      and c.address in ('', a.address)
    order by c.decided_at desc, c.allowed, c.seq desc
    limit 1
) c on true
where o.state in ('pending', 'later') and (o.not_before is null or o.not_before <= %(now)s)
order by o.customer, o.priority desc, o.key
limit %(limit)s
for update of o skip locked

-- name: take_slots
-- The cap as a constraint: a slot's key exists once, and no slot above the cap is asked for. Whoever loses a race for a
-- number is not in the answer and asks again with a fresh count.
insert into cap_slot (customer, channel, week, n, outbox_key)
select n.customer, n.channel, n.week, n.n, n.key
from (
    select
        w.*,
        (select coalesce(max(s.n), 0) from cap_slot s
         where s.customer = w.customer and s.channel = w.channel and s.week = w.week)
        + row_number() over (partition by w.customer, w.channel, w.week order by w.place) as n
    from unnest(%(keys)s::text[], %(customers)s::bigint[], %(channels)s::text[], %(weeks)s::int[])
        with ordinality as w (key, customer, channel, week, place)
) n
where n.n <= %(cap)s
on conflict do nothing
returning outbox_key

-- name: slots_of
-- Wishes that hold a slot of an earlier look: it is theirs still.
select outbox_key, week from cap_slot where outbox_key = any(%(keys)s::text[])

-- name: free_slots
-- What will not go out this week leaves its slot to something else.
delete from cap_slot where outbox_key = any(%(keys)s::text[])

-- name: store_verdicts
-- The answer with its reason in words, for the whole claim at once.
update outbox o
set customer = w.customer, state = w.state, reason = w.reason, why = w.why, not_before = w.not_before,
    address = coalesce(w.address, o.address), consent_seq = coalesce(w.consent_seq, o.consent_seq),
    decided_at = %(now)s,
    ended_at = case when w.state in ('held', 'suppressed') then %(now)s else o.ended_at end
from unnest(
    %(keys)s::text[], %(customers)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(whys)s::text[],
    %(not_before)s::timestamptz[], %(addresses)s::text[], %(consent_seqs)s::bigint[]
) as w (key, customer, state, reason, why, not_before, address, consent_seq)
where o.key = w.key

-- name: slots_free
-- After a round that won nothing: is a slot below the cap left for anybody who asked?
select 1
from unnest(%(keys)s::text[], %(customers)s::bigint[], %(channels)s::text[], %(weeks)s::int[])
    as w (key, customer, channel, week)
where not exists (
    select from cap_slot s
    where s.customer = w.customer and s.channel = w.channel and s.week = w.week and s.n >= %(cap)s
)
limit 1

-- name: signing_key
-- What vouches for links and message ids.
select secret from signing_key where purpose = %(purpose)s

-- name: make_signing_key
-- Two processes that come first together keep one of the two.
insert into signing_key (purpose, secret) values (%(purpose)s, %(secret)s) on conflict (purpose) do nothing

-- name: anything_to_send
-- Asked every round: is there work at all? A rest longer than any is of another clock (a replay's) and does not count.
select
    exists (select from outbox where state = 'sending')
    or exists (
        select from outbox o
        where o.state = 'ready' and not exists (
            select from line_rest l where l.channel = o.channel and l.until > %(now)s and l.until <= %(rest_end)s
        )
    )

-- name: ready_channels
-- A line is opened before a row is taken: where nobody answers, nothing has to be put back.
select distinct o.channel
from outbox o
where o.state = 'ready' and not exists (
    select from line_rest l where l.channel = o.channel and l.until > %(now)s and l.until <= %(rest_end)s
)
order by o.channel

-- name: rest_line
-- Twice as long after every failure in a row, up to the cap; one that took something before it failed begins anew.
insert into line_rest as l (channel, failures, until) values (%(channel)s, 1, %(now)s + %(first)s::interval)
on conflict (channel) do update
set failures = case when %(worked)s then 1 else least(l.failures + 1, 30) end,
    until = %(now)s + case
        when %(worked)s then %(first)s::interval
        else least(%(most)s::interval, %(first)s::interval * power(2, least(l.failures, 30)))
    end

-- name: resume_line
-- It works again.
delete from line_rest where channel = %(channel)s

-- name: become_sender
-- A number of our own and its lock, held as long as this connection lives: killed senders are known by their free lock.
select n, pg_advisory_lock(%(class)s, n::int) from nextval('sender_number') as n

-- name: ready_wishes
-- Messages to go, most important first, with everything that decides about them (asked again: she may have said no
-- since) and everything a template may say.
select
    o.key, coalesce(r.customer, o.customer), o.channel, o.purpose, o.held, o.not_before, o.valid_until,
    a.address, p.zone, s.address is not null, c.allowed, c.seq, c.expires_at,
    o.template, o.payload, p.first_name, p.last_name,
    coalesce(w.available, 0), to_jsonb(t) ->> 'top_category', to_jsonb(t) ->> 'favorite_store'
from outbox o
left join redirect r on r.old = o.customer
left join profile p on p.customer = coalesce(r.customer, o.customer)
left join wallet w on w.customer = coalesce(r.customer, o.customer)
left join trait_state t on t.customer = coalesce(r.customer, o.customer)
cross join lateral (select lower(case o.channel when 'email' then p.email else p.phone end) as address) a
left join suppression s on s.channel = o.channel and s.address = a.address
left join lateral (
    select c.allowed, c.seq, c.expires_at
    from consent_state c
    where c.customer = coalesce(r.customer, o.customer) and c.channel = o.channel and c.purpose = o.purpose
      and c.address in ('', a.address)
    order by c.decided_at desc, c.allowed, c.seq desc
    limit 1
) c on true
where o.state = 'ready' and o.channel = %(channel)s
order by o.priority desc, o.key
limit %(limit)s
for update of o skip locked

-- name: mark_sending
-- Committed before the first byte leaves. `real_now` is the machine's time: how long a mail server may think is real
-- time, also while a year is replayed.
update outbox o
set state = 'sending', sender = %(sender)s, sending_at = %(real_now)s, attempts = attempts + 1,
    message_id = w.message_id, customer = w.customer, address = w.address, consent_seq = w.consent_seq,
    offer_until = w.offer_until
from unnest(
    %(keys)s::text[], %(message_ids)s::text[], %(customers)s::bigint[], %(addresses)s::text[],
    %(consent_seqs)s::bigint[], %(offers_until)s::date[]
) as w (key, message_id, customer, address, consent_seq, offer_until)
where o.key = w.key

-- name: finish
-- What became of messages that were on their way; only those: an outcome is written once. What is put back was not tried:
-- only what the carrier answers about a message counts.
update outbox o
set state = w.state, reason = w.reason, why = w.why, not_before = w.not_before,
    attempts = o.attempts - case when w.state = 'ready' then 1 else 0 end,
    ended_at = case when w.state in ('sent', 'failed', 'unknown') then %(now)s end
from unnest(%(keys)s::text[], %(states)s::text[], %(reasons)s::text[], %(whys)s::text[], %(not_before)s::timestamptz[])
    as w (key, state, reason, why, not_before)
where o.key = w.key and o.state = 'sending'
returning o.key, o.customer, o.channel, o.template, o.state

-- name: attempts_of
-- How often this one was tried.
select attempts from outbox where key = %(key)s

-- name: dead_senders
-- Whose lock is free while rows of theirs are on their way: killed. The lock we get by asking goes back at once.
select s.sender, pg_advisory_unlock(%(class)s, s.sender::int)
from (select distinct sender from outbox where state = 'sending' and sender is not null) s
where pg_try_advisory_lock(%(class)s, s.sender::int)

-- name: orphans
-- Messages of killed senders. `rested`: longer on their way than any mail server thinks about one.
select key, channel, message_id, sending_at, sending_at < %(rested_before)s
from outbox
where state = 'sending' and sender = any(%(senders)s::bigint[])
order by key
for update skip locked

-- name: sent_to
-- Where a message went; only what has left (or was about to) has an address that a link may speak for.
select o.key, coalesce(r.customer, o.customer), o.channel, o.address, o.template
from outbox o left join redirect r on r.old = o.customer
where o.key = %(key)s and o.address is not null

-- name: suppress
-- For good and for whoever holds the address. In the order of addresses: two that suppress the same would wait.
insert into suppression (channel, address, reason, at, outbox_key)
select w.channel, w.address, w.reason, w.at, w.key
from unnest(
    %(channels)s::text[], %(addresses)s::text[], %(reasons)s::text[], %(ats)s::timestamptz[], %(keys)s::text[]
) as w (channel, address, reason, at, key)
order by w.channel, w.address, w.at
on conflict (channel, address) do nothing

-- name: emails_of
-- Where letters to these customers go, for reports that name nobody's address.
select customer, lower(email) from profile where customer = any(%(customers)s::bigint[]) and email is not null

-- name: release
-- She said yes again herself: only what her own word had put on the list comes off it.
delete from suppression where channel = %(channel)s and address = %(address)s and reason = %(reason)s

-- name: choices_of
-- The latest word for each channel and purpose; on the channel of the link only what is about this address or about any.
select distinct on (c.channel, c.purpose)
    c.channel, c.purpose, c.allowed and coalesce(c.expires_at > %(now)s, true), c.decided_at
from consent_state c
where c.customer = %(customer)s and (c.channel <> %(channel)s or c.address in ('', %(address)s))
order by c.channel, c.purpose, c.decided_at desc, c.allowed, c.seq desc

-- name: chosen_by_link
-- What the reader of one message chose so far, oldest first, also what the worker has not carried yet: without it a
-- second choice made at once would be compared with the state before the first.
select w.channel, w.purpose, w.allowed, w.at
from (
    select j.body -> 'properties' ->> 'channel', j.body -> 'properties' ->> 'purpose', j.name = %(given)s, j.occurred_at
    from source s join journal j on j.source_id = s.id
    where s.kind = 'own' and j.message_id >= %(from)s and j.message_id < %(to)s
    union all
    select a.properties ->> 'channel', a.properties ->> 'purpose', a.name = %(given)s, a.occurred_at
    from announcement a
    where a.message_id >= %(from)s and a.message_id < %(to)s
) as w (channel, purpose, allowed, at)
order by w.at

-- name: is_suppressed
-- What the page shows before the button.
select reason from suppression where channel = %(channel)s and address = %(address)s

-- name: known_now
-- Everything a card may say, by key, in one round trip. Points are exact on this day: the wallet's sum while no lot starts
-- or runs out, else the lots themselves.
select
    p.first_name,
    p.last_name,
    p.birth_date,
    exists (select from suppression s where s.channel = 'email' and s.address = lower(p.email)),
    case
        when w.customer is null then 0
        when w.next_day is null or w.next_day > %(today)s then w.available
        else greatest(0, (
            select coalesce(sum(l.left_points), 0)::bigint - w.debt
            from lot l
            where l.customer = w.customer and l.active_day <= %(today)s
              and (l.expires_day is null or l.expires_day > %(today)s)
        ))
    end,
    o.offer,
    o.ended_at,
    o.offer_until,
    to_jsonb(t)
from (select %(customer)s::bigint as customer) c
left join profile p on p.customer = c.customer
left join wallet w on w.customer = c.customer
left join trait_state t on t.customer = c.customer
left join lateral (
    select m.payload ->> 'offer_title' as offer, m.ended_at, m.offer_until
    from outbox m
    where m.customer = c.customer and m.state = 'sent' and m.offer_until >= %(today_date)s
    order by m.created_at desc
    limit 1
) o on true

-- name: cancel
-- Wishes of these enrolments that nobody has taken up; what left, or is on its way, stays history. Their slots are free.
with wish as (
    select o.key
    from unnest(%(enrolments)s::bigint[]) as e (id)
    join outbox o on o.key > 'journey:' || e.id || ':' and o.key < 'journey:' || e.id || ';'
    where o.state in ('pending', 'later', 'ready')
), freed as (
    delete from cap_slot s using wish where s.outbox_key = wish.key
)
update outbox o
set state = 'suppressed', reason = %(reason)s, why = %(why)s, decided_at = %(now)s, ended_at = %(now)s
from wish
where o.key = wish.key and o.state in ('pending', 'later', 'ready')

-- name: drop_slots
-- Nobody is left to be written to too often.
delete from cap_slot where customer = any(%(customers)s::bigint[])

-- name: drop_unsent
-- What was wished and is not on its way.
delete from outbox where customer = any(%(customers)s::bigint[]) and state in ('pending', 'later', 'ready')

-- name: entomb_sent
-- How many letters went out, and how many did not and why, stays true; to whom is gone.
update outbox o
set key = 'erased:' || %(mark)s::text || ':' || n.number, customer = %(nobody)s, address = null, payload = '{}', message_id = null,
    consent_seq = null, sender = null, state = case when o.state = 'sending' then 'unknown' else o.state end,
    ended_at = coalesce(o.ended_at, %(now)s)
from (
    select key, row_number() over (order by key) as number from outbox where customer = any(%(customers)s::bigint[])
) n
where o.key = n.key

-- name: drop_suppressions
-- Addresses that were hers alone: a new relationship asks for consent anew, and the old one is remembered by keyed hash.
delete from suppression where address = any(%(addresses)s::text[])

-- name: mailing_candidates
-- Everybody of a segment with what decides about one channel: an address, whether it may be used, the latest word for it or
-- for any address, and when they were last heard of.
select m.customer,
    case when %(channel)s = 'post' then p.street is not null and coalesce(p.postcode, p.city) is not null
        else a.address is not null end,
    s.address is not null, c.allowed, c.expires_at, coalesce(l.last_day, 0)
from segment_member m
left join profile p on p.customer = m.customer
cross join lateral (
    select case when %(channel)s = 'email' then lower(p.email) when %(channel)s <> 'post' then p.phone end as address
) a
left join suppression s on s.channel = %(channel)s and s.address = a.address
left join lateral (
    select c.allowed, c.expires_at
    from consent_state c
    where c.customer = m.customer and c.channel = %(channel)s and c.purpose = %(purpose)s and c.address in ('', a.address)
    order by c.decided_at desc, c.allowed, c.seq desc
    limit 1
) c on true
left join lateral (select max(g.last_day) as last_day from signature g where g.customer = m.customer) l on true
where m.segment = %(segment)s
order by m.customer
limit %(limit)s

-- name: mailing_rows
-- What stands on an envelope, in the order asked for.
select p.first_name, p.last_name, p.email, p.phone, p.street, p.postcode, p.city, p.state, p.country
from unnest(%(customers)s::bigint[]) with ordinality c (customer, place)
left join profile p on p.customer = c.customer
order by c.place

-- name: lock_asked
-- Two who want to ask one person at the same instant: the second sees what the first did.
select pg_advisory_xact_lock(%(class)s, hashint8(c)) from (
    select distinct unnest(%(customers)s::bigint[]) as c order by 1
) x

-- name: ask
-- Written down for whom no cap speaks against it; who was asked under this key before stays asked. Merged customers
-- bring along what they were asked.
with given as (
    select * from unnest(
        %(keys)s::text[], %(surveys)s::text[], %(touch_points)s::text[], %(channels)s::text[], %(customers)s::bigint[],
        %(here_since)s::timestamptz[]
    ) as g (key, survey, touch_point, channel, customer, here_since)
), free as (
    select distinct on (g.customer) g.* from given g
    where not exists (
        select from survey_asking a
        where a.customer = any(array(select r.old from redirect r where r.customer = g.customer) || g.customer)
            and (a.asked_at > %(since)s or (a.touch_point = g.touch_point and a.asked_at > g.here_since))
    )
    order by g.customer, g.key
), asked as (
    insert into survey_asking (key, survey, touch_point, channel, customer, asked_at)
    select key, survey, touch_point, channel, customer, %(now)s from free
    on conflict (key) do nothing
    returning key
)
select key from asked
union
select a.key from survey_asking a join given g on g.key = a.key

-- name: asking
-- What a link asks, and whether it was answered.
select survey, touch_point, channel, customer, asked_at, answered_at from survey_asking where key = %(key)s

-- name: answer_asking
-- The first answer stands.
update survey_asking set answered_at = %(now)s where key = %(key)s and answered_at is null returning key

-- name: answer_at_kiosk
-- One answer of one view of the page, unless somebody drums on it.
insert into survey_asking (key, survey, touch_point, channel, customer, asked_at, answered_at)
select %(key)s, %(survey)s, %(touch_point)s, 'kiosk', null, %(now)s, %(now)s
where (
    select count(*) from survey_asking a
    where a.customer is null and a.survey = %(survey)s and a.touch_point = %(touch_point)s and a.asked_at > %(since)s
) < %(most)s
on conflict (key) do nothing
returning key

-- name: askings_by_survey
-- How many were asked and answered lately.
select survey, count(*), count(*) filter (where answered_at is not null) from survey_asking
where asked_at > %(since)s and customer is not null
group by survey

-- name: prune_askings
-- Some of those that are too old for any cap or link.
delete from survey_asking where key = any(array(
    select key from survey_asking
    where asked_at < %(before)s or (customer is null and asked_at < %(kiosk_before)s)
    limit %(limit)s
))

-- name: drop_askings
-- Whom we forgot was asked nothing, and an old link of theirs answers nothing.
delete from survey_asking where customer = any(%(customers)s::bigint[])
