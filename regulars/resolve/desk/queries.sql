-- name: groups_of_customer
-- Her records, those of equal evidence as one: a shopper's two hundred receipts with one card are one line.
select s.id, s.first_seq, count(*), s.first_day, s.last_day, coalesce(s.first_name, ''), coalesce(s.surname, ''),
    array_agg(distinct f.name order by f.name)
from signature s
join record r on r.signature = s.id and r.occurred_at is not null
join journal j on j.seq = r.seq
join source f on f.id = j.source_id
where s.customer = %(customer)s
group by s.id
order by s.first_seq
limit %(limit)s

-- name: carried_by
-- What these records bring, strongest first, and what became of it.
select l.signature, v.type, v.shown, l.class, l.state
from link l join value v on v.id = l.value
where l.signature = any(%(signatures)s::bigint[])
order by l.signature, l.class, v.type, v.shown

-- name: records_of_groups
-- Every record behind these groups, of one customer only: what a page was shown may be out of date.
select s.first_seq, r.seq
from signature s join record r on r.signature = s.id and r.occurred_at is not null
where s.customer = %(customer)s and s.first_seq = any(%(firsts)s::bigint[])
order by r.seq
limit %(limit)s

-- name: decisions
-- What stewards stated, newest first; of each subject the version in force is the highest.
select d.subject, d.version, d.kind, d.actor, d.reason, d.at,
    d.version = max(d.version) over (partition by d.subject),
    (
        select p.kind from decision p where p.subject = d.subject and p.kind <> '' and p.version <= d.version
        order by p.version desc limit 1
    ),
    coalesce(v.type, ''), coalesce(v.shown, ''),
    array(
        select distinct s.customer from signature s
        where s.id = any(d.signatures || d.leaving) and s.customer is not null order by s.customer
    )
from decision d left join value v on v.id = d.value
where d.kind <> 'apart' and (%(customer)s::bigint is null or d.subject in (
    select x.subject from decision x join signature s on s.id = any(x.signatures || x.leaving)
    where s.customer = %(customer)s
))
order by d.at desc, d.subject, d.version desc
limit %(limit)s

-- name: piece_of_customers
-- The next customers by number: where they end, and how many are known and not.
select max(id), count(*) filter (where known), count(*) filter (where not known)
from (select id, known from customer where id > %(after)s order by id limit %(limit)s) piece

-- name: sizes
-- How many known customers of a piece consist of how many groups of equal evidence.
select least(width_bucket(n, %(bounds)s::bigint[]), cardinality(%(bounds)s::bigint[])), count(*), max(n)
from (
    select count(*) as n from signature s join customer c on c.id = s.customer and c.known
    where s.customer > %(after)s and s.customer <= %(to)s group by s.customer
) one
group by 1
order by 1

-- name: groups
-- Groups of equal evidence of a piece; those that were new lately and in the weeks before, and of these who joined somebody.
select count(*), count(*) filter (where first_day between %(before)s and %(since)s - 1),
    count(*) filter (where first_day between %(since)s and %(today)s),
    count(*) filter (where first_day between %(before)s and %(since)s - 1 and customer <> first_seq),
    count(*) filter (where first_day between %(since)s and %(today)s and customer <> first_seq)
from signature where customer > %(after)s and customer <= %(to)s

-- name: last_record
-- How far the flow came; own events are records, too.
select max(seq) from record

-- name: records
-- Records of a piece of the journal; our own events are none.
select count(*) from record where seq > %(after)s and seq <= %(to)s and occurred_at is not null

-- name: more_customers_than
-- Whether a look at everybody takes so long that it must be kept.
select count(*) > %(limit)s from (select from customer limit %(limit)s + 1) them

-- name: count_generics
-- Identifiers that turned out to be nobody's own.
select count(*) from value where generic <> 0

-- name: generic_values
-- Identifiers that turned out to be nobody's own, those with the most holders first; without the text, which may be erased.
select v.id, count(distinct l.signature), count(distinct s.customer),
    array(
        select distinct f.name
        from (select h.signature from link h where h.value = v.id limit %(looked_at)s) h
        join signature x on x.id = h.signature
        join journal j on j.seq = x.first_seq
        join source f on f.id = j.source_id
        order by f.name
    )
from value v join link l on l.value = v.id join signature s on s.id = l.signature
where v.generic <> 0
group by v.id
order by 2 desc, v.id
limit %(limit)s

-- name: shown_values
-- How identifiers are written, as long as they are there.
select id, type, shown from value where id = any(%(ids)s::bigint[])

