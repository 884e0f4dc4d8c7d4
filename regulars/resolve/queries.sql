-- name: lock_resolver
-- One resolver at a time: a steward's decision and a batch must not both compute from the same former state. Beside it
-- the latest instant up to which somebody was erased: only older events are looked at for what they carry. Whoever might
-- change it has waited for the flow's checkpoint before, so this statement does not begin too early to see it.
select pg_advisory_xact_lock(%(key)s), (select max(erased_at) from erased_value);

-- name: erased_values
-- Which of these only erased people had, and until when whoever carries them is one of them.
select value, max(erased_at) from erased_value where value = any(%(values)s::bigint[]) group by value;

-- name: make_secret
-- The first process to come makes it; all others read the same.
insert into resolve_secret (secret) values (%(secret)s) on conflict do nothing;

-- name: read_secret
-- Read once a process.
select secret from resolve_secret;

-- name: known_signatures
-- The fast path: what every event of a batch resolves to, if its evidence was seen before.
select id, customer, first_seq, first_day, last_day, delicate or gapped, sessions
from signature where id = any(%(ids)s::bigint[]);

-- name: signatures_of_records
-- Our own events name a customer by the position of its founder record: whoever holds that record now is meant.
select r.seq, s.id, s.ghost is not null
from record r left join pinned p on p.id = r.seq join signature s on s.id = coalesce(p.signature, r.signature)
where r.seq = any(%(seqs)s::bigint[]);

-- name: write_records
-- One row per journal row; days of signatures that stretched ride along to save a round trip.
with stretched as (
    update signature s set first_day = least(s.first_day, d.first_day), last_day = greatest(s.last_day, d.last_day)
    from unnest(%(stretched)s::bigint[], %(first_days)s::int[], %(last_days)s::int[]) d(id, first_day, last_day)
    where s.id = d.id
)
insert into record (seq, signature, occurred_at, signed_out)
select seq, signature, timestamptz 'epoch' + us * interval '1 microsecond', seq = any(%(outs)s::bigint[])
from unnest(%(seqs)s::bigint[], %(signatures)s::bigint[], %(times)s::bigint[]) r(seq, signature, us);

-- name: value_states
-- What was said of the values a batch touches; holders of a value known to be generic need not be looked at again.
select id, generic, shared, epochs, first_day, last_day from value where id = any(%(ids)s::bigint[]);

-- name: quiet_values
-- Values in one epoch whose holders, all by an edge, stand in one reach, and what that reach is; else reach is NULL.
select v.id,
    case when v.generic = 0 and v.shared = 0 and v.epochs = 1 and min(s.reach) = max(s.reach)
        and bool_and(l.state = 0 and l.level = l.class and l.epoch = 0)
        and v.id not in (select value from decision where value is not null) then min(s.reach) end,
    coalesce(min(s.first_day), 0), coalesce(max(s.last_day), 0)
from value v left join link l on l.value = v.id left join signature s on s.id = l.signature
where v.id = any(%(ids)s::bigint[])
group by v.id;

-- name: calm_reaches
-- Reaches that are one named customer of whom no steward spoke, in numbers: enough to see that newcomers change nothing.
-- Never where an erased person left a ghost: it counts, and is in no number here.
with member as (
    select reach, min(customer) as customer, count(*) as size,
        coalesce(array_agg(dob) filter (where dob is not null), '{}') as dobs,
        coalesce(array_agg(first_name) filter (where first_name <> ''), '{}') as first_names
    from signature
    where reach = any(%(reaches)s::bigint[])
    group by reach
    having not bool_or(delicate or ghost is not null or id in (select unnest(signatures || leaving) from decision))
), held as (
    select reach, coalesce(array_agg(space) filter (where level = 1), '{}') as spaces,
        count(*) filter (where level = 2) as cards, count(*) filter (where level in (3, 4, 7, 8)) as contacts,
        count(*) filter (where level in (10, 11)) as carriers
    from (
        select distinct s.reach, l.value, l.level, l.space from signature s join link l on l.signature = s.id
        where s.reach = any(%(reaches)s::bigint[]) and l.state <> 3
    ) one
    group by reach
)
select reach, m.customer, m.size, m.dobs, m.first_names, h.spaces, h.cards, h.contacts, h.carriers
from member m join held h using (reach) join customer c on c.id = m.customer and c.known;

-- name: reaches_of_holders
-- Everybody who holds a touched value now or held it before, with all they are joined to.
select distinct s.reach from link l join signature s on s.id = l.signature where l.value = any(%(values)s::bigint[])
union
select reach from signature where id = any(%(signatures)s::bigint[]);

