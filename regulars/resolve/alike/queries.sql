-- name: models_kept
-- Models whose scores are kept up to date: the one in force, the one before, one that waits for approval.
select number, body, terms from likeness_model where is_kept order by number;

-- name: is_any_kept
-- Without one nothing is compared.
select array_agg(number order by number) from likeness_model where is_kept;

-- name: scores_of
-- What the model in force says of these records; both ends of a pair are in one reach, so the lower one finds it.
select p.one, p.other, p.bits, m.review_bits, m.auto_bits
from model_in_force m join pair p on p.model = m.model
where p.one = any(%(ids)s::bigint[]);

-- name: enter
-- New records under their keys; how many each key has now and had before, the models that are kept, and whom they meet
-- there, unless it is too many. Those who come are not among them. Without a model nobody is entered.
with kept as (
    select array_agg(number order by number) as models from likeness_model where is_kept
), fresh as (
    insert into block (key, signature)
    select g.* from unnest(%(keys)s::bigint[], %(signatures)s::bigint[]) g, kept where models is not null
    on conflict do nothing
    returning key
), grown as (
    select key, count(*) as added from fresh group by key
), sized as (
    insert into block_size as b (key, members)
    select key, added from grown
    on conflict (key) do update set members = b.members + excluded.members
    returning key, members
)
select key, s.members, s.members - g.added, k.models, o.*
from sized s
join grown g using (key)
cross join kept k
left join lateral (
    select i.id, i.dob, i.first_name, i.surname, i.address
    from block b join signature i on i.id = b.signature
    where b.key = s.key and s.members <= %(most)s
) o on true;

-- name: met_under
-- Who stands under these keys, with what they say.
select b.key, s.id, s.dob, s.first_name, s.surname, s.address
from block b join signature s on s.id = b.signature
where b.key = any(%(keys)s::bigint[]);

-- name: said_by
-- What scores look at.
select id, dob, first_name, surname, address from signature where id = any(%(signatures)s::bigint[]);

-- name: write_pairs
-- Of two scores of one pair by one model the lower counts, whichever came first.
insert into pair as p (one, other, model, bits, waterfall)
select one, other, model, bits, waterfall::jsonb
from unnest(%(one)s::bigint[], %(other)s::bigint[], %(model)s::bigint[], %(bits)s::float8[], %(waterfall)s::text[])
    w(one, other, model, bits, waterfall)
on conflict (one, other, model) do update set bits = excluded.bits, waterfall = excluded.waterfall
where excluded.bits < p.bits;

-- name: withdraw_pairs
-- A key that too many share tells nothing: pairs that met under such keys only are no pairs, whoever came first.
delete from pair p using block x
where x.key = any(%(keys)s::bigint[]) and p.one = x.signature
    and exists (select from block y where y.key = x.key and y.signature = p.other)
    and not exists (
        select from block a
        join block b on b.key = a.key and b.signature = p.other
        join block_size z on z.key = a.key
        where a.signature = p.one and z.members <= %(most)s
    )
returning p.one, p.other;

-- name: leave
-- Records that are gone stand under no key; how many each key has now, and had before.
with gone as (
    delete from block where signature = any(%(signatures)s::bigint[]) returning key
), left_over as (
    select key, count(*) as taken from gone group by key
)
update block_size b set members = b.members - l.taken
from left_over l where b.key = l.key
returning b.key, b.members, b.members + l.taken;

-- name: haunt_pairs
-- Numbers only: what was compared is erased. Two of hers, too, may both be ghosts.
with ghost as (
    select * from unnest(%(old)s::bigint[], %(new)s::bigint[]) g(old, new)
), gone as (
    delete from pair p where p.one in (select old from ghost) or p.other in (select old from ghost)
    returning p.one, p.other, p.model, p.bits
), moved as (
    select coalesce(a.new, p.one) as one, coalesce(b.new, p.other) as other, p.model, p.bits
    from gone p left join ghost a on a.old = p.one left join ghost b on b.old = p.other
)
insert into pair (one, other, model, bits, waterfall)
select least(one, other), greatest(one, other), model, bits, '[]' from moved;

