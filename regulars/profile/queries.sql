-- name: policy
-- By what values are chosen: as it was adopted last.
select declared from profile_policy;

-- name: adopt_policy
-- A declaration holds from now on, and nobody is computed by it yet.
insert into profile_policy (declared, done_to) values (%(declared)s, 0)
on conflict (one) do update set declared = excluded.declared, done_to = 0;

-- name: remember_purposes
-- What holds while purposes.yaml cannot be read.
-- Asked first, so that a round in which nothing changed writes nothing and locks nothing.
insert into profile_purposes (declared)
select %(declared)s where not exists (select from profile_purposes where declared = %(declared)s)
on conflict (one) do update set declared = excluded.declared;

-- name: purposes_before
-- What the file said when it could be read last.
select declared from profile_purposes;

-- name: policy_is_done
-- Nothing was ever declared, or all customers are computed by what is.
select true where not exists (select from profile_policy where done_to is not null);

-- name: next_to_refresh
-- Customers by id, after those that are done.
select id from customer where id > (select done_to from profile_policy) order by id limit %(limit)s;

-- name: refreshed_to
-- How far it is; null once all are done. Whoever is new was computed by it already.
update profile_policy set done_to = %(id)s;

-- name: values_of_customers
-- All that is kept of those whom a batch concerns; the choice is made in Python.
select customer, field, source, verified, digest, value, occurred_at, seq, rule
from profile_field where customer = any(%(customers)s::bigint[]);

-- name: stating_events
-- Everything the journal holds that states something about these persons: what a rebuild folds.
select ec.customer, j.seq, s.name, s.kind, j.kind, j.name, j.occurred_at,
    j.body -> 'traits', j.body -> 'context' -> 'traits', j.body -> 'properties'
from events_of(%(customers)s::bigint[]) ec
join journal j on j.seq = ec.seq
join source s on s.id = j.source_id
where (j.kind = 'identify' or j.body -> 'context' ? 'traits' or j.body -> 'properties' ?| array['email', 'phone']);

-- name: hand_of_customers
-- What was stated by hand: at the record that founded the customer, or one that was merged into her.
select h.id, coalesce(r.customer, h.seq), h.kind, h.name, h.value, h.undoes, h.actor, h.reason, h.at
from profile_hand h
left join redirect r on r.old = h.seq
-- Whoever is withdrawn whole has no heir: then what was stated is nobody's.
join customer c on c.id = coalesce(r.customer, h.seq)
where h.seq = any(%(customers)s::bigint[])
    or h.seq in (select old from redirect where customer = any(%(customers)s::bigint[]))
order by h.id;

-- name: write_hand
-- A further entry, unless there are too many of one customer.
insert into profile_hand (seq, kind, name, value, undoes, actor, reason, at)
select %(customer)s, %(kind)s, %(name)s, %(value)s, %(undoes)s, %(actor)s, %(reason)s, %(at)s
where (select count(*) from profile_hand where seq = %(customer)s) < %(limit)s
returning id;

-- name: drop_hand
-- What was written down about somebody who is erased.
delete from profile_hand where seq = any(%(seqs)s::bigint[]);

-- name: drop_values
-- What is kept no longer: older than those that count, or of a customer that went up in another.
delete from profile_field f
using unnest(
    %(customers)s::bigint[], %(fields)s::text[], %(sources)s::text[], %(verified)s::boolean[], %(digests)s::bigint[]
) as k (customer, field, source, verified, digest)
where f.customer = k.customer and f.field = k.field and f.source = k.source and f.verified = k.verified
    and f.digest = k.digest;

-- name: store_values
-- Only rows that differ from what stands.
insert into profile_field (
    customer, field, source, verified, digest, value, occurred_at, seq, rule
)
select n.customer, n.field, n.source, n.verified, n.digest, n.value,
    timestamptz 'epoch' + n.occurred * interval '1 microsecond', n.seq, nullif(n.rule, '')
from unnest(
    %(customers)s::bigint[], %(fields)s::text[], %(sources)s::text[], %(verified)s::boolean[], %(digests)s::bigint[],
    %(values)s::text[], %(occurred)s::bigint[], %(seqs)s::bigint[], %(rules)s::text[]
) as n (customer, field, source, verified, digest, value, occurred, seq, rule)
on conflict (customer, field, source, verified, digest) do update
set value = excluded.value, occurred_at = excluded.occurred_at, seq = excluded.seq, rule = excluded.rule;