-- name: signatures_of_reaches
-- Whole components: the rule never looks across them.
select id, customer, reach, known, delicate, gapped, sessions, first_seq, first_day, last_day, dob, first_name, surname,
    address, dob_verified, name_verified, ghost is not null
from signature where reach = any(%(reaches)s::bigint[]);

-- name: links_of_signatures
-- Their evidence with the verdicts that stand.
select signature, value, class, level, space, epoch, state from link where signature = any(%(ids)s::bigint[]);

-- name: decisions_about
-- All versions of every subject that touches these signatures or values: the highest counts, even if it is empty.
select subject, version, kind, signatures, leaving, value, day, minters, minted from decision
where subject in (
    select subject from decision
    where signatures && %(signatures)s::bigint[] or leaving && %(signatures)s::bigint[]
        or value = any(%(values)s::bigint[])
);

-- name: write_signatures
-- New ones and those whose answer changed.
insert into signature as s (id, first_seq, first_day, last_day, dob, first_name, surname, address, home, dob_verified,
    name_verified, customer, reach, known, delicate, gapped, sessions)
select * from unnest(%(id)s::bigint[], %(first_seq)s::bigint[], %(first_day)s::int[], %(last_day)s::int[],
    %(dob)s::int[], %(first_name)s::text[], %(surname)s::text[], %(address)s::text[], %(home)s::bigint[],
    %(dob_verified)s::boolean[], %(name_verified)s::boolean[], %(customer)s::bigint[],
    %(reach)s::bigint[], %(known)s::boolean[], %(delicate)s::boolean[], %(gapped)s::boolean[], %(sessions)s::boolean[])
on conflict (id) do update set customer = excluded.customer, reach = excluded.reach, known = excluded.known,
    delicate = excluded.delicate, gapped = excluded.gapped, sessions = excluded.sessions;

-- name: write_links
-- New links and changed verdicts.
insert into link (signature, value, class, level, space, epoch, state)
select * from unnest(%(signature)s::bigint[], %(value)s::bigint[], %(class)s::smallint[], %(level)s::smallint[],
    %(space)s::int[], %(epoch)s::smallint[], %(state)s::smallint[])
on conflict (signature, value, class) do update
set level = excluded.level, epoch = excluded.epoch, state = excluded.state;

-- name: write_values
-- New values, and verdicts and days that changed.
insert into value as v (id, type, shown, generic, shared, epochs, first_day, last_day)
select * from unnest(%(id)s::bigint[], %(type)s::text[], %(shown)s::text[], %(generic)s::int[], %(shared)s::int[],
    %(epochs)s::smallint[], %(first_day)s::int[], %(last_day)s::int[])
on conflict (id) do update set generic = excluded.generic, shared = excluded.shared, epochs = excluded.epochs,
    first_day = excluded.first_day, last_day = excluded.last_day;

-- name: share_carriers
-- Devices and cookies whose anonymous events follow sessions, for showing.
update value v set shared = (v.shared & ~%(mask)s::int) | c.bits
from unnest(%(id)s::bigint[], %(bits)s::int[]) c(id, bits)
where v.id = c.id and v.shared & %(mask)s::int <> c.bits;

-- name: gapped_values
-- Values with several epochs (or a close) among these signatures' links: there days decide. With what a source keeps
-- current all that it says of the same login: one ends the other.
select l.value from link l join value v on v.id = l.value
where l.signature = any(%(signatures)s::bigint[]) and v.epochs > 1
union
select t.value
from link k
join value v on v.id = k.value and v.epochs > 1
join link u on u.signature = k.signature and u.class = 1
join link o on o.value = u.value and o.class = 1
join link t on t.signature = o.signature and t.class in (3, 4, 7, 8) and t.space <> 0
where k.signature = any(%(signatures)s::bigint[]) and k.class in (3, 4, 7, 8) and k.space <> 0;