-- name: drop_pairs_of
-- Nobody's scores.
delete from pair where one = any(%(signatures)s::bigint[]) or other = any(%(signatures)s::bigint[]);

-- name: telling_keys
-- Keys under which these records meet others, but not too many.
select distinct b.key from block b join block_size z on z.key = b.key
where b.signature = any(%(signatures)s::bigint[]) and z.members between 2 and %(most)s;

-- name: models
-- Those kept, with what they know.
select m.number, m.name, m.auto_bits, m.review_bits, m.number = coalesce((select model from model_in_force), 0),
    m.scored_to, (select count(*) from (select from pair p where p.model = m.number limit %(most)s) counted), m.actor, m.at
from likeness_model m where m.is_kept order by m.number desc;

-- name: add_model
-- Newcomers are scored by it from now on, the others piece by piece from the least number on.
insert into likeness_model (name, body, terms, auto_bits, review_bits, is_kept, enters, scored_to, actor, at)
values (%(name)s, %(body)s, %(terms)s, %(auto)s, %(review)s, true, %(enters)s, %(least)s, %(actor)s, %(at)s)
returning number;

-- name: how_far
-- What is left to score by it.
select enters, scored_to from likeness_model where number = %(number)s and is_kept;

-- name: went_on
-- NULL: to the end.
update likeness_model set scored_to = %(to)s where number = %(number)s;

-- name: drop_model
-- Only that it was there stays.
with scores as (delete from pair where model = %(number)s)
update likeness_model set is_kept = false where number = %(number)s;

-- name: clear_sizes
-- Before the first model: while none was kept, nobody was entered.
delete from block_size;

-- name: clear_blocks
-- The same.
delete from block;

-- name: clear_pairs
-- The same.
delete from pair;

-- name: comparable
-- The next that say enough to be compared.
select id from signature
where (first_name is not null or surname is not null) and (dob is not null or address is not null)
    and id > %(after)s
order by id limit %(limit)s;

-- name: ends_of
-- Whom these models see.
select one from pair where model = any(%(models)s::bigint[])
union
select other from pair where model = any(%(models)s::bigint[]);

-- name: at_one_instant
-- What is read afterwards is as it is now, whatever the flow writes meanwhile.
set transaction isolation level repeatable read;

-- name: ends_by_reach
-- Whom these models see: reaches, with a signature of each.
select s.reach, min(s.id)
from (
    select one from pair where model = any(%(models)s::bigint[])
    union
    select other from pair where model = any(%(models)s::bigint[])
) e join signature s on s.id = e.one
group by s.reach;

-- name: bridges
-- Reaches that a model would make one.
select distinct a.reach, b.reach
from pair p join signature a on a.id = p.one join signature b on b.id = p.other
where p.model = %(new)s and a.reach <> b.reach;

-- name: most_alike
-- Of each two customers the two records that a model finds most alike; their records as they are, or as they would be.
with side as (
    select * from unnest(%(sides)s::bigint[], %(signatures)s::bigint[]) s(customer, signature)
)
select distinct on (c.customer, c.other) c.customer, c.other, a.signature, b.signature, p.bits
from unnest(%(customers)s::bigint[], %(others)s::bigint[]) c(customer, other)
join side a on a.customer = c.customer
join side b on b.customer = c.other
join pair p on p.one = least(a.signature, b.signature) and p.other = greatest(a.signature, b.signature)
    and p.model = %(model)s
order by c.customer, c.other, p.bits desc, p.one, p.other;

-- name: count_customers
-- Known or not.
select count(*) from customer;

-- name: save_comparable
-- Everything a model is learned from, as a file; birth and address as people write them.
copy (
    select first_seq as record_id, first_name, surname as last_name,
        to_char(dob, 'FM0000"-"00"-"00') as birth_date, split_part(address, ', ', 1) as street,
        case when address ~ ', .*[0-9]' then split_part(address, ', ', 2) end as postcode,
        case when address ~ ', [^0-9]*$' then split_part(address, ', ', 2) end as city
    from signature
    where (first_name is not null or surname is not null) and (dob is not null or address is not null)
        and ghost is null
    order by first_seq, id
) to stdout with (format csv, header);
