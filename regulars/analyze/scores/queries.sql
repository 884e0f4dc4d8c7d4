-- name: newest_version
-- The version that scores today.
select version, as_of_day, window_days, customers, error, params
from score_model where model = %(model)s order by version desc limit 1

-- name: add_version
-- Versions are never changed: a score can always be computed again from the one it names.
insert into score_model (model, version, as_of_day, window_days, customers, params, error, fitted_at)
values (%(model)s, %(version)s, %(as_of_day)s, %(window_days)s, %(customers)s, %(params)s::jsonb, %(error)s,
        %(fitted_at)s)

-- name: of_customer
-- One customer's scores with the parameters that made them.
select s.model, s.version, s.as_of_day, s.value, s.parts, s.grade, m.params
from score s join score_model m using (model, version)
where s.customer = %(customer)s and s.model = any(%(models)s)

-- name: make_room
-- One temporary table a connection, emptied by each commit.
create temp table if not exists new_score (
    customer bigint not null, value double precision not null, parts double precision[] not null,
    grade text collate "C" not null
) on commit delete rows

-- name: load
-- All scores of one model at once.
copy new_score (customer, value, parts, grade) from stdin

-- name: clear_room
-- The next model of the same tick starts empty.
truncate new_score

-- name: keep_changes
-- History holds changes of grade only: values of lifetime age daily for everybody. Runs before `score` is changed.
with moved as (
    select coalesce(n.customer, s.customer) as customer, n.value, n.grade
    from new_score n
    full join (select customer, grade from score where model = %(model)s) s on s.customer = n.customer
    where n.grade is distinct from s.grade
)
insert into score_change (customer, model, as_of_day, version, value, grade)
select customer, %(model)s, %(as_of_day)s, %(version)s, value, grade from moved
on conflict (model, customer, as_of_day)
do update set version = excluded.version, value = excluded.value, grade = excluded.grade
returning customer

-- name: drop_unscored
-- Merged away, erased, or no longer to be judged.
delete from score s where s.model = %(model)s
and not exists (select from new_score n where n.customer = s.customer)

-- name: store_scores
-- Only what differs is written; in order of customers, as everybody else who writes them.
insert into score (customer, model, version, as_of_day, value, parts, grade)
select customer, %(model)s, %(version)s, %(as_of_day)s, value, parts, grade from new_score order by customer
on conflict (model, customer) do update
set version = excluded.version, as_of_day = excluded.as_of_day, value = excluded.value, parts = excluded.parts,
    grade = excluded.grade
where (score.value, score.parts, score.grade) is distinct from (excluded.value, excluded.parts, excluded.grade)