-- name: told_of_hers
-- All that sources which keep an e-mail or phone current say of logins for which they said one of this customer's; shown
-- is what she carries herself.
with hers as (
    select distinct v.id, v.type, v.shown
    from signature s join link l on l.signature = s.id join value v on v.id = l.value
    where s.customer = %(customer)s and v.epochs > 1 and v.shown <> '' and l.class in (3, 4, 7, 8)
), login as (
    select distinct k.space as source, k.class in (3, 7) as is_mail, u.space, u.value
    from hers h
    join link k on k.value = h.id and k.class in (3, 4, 7, 8) and k.space <> 0
    join link u on u.signature = k.signature and u.class = 1 and u.state = 0
)
select g.source, g.is_mail, g.space, g.value, t.value, s.first_day, s.last_day, h.type, h.shown, s.customer
from login g
join link o on o.value = g.value and o.class = 1 and o.state = 0
join link t on t.signature = o.signature and t.space = g.source and t.level > 0
    and t.class = any(case when g.is_mail then '{3,7}' else '{4,8}' end::smallint[])
join signature s on s.id = t.signature
left join hers h on h.id = t.value;

-- name: source_names
-- Links name a source by a number made of its name.
select name from source;

-- name: told_beside
-- What sources that keep an e-mail or phone current say of these logins: one ends the other.
select distinct t.value
from link u join link t on t.signature = u.signature and t.class in (3, 4, 7, 8) and t.space <> 0
where u.value = any(%(logins)s::bigint[]) and u.class = 1;

-- name: carrier_events
-- Everything that happened on these carriers, with the person where there is one.
select l.value, l.epoch, r.seq, r.signature, r.occurred_at, r.signed_out, s.customer, s.known, s.ghost
from link l
join signature s on s.id = l.signature
join record r on r.signature = s.id
where l.value = any(%(values)s::bigint[]) and l.state = 0 and l.level in (10, 11) and r.occurred_at is not null
    and (s.ghost is null or s.known)
order by l.value, l.epoch, r.occurred_at, r.seq;

-- name: spans_of
-- Who these signatures' stretches belonged to until now.
select signature, from_at, to_at, customer from carrier_span where signature = any(%(signatures)s::bigint[]);

-- name: delete_spans
-- Recomputed whole for each touched signature.
delete from carrier_span where signature = any(%(signatures)s::bigint[]);

-- name: write_spans
-- The stretches as they are now.
insert into carrier_span (signature, from_at, to_at, customer)
select * from unnest(%(signature)s::bigint[], %(from_at)s::timestamptz[], %(to_at)s::timestamptz[],
    %(customer)s::bigint[]);

-- name: write_customers
-- Customers that are new or were founded anew.
insert into customer (id, known, founder_signature)
select * from unnest(%(id)s::bigint[], %(known)s::boolean[], %(founder)s::bigint[])
on conflict (id) do update set known = excluded.known, founder_signature = excluded.founder_signature
where (customer.known, customer.founder_signature) is distinct from (excluded.known, excluded.founder_signature);

-- name: delete_customers
-- Ids whose record no longer founds anybody.
delete from customer where id = any(%(ids)s::bigint[]);

-- name: delete_redirects
-- An id that came back is itself again.
delete from redirect where old = any(%(ids)s::bigint[]);

-- name: write_redirects
-- A former id means whoever holds the record that minted it.
insert into redirect (old, customer)
select r.seq, s.customer
from record r left join pinned p on p.id = r.seq join signature s on s.id = coalesce(p.signature, r.signature)
where r.seq = any(%(ids)s::bigint[]) and s.customer is not null
on conflict (old) do update set customer = excluded.customer;

-- name: move_redirects
-- Older ids that led to a customer whose records moved.
update redirect d set customer = s.customer
from record r left join pinned p on p.id = r.seq join signature s on s.id = coalesce(p.signature, r.signature)
where d.old = r.seq and d.customer = any(%(ids)s::bigint[]) and s.customer is not null and s.customer <> d.customer;

-- name: write_identity_events
-- For everybody who wants to know when customers became one, or apart.
insert into identity_event (kind, customer, other, seq, at)
select kind, customer, other, %(seq)s, %(at)s
from unnest(%(kind)s::text[], %(customer)s::bigint[], %(other)s::bigint[]) e(kind, customer, other);

-- name: delete_cuts
-- Explanations of components that were computed again, and what a steward was to look at there.
with doubtless as (delete from doubt where reach = any(%(reaches)s::bigint[]))
delete from cut where reach = any(%(reaches)s::bigint[]);

-- name: write_doubts
-- Customers that scores find alike and the rule does not join.
insert into doubt (reach, one_signature, other_signature, bits, space)
select * from unnest(%(reach)s::bigint[], %(one)s::bigint[], %(other)s::bigint[], %(bits)s::float8[], %(space)s::int[]);