-- name: drop_profiles
-- Customers without any field left have no profile row.
delete from profile p
where p.customer = any(%(customers)s::bigint[])
    and not exists (
        select from profile_field f where f.customer = p.customer and f.rule is not null and f.value <> ''
    );

-- name: project_profiles
-- One wide row a customer, so that readers need no pivot. An empty golden value says that nothing is known.
insert into profile (
    customer, first_name, last_name, email, phone, street, city, postcode, state, country, birth_date, zone, language,
    changed_at
)
select customer,
    max(value) filter (where field = 'first_name'),
    max(value) filter (where field = 'last_name'),
    max(value) filter (where field = 'email'),
    max(value) filter (where field = 'phone'),
    max(value::jsonb ->> 'street') filter (where field = 'address'),
    max(value::jsonb ->> 'city') filter (where field = 'address'),
    max(value::jsonb ->> 'postcode') filter (where field = 'address'),
    max(value::jsonb ->> 'state') filter (where field = 'address'),
    max(value::jsonb ->> 'country') filter (where field = 'address'),
    max(value) filter (where field = 'birth_date')::date,
    max(value) filter (where field = 'zone'),
    max(value) filter (where field = 'language'),
    %(now)s
from profile_field
where customer = any(%(customers)s::bigint[]) and rule is not null and value <> ''
group by customer
on conflict (customer) do update
set first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email, phone = excluded.phone,
    street = excluded.street, city = excluded.city, postcode = excluded.postcode, state = excluded.state,
    country = excluded.country, birth_date = excluded.birth_date, zone = excluded.zone, language = excluded.language,
    changed_at = excluded.changed_at;

-- name: drop_tokens
-- The words of a customer are replaced as a whole.
delete from profile_token where customer = any(%(customers)s::bigint[]);

-- name: add_tokens
-- The words she is found by from now on.
insert into profile_token (token, customer)
select * from unnest(%(tokens)s::text[], %(customers)s::bigint[])
on conflict do nothing;

-- name: append_consents
-- The record of a decision is written once; a batch carried again writes nothing.
insert into consent (
    seq, channel, purpose, address, allowed, decided_at, evidence, collection_point, basis,
    notice, notice_version, notice_hash, jurisdiction, actor, expires_at
)
select * from unnest(
    %(seq)s::bigint[], %(channel)s::text[], %(purpose)s::text[], %(address)s::text[], %(allowed)s::boolean[],
    %(decided_at)s::timestamptz[], %(evidence)s::text[], %(collection_point)s::text[], %(basis)s::text[],
    %(notice)s::text[], %(notice_version)s::text[], %(notice_hash)s::text[], %(jurisdiction)s::text[], %(actor)s::text[],
    %(expires_at)s::timestamptz[]
)
on conflict do nothing;

-- name: consent_keys
-- Which addresses a merge or a split may have changed the answer for: those of before and those of now. "offset 0" makes
-- each look-up one by the key, however few records the planner expects.
select channel, purpose, address from consent_state where customer = any(%(customers)s::bigint[])
union
select c.channel, c.purpose, c.address
from near_events(%(customers)s::bigint[]) n (seq)
cross join lateral (select d.seq, d.channel, d.purpose, d.address from consent d where d.seq = n.seq offset 0) c
cross join lateral (select e.customer from event_customer e where e.seq = c.seq offset 0) ec
where ec.customer = any(%(customers)s::bigint[]);

-- name: keys_of_decisions
-- Which addresses withdrawn decisions were about: they stopped (or did not stop) every holder.
select distinct channel, purpose, address from consent where seq = any(%(seqs)s::bigint[]);

-- name: drop_consent_states
-- All holders of the addresses concerned; without an address, only the customers concerned.
delete from consent_state s
using unnest(%(channels)s::text[], %(purposes)s::text[], %(addresses)s::text[]) as k (channel, purpose, address)
where s.channel = k.channel and s.purpose = k.purpose and s.address = k.address
    and (k.address <> '' or s.customer = any(%(customers)s::bigint[]))
returning s.customer;

