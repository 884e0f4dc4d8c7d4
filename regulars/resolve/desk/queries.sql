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

-- name: counts
-- The whole in one line: customers known and not, records, groups of equal evidence.
select (select count(*) from customer where known), (select count(*) from customer where not known),
    (select count(*) from record where occurred_at is not null), (select count(*) from signature where customer is not null),
    (select count(*) from value where generic <> 0)

-- name: sizes
-- How many known customers consist of how many groups of equal evidence.
select least(width_bucket(n, %(bounds)s::bigint[]), cardinality(%(bounds)s::bigint[])), count(*), max(n)
from (
    select count(*) as n from signature s join customer c on c.id = s.customer and c.known group by s.customer
) one
group by 1
order by 1

-- name: generic_values
-- Identifiers that turned out to be nobody's own, those with the most holders first.
select v.id, v.type, v.shown, count(distinct l.signature), count(distinct s.customer),
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
order by 4 desc, v.id
limit %(limit)s

-- name: conflicts
-- Where the rule refused to join, by what it refused and why.
select level, reason, count(*), count(distinct reach), min(reach)
from cut group by level, reason order by 3 desc, level, reason limit %(limit)s

-- name: suspicious
-- Known customers with several cards or first names, or many addresses. Logins do not tell: one in each name space is
-- usual, and two in one never meet.
select s.customer, count(distinct l.value) filter (where l.level = 1), count(distinct l.value) filter (where l.level = 2),
    count(distinct l.value) filter (where v.type = 'email'), count(distinct l.value) filter (where v.type = 'phone'),
    count(distinct s.first_name) filter (where s.first_name <> '')
from signature s
join customer c on c.id = s.customer and c.known
join link l on l.signature = s.id and l.state = 0 and l.level between 1 and 8
join value v on v.id = l.value
group by s.customer
having count(distinct l.value) filter (where l.level = 2) > 1
    or count(distinct l.value) filter (where v.type in ('email', 'phone')) > 3
    or count(distinct s.first_name) filter (where s.first_name <> '') > 1
order by count(distinct l.value) desc, s.customer
limit %(limit)s

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
select d.one_signature, d.other_signature, d.bits, p.bits, m.auto_bits, p.waterfall
from doubt d
cross join model_in_force m
join pair p on p.one = least(d.one_signature, d.other_signature)
    and p.other = greatest(d.one_signature, d.other_signature) and p.model = m.model
order by d.bits desc, d.one_signature, d.other_signature
offset %(skip)s limit 1

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
-- What the model in force found where it joins, lately and before: how often each answer was given. Latest pairs first.
with joined as (
    select p.waterfall, greatest(a.first_day, b.first_day) >= %(since)s as is_late
    from model_in_force m
    join pair p on p.model = m.model and p.bits >= m.auto_bits
    join signature a on a.id = p.one
    join signature b on b.id = p.other
    order by greatest(a.first_day, b.first_day) desc, p.one, p.other
    limit %(limit)s
)
select part ->> 0, part ->> 1, count(*) filter (where not is_late), count(*) filter (where is_late)
from joined, jsonb_array_elements(waterfall) part
where part ->> 1 not in ('', 'not known')
group by 1, 2
order by 1, 2

-- name: rates
-- New kinds of record lately and in the weeks before; of these who joined somebody; merges and splits of these weeks.
select r.*, e.*
from (
    select count(*) filter (where first_day < %(since)s), count(*) filter (where first_day >= %(since)s),
        count(*) filter (where first_day < %(since)s and customer <> first_seq),
        count(*) filter (where first_day >= %(since)s and customer <> first_seq)
    from signature where first_day between %(before)s and %(today)s and customer is not null
) r (old, new, old_joined, new_joined)
cross join (
    select count(*) filter (where kind = 'merge' and not is_late), count(*) filter (where kind = 'merge' and is_late),
        count(*) filter (where kind = 'split' and not is_late), count(*) filter (where kind = 'split' and is_late)
    from (
        select kind, floor(extract(epoch from at) / 86400) >= %(since)s as is_late from identity_event
        where floor(extract(epoch from at) / 86400) between %(before)s and %(today)s
    ) moved
) e (old_merges, new_merges, old_splits, new_splits)