-- name: write_cuts
-- Where the rule refused to join, and why.
insert into cut (reach, level, value, reason, one_signature, other_signature)
select * from unnest(%(reach)s::bigint[], %(level)s::smallint[], %(value)s::bigint[], %(reason)s::text[],
    %(one)s::bigint[], %(other)s::bigint[]);

-- name: customer_of_value
-- A till, a page or a call gives one identifier: who holds it, strongest class first. Barred and generic values name nobody.
select s.customer, min(l.level) as level
from link l join signature s on s.id = l.signature
where l.value = %(value)s and l.state = 0 and l.level between 1 and 9 and s.customer is not null
group by s.customer order by level limit 2;

-- name: card_holders
-- A card as people read it out: its last digits. Cards are stored backwards in an index of their own.
select s.customer, bool_or(v.shown = %(card)s) as whole
from (
    select id, shown from value
    where type = 'card' and reverse(shown) collate "C" >= %(low)s and reverse(shown) collate "C" < %(end)s
    order by reverse(shown) collate "C"
    limit %(limit)s
) v
join link l on l.value = v.id and l.state = 0
join signature s on s.id = l.signature
where s.customer is not null
group by s.customer
order by whole desc, s.customer
limit %(limit)s;

-- name: login_spaces
-- A program that says "user_id" does not know which name space it stands in.
select distinct login_space from source;

-- name: current_customers
-- Ids that are or once were customers, and who holds their founder records now.
select g.id, coalesce(r.customer, c.id)
from unnest(%(ids)s::bigint[]) as g (id)
left join customer c on c.id = g.id
left join redirect r on r.old = g.id
where coalesce(r.customer, c.id) is not null;

-- name: ids_before
-- What this customer was once called.
select old from redirect where customer = %(customer)s order by old limit %(limit)s;

-- name: customers_of_values
-- Who holds each value, by the strongest class that anybody holds it by; carriers too. Two with an equal claim are nobody.
select place, min(customer)
from (
    select w.place, s.customer, min(l.level) as level, min(min(l.level)) over (partition by w.place) as strongest
    from unnest(%(places)s::integer[], %(values)s::bigint[]) as w (place, value)
    join link l on l.value = w.value
    join signature s on s.id = l.signature
    where l.state = 0 and l.level between 1 and 11 and s.customer is not null
    group by w.place, s.customer
) held
where level = strongest
group by place
having count(*) = 1;

-- name: current_customer
-- A customer id that is or once was.
select id from customer where id = %(id)s
union all
select customer from redirect where old = %(id)s
limit 1;

-- name: identifiers
-- What we know her by.
select type, class, value, shared, generic, first_at, last_at from customer_identifier
where customer = %(customer)s order by class, type, value;

-- name: write_decision
-- Append-only: a later version of the same subject takes its place, an empty kind undoes it.
insert into decision (subject, version, kind, signatures, leaving, value, day, minters, minted, actor, reason, at)
values (%(subject)s, %(version)s, %(kind)s, %(signatures)s::bigint[], %(leaving)s::bigint[], %(value)s, %(day)s,
    %(minters)s::bigint[], %(minted)s::bigint[], %(actor)s, %(reason)s, %(at)s);

-- name: minters_of_customers
-- Whose customers these are, and which evidence minted their ids: by a pin or by the record at that position.
select c.id, coalesce(p.signature, r.signature)
from customer c left join pinned p on p.id = c.id left join record r on r.seq = c.id
where c.id in (select customer from signature where id = any(%(signatures)s::bigint[]));

-- name: first_founder
-- Who founds a customer of these, by the rule: evidence of a person before any other, then the earliest.
select s.id from signature s
where s.id = any(%(signatures)s::bigint[])
order by exists (
    select from link l where l.signature = s.id and l.level not in (10, 11) and l.state in (0, 1)
) desc, s.first_seq, s.id
limit 1;

-- name: write_mint
-- An id that no event has: whoever asks for it later finds the evidence that it was given to.
insert into record (seq, signature) values (%(id)s, %(signature)s);

-- name: later_pin
-- A later split that holds and pins the same id.
select subject from pinned where id = %(id)s and minted > %(minted)s limit 1;

-- name: founders
-- First record of the evidence that founded each of these customers.
select c.id, s.first_seq from customer c join signature s on s.id = c.founder_signature
where c.id = any(%(customers)s::bigint[]);

-- name: carriers_of
-- Whose evidence these values are part of.
select distinct signature from link where value = any(%(values)s::bigint[]);

-- name: versions_of
-- All that was ever stated about one subject.
select subject, version, kind, signatures, leaving, value, day, minters, minted from decision where subject = %(subject)s;