-- name: still_known
-- Of customers that were read some time ago those that are still there.
select id from customer where id = any(%(ids)s::bigint[]) and known

-- name: keep_health
-- The latest reading takes the place of the one before.
insert into health_reading (at, last_seq, body) values (%(at)s, %(last_seq)s, %(body)s)
on conflict (only_row) do update set at = excluded.at, last_seq = excluded.last_seq, body = excluded.body

-- name: kept_health
-- As it was read; as of which record.
select body::text, last_seq from health_reading

-- name: conflicts
-- Where the rule refused to join, by what it refused and why.
select level, reason, count(*), count(distinct reach), min(reach)
from cut group by level, reason order by 3 desc, level, reason limit %(limit)s

-- name: suspicious
-- Known customers of a piece with several cards, many addresses or first names that are written differently: whether those
-- are several people's Python says. Logins do not tell: one in each name space is usual, and two in one never meet.
select count(distinct l.value), s.customer, count(distinct l.value) filter (where l.level = 1),
    count(distinct l.value) filter (where l.level = 2), count(distinct l.value) filter (where v.type = 'email'),
    count(distinct l.value) filter (where v.type = 'phone'),
    coalesce(array_agg(distinct s.first_name) filter (where s.first_name <> ''), '{}')
from signature s
join customer c on c.id = s.customer and c.known
join link l on l.signature = s.id and l.state = 0 and l.level between 1 and 8
join value v on v.id = l.value
where s.customer > %(after)s and s.customer <= %(to)s
group by s.customer
having count(distinct l.value) filter (where l.level = 2) > 1
    or count(distinct l.value) filter (where v.type in ('email', 'phone')) > %(contacts)s
    or count(distinct s.first_name) filter (where s.first_name <> '') > 1

-- name: moves
-- Merges and splits by week, and how many of each.
select date_trunc('week', at at time zone %(zone)s)::date, count(*) filter (where kind = 'merge'),
    count(*) filter (where kind = 'split')
from identity_event
where at >= %(since)s
group by 1
order by 1

-- name: waiting
-- Pairs that a steward has not decided on.
select count(*) from doubt

-- name: doubt_at
-- The most alike first; a pair whose score was withdrawn meanwhile waits no more.
select d.one_signature, d.other_signature, d.bits, p.bits, m.auto_bits, p.waterfall, d.space
from doubt d
cross join model_in_force m
join pair p on p.one = least(d.one_signature, d.other_signature)
    and p.other = greatest(d.one_signature, d.other_signature) and p.model = m.model
order by d.bits desc, d.one_signature, d.other_signature
offset %(skip)s limit 1

-- name: login_spaces
-- Name spaces of logins as brands call them.
select distinct login_space from source

-- name: said_side_by_side
-- Two kinds of record, whole.
select s.id, s.first_seq, s.customer, s.first_name, s.surname, s.dob, s.address, count(*), s.first_day, s.last_day,
    array_agg(distinct f.name order by f.name)
from signature s
join record r on r.signature = s.id and r.occurred_at is not null
join journal j on j.seq = r.seq
join source f on f.id = j.source_id
where s.id = any(%(signatures)s::bigint[])
group by s.id

-- name: answers
-- What the model in force found where it joins, lately and before: how often each answer was given. Of many pairs those of
-- the lowest numbers: numbers are hashes, so these are pairs as any others.
with joined as (
    select p.waterfall, greatest(a.first_day, b.first_day) >= %(since)s as is_late
    from (
        select p.one, p.other, p.waterfall
        from model_in_force m join pair p on p.model = m.model and p.bits >= m.auto_bits
        order by p.one
        limit %(limit)s
    ) p
    join signature a on a.id = p.one
    join signature b on b.id = p.other
)
select part ->> 0, part ->> 1, count(*) filter (where not is_late), count(*) filter (where is_late)
from joined, jsonb_array_elements(waterfall) part
where part ->> 1 not in ('', 'not known')
group by 1, 2
order by 1, 2

-- name: moved
-- Merges and splits, in the weeks before and lately.
select count(*) filter (where kind = 'merge' and not is_late), count(*) filter (where kind = 'merge' and is_late),
    count(*) filter (where kind = 'split' and not is_late), count(*) filter (where kind = 'split' and is_late)
from (
    select kind, floor(extract(epoch from at) / 86400) >= %(since)s as is_late from identity_event
    where floor(extract(epoch from at) / 86400) between %(before)s and %(today)s
) moved