-- name: project_consent_states
-- Latest of (own decisions, everybody's withdrawals of the address); at the same instant "no" wins. "offset 0" keeps each
-- look-up one by the key, and the window sorts instead of joining decisions with themselves: the planner cannot know how
-- many or how few decisions there are, and would read every record, or compare every pair.
with decision as (
    select c.channel, c.purpose, c.address, c.allowed, c.decided_at, c.seq, c.expires_at, ec.customer
    from unnest(%(channels)s::text[], %(purposes)s::text[], %(addresses)s::text[]) as k (channel, purpose, address)
    join consent c on c.channel = k.channel and c.purpose = k.purpose and c.address = k.address
    left join lateral (select e.customer from event_customer e where e.seq = c.seq offset 0) ec on true
    -- The record of what was said stays; what was withdrawn counts for nobody.
    where k.address <> '' and not is_withdrawn(c.seq)
    union all
    select c.channel, c.purpose, c.address, c.allowed, c.decided_at, c.seq, c.expires_at, ec.customer
    -- Her events are needed only for decisions without an address.
    from near_events(case when '' = any(%(addresses)s::text[]) then %(customers)s::bigint[] end) n (seq)
    cross join lateral (
        select d.channel, d.purpose, d.address, d.allowed, d.decided_at, d.seq, d.expires_at
        from consent d where d.seq = n.seq and d.address = '' offset 0
    ) c
    join unnest(%(channels)s::text[], %(purposes)s::text[], %(addresses)s::text[]) as k (channel, purpose, address)
        on k.channel = c.channel and k.purpose = c.purpose and k.address = ''
    cross join lateral (select e.customer from event_customer e where e.seq = c.seq offset 0) ec
    where ec.customer = any(%(customers)s::bigint[])
),
beside as (
    -- The first of each address: the latest withdrawal by anybody, if there is one. It stops an own decision before it.
    select d.*, d.address <> '' and not first_value(d.allowed) over first
        and (first_value(d.decided_at) over first, true, first_value(d.seq) over first)
            > (d.decided_at, not d.allowed, d.seq) as stopped,
        first_value(d.decided_at) over first as first_at,
        first_value(d.seq) over first as first_seq
    from decision d
    window first as (
        partition by d.channel, d.purpose, d.address order by d.allowed, d.decided_at desc, d.seq desc
    )
)
insert into consent_state (customer, channel, purpose, address, allowed, decided_at, seq, expires_at, is_mixed)
select distinct on (b.customer, b.channel, b.purpose, b.address)
    b.customer, b.channel, b.purpose, b.address,
    b.allowed and not b.stopped,
    case when b.stopped then b.first_at else b.decided_at end,
    case when b.stopped then b.first_seq else b.seq end,
    case when b.allowed and not b.stopped then b.expires_at end,
    b.allowed and not b.stopped
        and bool_or(not b.allowed) over (partition by b.customer, b.channel, b.purpose, b.address)
from beside b
where b.customer is not null
order by b.customer, b.channel, b.purpose, b.address, b.decided_at desc, b.allowed, b.seq desc
returning customer;

-- name: mixed_keys
-- Customers of these for whom it decides which of her records are surely hers, and what about.
select customer, channel, purpose, address from consent_state where customer = any(%(customers)s::bigint[]) and is_mixed;

-- name: mixed_words
-- All that was said where a yes stands and an earlier no: by which evidence, whether that is our own word about the
-- customer as a whole, and whether it proves that she reads the address.
select st.customer, st.channel, st.purpose, st.address, c.seq, c.allowed, c.decided_at, r.signature,
    r.occurred_at is null or exists (
        select from link l join value v on v.id = l.value
        where l.signature = r.signature and l.class in (3, 4) and l.state = 0 and v.shown = st.address
    )
from consent_state st
join unnest(%(channels)s::text[], %(purposes)s::text[], %(addresses)s::text[]) as k (channel, purpose, address)
    using (channel, purpose, address)
cross join lateral (
    select d.seq, d.allowed, d.decided_at from consent d
    where st.address <> '' and d.channel = st.channel and d.purpose = st.purpose and d.address = st.address
    union all
    select d.seq, d.allowed, d.decided_at
    from near_events(case when st.address = '' then array[st.customer] end) n (seq)
    join consent d on d.seq = n.seq and d.channel = st.channel and d.purpose = st.purpose and d.address = ''
) c
cross join lateral (select e.customer from event_customer e where e.seq = c.seq offset 0) ec
join record r on r.seq = c.seq
where st.is_mixed and (st.address <> '' or st.customer = any(%(customers)s::bigint[]))
    and ec.customer = st.customer and not is_withdrawn(c.seq);

-- name: stop_disputed
-- A yes of one record against a no of another that may be somebody else's: no. It stays the latest word, so nothing older
-- takes its place.
update consent_state st set allowed = false, expires_at = null, seq = d.seq, against = d.against
from unnest(%(customers)s::bigint[], %(channels)s::text[], %(purposes)s::text[], %(addresses)s::text[],
    %(seqs)s::bigint[], %(against)s::bigint[]) as d (customer, channel, purpose, address, seq, against)
where st.customer = d.customer and st.channel = d.channel and st.purpose = d.purpose and st.address = d.address;

-- name: current_id
-- An id that was merged away still leads to the customer who holds its records now.
select coalesce((select r.customer from redirect r where r.old = %(customer)s), %(customer)s);

-- name: is_customer
-- Tells a customer without any field from an id that never was.
select exists (select from customer where id = %(customer)s);


-- name: consents_of
-- What holds now for one customer; a yes that has ended is none.
select st.channel, st.purpose, st.address, st.allowed and coalesce(st.expires_at > %(now)s, true), st.decided_at, st.seq,
    c.evidence, c.collection_point, st.expires_at, st.against
from consent_state st
left join consent c on c.seq = st.seq and c.channel = st.channel and c.purpose = st.purpose and c.address = st.address
where st.customer = %(customer)s
order by st.channel, st.purpose, st.address;

-- name: consent_history
-- Every decision of a customer as it was recorded, latest first. The view says whose each is; what was withdrawn as an
-- event counts for nobody and is not shown.
select c.seq, c.channel, c.purpose, c.address, c.allowed, c.decided_at, c.evidence, c.collection_point, c.basis,
    c.notice, c.notice_version, c.notice_hash, c.jurisdiction, c.actor, c.expires_at
from near_events(array[%(customer)s]::bigint[]) n (seq)
cross join lateral (select d.* from consent d where d.seq = n.seq offset 0) c
cross join lateral (select e.customer from event_customer e where e.seq = c.seq offset 0) ec
where ec.customer = %(customer)s and not is_withdrawn(c.seq)
order by c.decided_at desc, c.seq desc, c.channel, c.purpose, c.address
limit %(limit)s;

-- name: sizes
-- How many holders each word has, counted up to a limit: the rarest word drives.
select r.word, count(*)
from unnest(%(words)s::integer[], %(lows)s::text[], %(ends)s::text[]) as r (word, low, "end")
cross join lateral (
    select from profile_token t where t.token >= r.low collate "C" and t.token < r."end" collate "C" limit %(limit)s
) t
group by r.word;

-- name: holders
-- Who has a word in any of its spellings, best spelling first.
select t.customer, min(r.match) as match
from unnest(%(lows)s::text[], %(ends)s::text[], %(matches)s::integer[]) as r (low, "end", match)
cross join lateral (
    select t.customer from profile_token t
    where t.token >= r.low collate "C" and t.token < r."end" collate "C"
    order by t.token, t.customer
    limit %(limit)s
) t
group by t.customer
order by match, t.customer
limit %(candidates)s;

-- name: holders_of_all
-- Who has every word, where each of them alone has too many holders to look at: one pass over the ranges, one bit a word.
-- Counting bits is cheaper than joining sets, and no planner can choose badly. Words that hold a good part of everybody are
-- asked for last, one by one: most have them, so that few are asked.
select c.customer
from (
    select t.customer
    from unnest(%(words)s::integer[], %(lows)s::text[], %(ends)s::text[], %(matches)s::integer[])
        as r (word, low, "end", match)
    cross join lateral (
        select t.customer from profile_token t
        where t.token >= r.low collate "C" and t.token < r."end" collate "C"
        limit %(limit)s
    ) t
    group by t.customer
    having bit_or(1 << r.word) = %(all)s
    order by bit_count(bit_or(case when r.match = 0 then 1 << r.word else 0 end)::bit(32)) desc, t.customer
    offset 0
) c
where (
    select count(distinct r.word)
    from unnest(%(other_words)s::integer[], %(other_lows)s::text[], %(other_ends)s::text[]) as r (word, low, "end")
    join profile_token t on t.token >= r.low collate "C" and t.token < r."end" collate "C"
    where t.customer = c.customer
) = %(others)s
limit %(candidates)s;

-- name: holders_with
-- Who of the holders of one word has the others as well, best spelling first, until enough are found: for words that a good
-- part of everybody has, nearly nobody is asked.
select t.customer
from unnest(%(lows)s::text[], %(ends)s::text[]) as r (low, "end")
cross join lateral (
    select t.customer from profile_token t
    where t.token >= r.low collate "C" and t.token < r."end" collate "C"
    limit %(limit)s
) t
where (
    select count(distinct o.word)
    from unnest(%(other_words)s::integer[], %(other_lows)s::text[], %(other_ends)s::text[]) as o (word, low, "end")
    join profile_token n on n.token >= o.low collate "C" and n.token < o."end" collate "C"
    where n.customer = t.customer
) = %(others)s
limit %(candidates)s;

-- name: candidates
-- As lines of a search result, with the words they are found by. Whoever has no profile is known by a card alone.
select c.id, p.first_name, p.last_name, p.email, p.phone, p.city,
    array(select t.token from profile_token t where t.customer = c.id)
from unnest(%(customers)s::bigint[]) as c (id)
left join profile p on p.customer = c.id;

-- name: timeline
-- One line across all sources, latest first; the anchor is the last row the reader has seen.
select j.seq, j.occurred_at, s.name, s.kind, j.kind, j.name, j.body
from events_of(array[%(customer)s]::bigint[]) ec
join journal j on j.seq = ec.seq
join source s on s.id = j.source_id
where not is_withdrawn(j.seq)
    and (%(at)s::timestamptz is null or (j.occurred_at, j.seq) < (%(at)s::timestamptz, %(seq)s::bigint))
    and (
        %(names)s::text[] is null
        or j.kind = any(%(kinds)s::text[])
        or j.kind = 'track' and j.name = any(%(names)s::text[])
    )
order by j.occurred_at desc, j.seq desc
limit %(limit)s;

-- name: events_newest_first
-- What a program asks for, from the latest on; the anchor is the last row it has seen.
select j.seq, j.message_id, s.name, j.kind, j.name, j.occurred_at, j.body
from events_of(array[%(customer)s]::bigint[]) ec
join journal j on j.seq = ec.seq
join source s on s.id = j.source_id
where not is_withdrawn(j.seq)
    and j.occurred_at >= %(start)s and j.occurred_at < %(end)s
    and (
        %(include)s::text[] is null or case j.kind when 'track' then j.name else j.kind end = any(%(include)s::text[])
    )
    and not case j.kind when 'track' then j.name else j.kind end = any(%(exclude)s::text[])
    and (
        %(after)s::bigint is null
        or (j.occurred_at, j.seq) < (select a.occurred_at, a.seq from journal a where a.seq = %(after)s)
    )
order by j.occurred_at desc, j.seq desc
limit %(limit)s;

-- name: events_oldest_first
-- The same from the first on.
select j.seq, j.message_id, s.name, j.kind, j.name, j.occurred_at, j.body
from events_of(array[%(customer)s]::bigint[]) ec
join journal j on j.seq = ec.seq
join source s on s.id = j.source_id
where not is_withdrawn(j.seq)
    and j.occurred_at >= %(start)s and j.occurred_at < %(end)s
    and (
        %(include)s::text[] is null or case j.kind when 'track' then j.name else j.kind end = any(%(include)s::text[])
    )
    and not case j.kind when 'track' then j.name else j.kind end = any(%(exclude)s::text[])
    and (
        %(after)s::bigint is null
        or (j.occurred_at, j.seq) > (select a.occurred_at, a.seq from journal a where a.seq = %(after)s)
    )
order by j.occurred_at, j.seq
limit %(limit)s;

-- name: groups_of
-- The accounts that group events put this customer into.
select j.body ->> 'groupId', min(j.occurred_at)
from events_of(array[%(customer)s]::bigint[]) ec
join journal j on j.seq = ec.seq
where not is_withdrawn(j.seq) and j.kind = 'group' and j.body ->> 'groupId' <> ''
group by 1
order by 2, 1
limit %(limit)s;

-- name: keep_refusals
-- An address that was unsubscribed stays so for its other holders. Below zero no event stands: nobody's word any more.
update consent set seq = -seq, evidence = '', collection_point = '', actor = null
where seq = any(%(seqs)s::bigint[]) and not allowed and address <> '' and address <> all(%(alone)s::text[]);

-- name: entomb_consents
-- The proof that a decision was made, and which notice was shown.
update consent c
set address = case when c.address = '' then '' else coalesce(
        (
            select h.hash from unnest(%(addresses)s::text[], %(hashes)s::text[]) as h (address, hash)
            where h.address = c.address
        ), 'erased') end,
    evidence = '', collection_point = '', actor = null
where c.seq = any(%(seqs)s::bigint[]);