-- name: records_of
-- Which evidence these records stand for.
select seq, signature from record where seq = any(%(seqs)s::bigint[]);

-- name: mixed_signatures
-- Signatures with records on the leaving side and others that stay: equal evidence, yet a steward knows better. What we
-- said of them ourselves is no evidence and splits nothing.
select signature from record where signature = any(%(signatures)s::bigint[]) and occurred_at is not null
group by signature
having bool_or(seq = any(%(leaving)s::bigint[])) and not bool_and(seq = any(%(leaving)s::bigint[]));

-- name: move_records
-- The leaving records get a signature of their own with the same evidence.
update record r set signature = m.new
from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new)
where r.signature = m.old and r.seq = any(%(leaving)s::bigint[]);

-- name: copy_signatures
-- The new signature starts as a copy; its first record and days follow from its records.
insert into signature (id, customer, reach, first_seq, first_day, last_day, dob, first_name, surname, address, home,
    dob_verified, name_verified, known, delicate, gapped, sessions)
select m.new, s.customer, s.reach, s.first_seq, s.first_day, s.last_day, s.dob, s.first_name, s.surname, s.address, s.home,
    s.dob_verified, s.name_verified, s.known, s.delicate, s.gapped, s.sessions
from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) join signature s on s.id = m.old
on conflict do nothing;

-- name: copy_links
-- Same evidence, same links.
insert into link (signature, value, class, level, space, epoch, state)
select m.new, l.value, l.class, l.level, l.space, l.epoch, l.state
from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) join link l on l.signature = m.old
on conflict do nothing;

-- name: settle_signatures
-- First record and days of signatures whose records moved.
update signature s set first_seq = r.first_seq, first_day = r.first_day, last_day = r.last_day
from (
    select signature, min(seq) as first_seq,
        min(floor(extract(epoch from occurred_at) / 86400))::int as first_day,
        max(floor(extract(epoch from occurred_at) / 86400))::int as last_day
    from record where signature = any(%(ids)s::bigint[]) and occurred_at is not null group by signature
) r
where s.id = r.signature;

-- name: all_signatures
-- For the full run.
select id from signature;

-- name: all_values
-- For the full run.
select id from value;

-- name: cuts_around
-- Why parts of a reach stayed apart.
select c.level, coalesce(v.shown, ''), c.reason, one.customer, other.customer
from cut c
left join value v on v.id = c.value
left join signature one on one.id = c.one_signature
left join signature other on other.id = c.other_signature
where c.reach in (select reach from signature where customer = %(customer)s)
order by c.level, c.value, one.customer, other.customer;

-- name: scores_within
-- How alike her own records are, the most alike first: what joins those that share no identifier.
select a.first_seq, b.first_seq, p.bits, p.waterfall
from model_in_force m
join signature a on a.customer = %(customer)s
join pair p on p.one = a.id and p.model = m.model
join signature b on b.id = p.other and b.customer = %(customer)s
order by p.bits desc, a.first_seq, b.first_seq;

-- name: model_now
-- What scores go by.
select model, auto_bits from model_in_force;

-- name: evidence_of_customer
-- Her signatures and what joins them, with the value as it may be shown.
select s.id, s.first_seq, s.first_name, s.dob, l.value, v.type, v.shown, l.level, l.epoch, l.state
from signature s left join link l on l.signature = s.id left join value v on v.id = l.value
where s.customer = %(customer)s order by s.first_seq, l.level, l.value;

-- name: withdrawn_with
-- Of withdrawn positions those that are records with evidence still, and the other withdrawn records of the same
-- customers: each customer is then recomputed once.
with asked as (
    select r.seq, r.signature from record r where r.seq = any(%(seqs)s::bigint[]) and r.signature <> %(nothing)s
), customers as (
    select distinct e.customer from event_customer e join asked a on a.seq = e.seq where e.customer is not null
), owned as (
    select r.seq, r.signature
    from customers c join signature s on s.customer = c.customer join record r on r.signature = s.id
    where r.seq <= %(bound)s
    union
    select r.seq, r.signature
    from customers c
    join carrier_span p on p.customer = c.customer
    join record r on r.signature = p.signature and r.occurred_at between p.from_at and p.to_at
    where r.seq <= %(bound)s
)
select seq, signature from asked
union
select o.seq, o.signature from owned o where is_withdrawn(o.seq);

-- name: owners_of
-- Who loses these events.
select distinct customer from event_customer where seq = any(%(seqs)s::bigint[]) and customer is not null;

-- name: take_evidence
-- A withdrawn record says nothing: it is as bare as its event.
update record set signature = %(nothing)s, signed_out = false where seq = any(%(seqs)s::bigint[]);

-- name: bare_signature
-- All bare records share the signature of no evidence; it is nobody's.
insert into signature as s (id, reach, first_seq, first_day, last_day)
select %(nothing)s, %(nothing)s, min(seq), min(floor(extract(epoch from occurred_at) / 86400))::int,
    max(floor(extract(epoch from occurred_at) / 86400))::int
from record where seq = any(%(seqs)s::bigint[])
on conflict (id) do update set first_seq = least(s.first_seq, excluded.first_seq),
    first_day = least(s.first_day, excluded.first_day), last_day = greatest(s.last_day, excluded.last_day);

-- name: what_is_left
-- Signatures that lost records: who they are, and whether any record of theirs is left. Our own events are no evidence.
select s.id, s.customer, s.reach, s.sessions, exists (
    select from record r where r.signature = s.id and r.occurred_at is not null
)
from signature s where s.id = any(%(ids)s::bigint[]);

-- name: shrink_signatures
-- First record and days of those that lost some of their records.
update signature s set first_seq = r.first_seq, first_day = r.first_day, last_day = r.last_day
from (
    select signature, min(seq) as first_seq,
        min(floor(extract(epoch from occurred_at) / 86400))::int as first_day,
        max(floor(extract(epoch from occurred_at) / 86400))::int as last_day
    from record where signature = any(%(ids)s::bigint[]) and occurred_at is not null group by signature
) r
where s.id = r.signature and (s.first_seq, s.first_day, s.last_day) <> (r.first_seq, r.first_day, r.last_day)
returning s.id;

-- name: mates
-- Whoever shares a reach with what lost evidence: the reach may fall apart.
select id from signature where reach = any(%(reaches)s::bigint[]);

-- name: members_of
-- What these customers consist of: where they are afterwards, a former id leads.
select id, customer from signature where customer = any(%(customers)s::bigint[]);

-- name: drop_links
-- Evidence withdrawn: nobody states these links any more.
delete from link where signature = any(%(ids)s::bigint[]) returning value;

-- name: drop_signatures
-- Nobody's evidence.
delete from signature where id = any(%(ids)s::bigint[]);

-- name: drop_spans
-- Stretches of what is gone; whoever had them lost events.
delete from carrier_span where signature = any(%(ids)s::bigint[]) returning customer;

-- name: let_own_go
-- Our own events about somebody who was only made of what is gone are about nobody.
update record set signature = %(nothing)s where signature = any(%(ids)s::bigint[]);

-- name: names_around
-- Whether the customers of these reaches, and of whoever holds these values, are known: a value may name somebody again.
select distinct c.id, c.known
from customer c join signature s on s.customer = c.id
where s.reach in (
    select x.reach from signature x where x.id = any(%(signatures)s::bigint[])
    union
    select x.reach from link l join signature x on x.id = l.signature where l.value = any(%(values)s::bigint[])
);

-- name: names_now
-- The same afterwards.
select id, known from customer where id = any(%(ids)s::bigint[]);

-- name: drop_values
-- Identifiers that nobody brings any more.
delete from value v where v.id = any(%(ids)s::bigint[]) and not exists (select from link l where l.value = v.id);

-- name: recount_days
-- Days of generic values are read without loading their holders, so they are kept true here.
update value v set first_day = h.first_day, last_day = h.last_day
from (
    select l.value, min(s.first_day) as first_day, max(s.last_day) as last_day
    from link l join signature s on s.id = l.signature where l.value = any(%(ids)s::bigint[]) group by l.value
) h
where v.id = h.value and v.generic <> 0 and (v.first_day, v.last_day) <> (h.first_day, h.last_day);

-- name: write_heirs
-- A former id whose own record is gone means whoever holds the rest of what it was.
insert into redirect (old, customer)
select * from unnest(%(olds)s::bigint[], %(heirs)s::bigint[])
on conflict (old) do nothing;

-- name: move_heirs
-- Older ids that led there lead on.
update redirect d set customer = h.heir
from unnest(%(olds)s::bigint[], %(heirs)s::bigint[]) h(old, heir)
where d.customer = h.old and h.heir <> d.old;

-- name: drop_lost_redirects
-- Nobody is left where these led.
delete from redirect where customer = any(%(ids)s::bigint[]);

-- name: positions_of
-- Everything a customer is made of, our own events about her included.
select seq from events_of(array[%(customer)s]::bigint[]) order by seq;

-- name: concerned_signatures
-- Evidence that an erasure touches: whose, and whether all of its records go. Our own events are no evidence.
with given as (
    select unnest(%(seqs)s::bigint[]) as seq
)
select s.id, s.customer, s.reach, not exists (
    select from record r
    where r.signature = s.id and r.occurred_at is not null and not exists (select from given g where g.seq = r.seq)
)
from signature s
where s.id in (select r.signature from record r join given g on g.seq = r.seq) and s.ghost is null and s.id <> %(nothing)s;

-- name: records_with
-- All records of this evidence: our own events about her among them.
select seq from record where signature = any(%(ids)s::bigint[]);

-- name: held_by_nobody_else
-- Values that nobody living holds but these, with their text; a blocked one says nothing about anybody.
select v.id, v.type, v.shown, exists (select from decision d where d.value = v.id and d.kind = 'block')
from value v
where v.id in (select l.value from link l where l.signature = any(%(ids)s::bigint[])) and not exists (
    select from link o join signature s on s.id = o.signature
    where o.value = v.id and s.ghost is null and o.signature <> all(%(ids)s::bigint[])
);

-- name: make_ghosts
-- Evidence under another number, without a person, a name, a birth or an address.
insert into signature (id, reach, first_seq, first_day, last_day, known, delicate, gapped, sessions, ghost)
select m.new, s.reach, s.first_seq, s.first_day, s.last_day, s.known, s.delicate, s.gapped, s.sessions, %(erasure)s
from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) join signature s on s.id = m.old;

-- name: erased_signature
-- What records of erased people say where not even a ghost is needed.
insert into signature (id, reach, first_seq, first_day, last_day, ghost) values (%(erased)s, %(erased)s, 0, 0, 0, 0)
on conflict do nothing;

-- name: haunt_links
-- Same links, held by the ghosts.
update link l set signature = m.new from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new)
where l.signature = m.old;

-- name: rename_values
-- What nobody living holds gets a number of no meaning: ghosts still hang together by it, and nobody can join them.
with made as (
    insert into value (id, type, shown, generic, shared, epochs, first_day, last_day)
    select m.new, v.type, '', v.generic, v.shared, v.epochs, v.first_day, v.last_day
    from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) join value v on v.id = m.old
), stated as (
    update decision d set value = m.new from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) where d.value = m.old
), gone as (
    delete from value where id = any(%(old)s::bigint[])
)
update link l set value = m.new from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) where l.value = m.old;

-- name: blank_values
-- Blocked for everybody, and shown to nobody any more.
update value set shown = '' where id = any(%(ids)s::bigint[]);

-- name: haunt_records
-- Only when something happened is kept of them.
update record r set signature = m.new from unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new)
where r.signature = m.old;

-- name: erase_records
-- Her records among evidence that others share.
update record set signature = %(erased)s, signed_out = false
where seq = any(%(seqs)s::bigint[]) and signature = any(%(ids)s::bigint[]);

-- name: haunt_decisions
-- What stewards stated about her holds between her ghosts and others; their words may name her, so they go.
update decision d set reason = '',
    signatures = array(
        select coalesce(m.new, x.id) from unnest(d.signatures) with ordinality x(id, place)
        left join unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) on m.old = x.id order by x.place
    ),
    leaving = array(
        select coalesce(m.new, x.id) from unnest(d.leaving) with ordinality x(id, place)
        left join unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) on m.old = x.id order by x.place
    ),
    minters = array(
        select coalesce(m.new, x.id) from unnest(d.minters) with ordinality x(id, place)
        left join unnest(%(old)s::bigint[], %(new)s::bigint[]) m(old, new) on m.old = x.id order by x.place
    )
where d.signatures && %(old)s::bigint[] or d.leaving && %(old)s::bigint[];

-- name: write_aparts
-- What births and names told apart, without them.
insert into decision (subject, version, kind, signatures, leaving, actor, reason, at)
select 'apart:' || %(erasure)s::bigint || ':' || a.n, 1, 'apart', a.one::bigint[], a.other::bigint[], 'erasure', '', %(at)s
from unnest(%(one)s::text[], %(other)s::text[]) with ordinality a(one, other, n);

-- name: needless_ghosts
-- Ghosts around these, if from none of them a value leads to anybody living, nor a score to anybody else: then nobody
-- would notice them gone.
with recursive around (id) as (
    select unnest(%(ids)s::bigint[])
    union
    select s.id
    from around a
    join link l on l.signature = a.id
    join link o on o.value = l.value
    join signature s on s.id = o.signature and s.ghost is not null
)
select id from around
where not exists (
    select from around a
    join link l on l.signature = a.id
    join link o on o.value = l.value
    join signature s on s.id = o.signature and s.ghost is null
) and not exists (
    select from around a join pair p on p.one = a.id where p.other not in (select id from around)
) and not exists (
    select from around a join pair p on p.other = a.id where p.one not in (select id from around)
);

-- name: drop_ghosts
-- Nothing but the instants of their records is left.
with moved as (
    update record set signature = %(erased)s, signed_out = false where signature = any(%(ids)s::bigint[])
)
delete from signature where id = any(%(ids)s::bigint[]);

-- name: write_erased_values
-- By keyed hash only: whoever has the secret can test a guess, nobody can read it.
insert into erased_value (value, erasure, erased_at)
select value, %(erasure)s, %(erased_at)s from unnest(%(values)s::bigint[]) e(value)
on conflict do nothing;

-- name: drop_identity_events
-- Who she was joined with and parted from, under any id she ever had.
delete from identity_event where customer = any(%(ids)s::bigint[]) or other = any(%(ids)s::bigint[]);

-- name: former_ids
-- Ids that led to these customers.
select old from redirect where customer = any(%(ids)s::bigint[]);

-- name: mates_of
-- Whole reaches of these, as the rule reads them.
select id, customer, reach, known, delicate, gapped, sessions, first_seq, first_day, last_day, dob, first_name, surname,
    address, dob_verified, name_verified, ghost is not null
from signature where reach in (select reach from signature where id = any(%(ids)s::bigint[]));

-- name: ghosts_of
-- What these erased records stand for now.
select distinct s.id from record r join signature s on s.id = r.signature and s.ghost <> 0
where r.seq = any(%(seqs)s::bigint[]);

-- name: values_of
-- What these hold.
select distinct value from link where signature = any(%(ids)s::bigint[]);

-- name: latest_erasure
-- Older events than this are looked at for what they carry.
select max(erased_at) from erased_value;

-- name: records_carrying
-- After a restore: what was hers by what only she had.
select distinct r.seq from link l join record r on r.signature = l.signature
where l.value = any(%(values)s::bigint[]) and r.occurred_at <= %(until)s;

-- name: home_facts
-- What known customers say about where they live and what they may share, a row for each signature of theirs. The shared
-- value of a link that counts for nothing (claimed, withdrawn, blocked) is no evidence.
select s.customer, s.first_day, s.last_day, s.address, s.home,
    coalesce(
        array_agg(array[v.type, v.id::text, l.epoch::text]) filter (where v.id is not null), '{}'
    )
from signature s
join customer c on c.id = s.customer and c.known
left join link l on l.signature = s.id and l.state <> 3
left join value v on v.id = l.value and v.type in ('card', 'email', 'phone', 'payment')
where s.customer = any(%(customers)s::bigint[])
group by s.id;

-- name: holders_of_homes
-- Which customers have the same address and surname, for homes that several have; of a crowd nobody but that it is one.
select s.home, 0, case when count(distinct s.customer) <= %(most)s then array_agg(distinct s.customer) end
from signature s
join customer c on c.id = s.customer and c.known
where s.home = any(%(homes)s::bigint[])
group by s.home
having count(distinct s.customer) > 1;

-- name: holders_of_shared
-- The same for values that several customers hold in one epoch. What more evidence carries than few people bring (a shop's
-- own phone) is a crowd in every epoch, and nobody counts it out.
with sized as (
    select k.value, (select count(*) from (select from link l where l.value = k.value limit %(links)s + 1) one) as links
    from unnest(%(values)s::bigint[]) k (value)
)
select value, -1, null::bigint[] from sized where links > %(links)s
union all
select l.value, l.epoch, case when count(distinct s.customer) <= %(most)s then array_agg(distinct s.customer) end
from sized z
join link l on l.value = z.value and l.state <> 3
join signature s on s.id = l.signature
join customer c on c.id = s.customer and c.known
where z.links between 2 and %(links)s
group by l.value, l.epoch
having count(distinct s.customer) > 1;

-- name: words_of_homes
-- How an address that several share is written.
select home, min(address) from signature where home = any(%(homes)s::bigint[]) group by home;

-- name: words_of_shared
-- What several share, as it may be shown.
select id, shown from value where id = any(%(values)s::bigint[]);
