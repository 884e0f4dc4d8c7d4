-- name: newest_version
-- The version that scores today.
select version, as_of_day, window_days, customers, error, params, tried, fitted_at
from score_model where model = %(model)s order by version desc limit 1

-- name: add_version
-- Versions are never changed: a score can always be computed again from the one it names.
insert into score_model (model, version, as_of_day, window_days, customers, params, error, tried, fitted_at)
values (%(model)s, %(version)s, %(as_of_day)s, %(window_days)s, %(customers)s, %(params)s::jsonb, %(error)s,
        %(tried)s::jsonb, %(fitted_at)s)

-- name: one_at_a_time
-- The tick and the back-test both fit and score: two at once would give one number to two versions.
select pg_advisory_xact_lock(%(lock)s)

-- name: last_run
-- The day for which everybody was scored last.
select as_of_day from score_run where model = %(model)s

-- name: note_run
-- Everybody has been scored.
insert into score_run (model, version, as_of_day, customers, spread)
values (%(model)s, %(version)s, %(as_of_day)s, %(customers)s, %(spread)s::jsonb)
on conflict (model) do update
set version = excluded.version, as_of_day = excluded.as_of_day, customers = excluded.customers,
    spread = excluded.spread

-- name: runs
-- When everybody was scored by each model, and how the values were spread.
select model, version, as_of_day, customers, spread from score_run

-- name: ranked
-- Customers by a score, best first, of one grade or word where one is given.
select customer, value, parts, grade, label from score
where model = %(model)s and (%(grade)s::text is null or grade = %(grade)s)
    and (%(label)s::text is null or label = %(label)s)
order by value desc, customer limit %(limit)s

-- name: ranked_from_below
-- The same, lowest first.
select customer, value, parts, grade, label from score where model = %(model)s order by value, customer limit %(limit)s

-- name: weighed
-- Customers by the three components of a composite under other weights, best first.
select customer, parts,
    parts[1] * %(first)s::float8 + parts[2] * %(second)s::float8 + parts[3] * %(third)s::float8 as points
from score where model = %(model)s
order by points desc, customer limit %(limit)s

-- name: concentration
-- Buyers of a year by what they spent, most first, in a hundred parts of as many people each.
select part, count(*), sum(spend_365_cents)::bigint, sum(orders_365)::bigint from (
    select spend_365_cents, orders_365, ntile(100) over (order by spend_365_cents desc, customer) as part
    from trait_state where known and spend_365_cents > 0
) parted
group by part order by part

-- name: first_of_pieces
-- Where to cut the customers into pieces of so many, in order of their numbers.
select customer from (
    select customer, row_number() over (order by customer) as place from trait_state where known
) numbered
where place %% %(piece)s = 1
order by customer

-- name: sampled
-- Known customers who have ordered: all of them, or those whose number falls into the first of so many parts.
select customer from trait_state
where known and orders > 0 and mod(hashint8(customer)::bigint + 2147483648, %(parts)s) = 0
order by customer

-- name: buyers
-- How many known customers have ordered.
select count(*) from trait_state where known and orders > 0

-- name: reach_of_lake
-- The days of facts in the lake.
select min(day), max(day) from lake_file where kind = 'facts'

-- name: last_backtests
-- When each score was looked at last.
select model, max(until_day) from score_backtest group by model

-- name: latest_backtests
-- The newest look at each score.
select distinct on (model) model, as_of_day, until_day, customers, sampled, found, at
from score_backtest order by model, until_day desc

-- name: keep_backtest
-- One a day at most; the later look counts.
insert into score_backtest (model, as_of_day, until_day, customers, sampled, found, at)
values (%(model)s, %(as_of_day)s, %(until_day)s, %(customers)s, %(sampled)s, %(found)s::jsonb, %(at)s)
on conflict (model, until_day) do update
set as_of_day = excluded.as_of_day, customers = excluded.customers, sampled = excluded.sampled,
    found = excluded.found, at = excluded.at

-- name: drop_old_backtests
-- The latest ones tell how a score does over time; older ones tell nothing more.
delete from score_backtest where model = %(model)s and until_day < (
    select min(until_day) from (
        select until_day from score_backtest where model = %(model)s order by until_day desc limit %(kept)s
    ) latest
)

-- name: backtests_of
-- Newest first.
select as_of_day, until_day, customers, sampled, found, at
from score_backtest where model = %(model)s order by until_day desc

-- name: newest_versions
-- The versions that score today, of all models.
select distinct on (model) model, version, as_of_day, window_days, customers, error, params, tried, fitted_at
from score_model where model = any(%(models)s) order by model, version desc

-- name: grades_of
-- One customer's grades as they changed, newest first.
select as_of_day, value, grade from score_change
where model = %(model)s and customer = %(customer)s order by as_of_day desc limit %(limit)s

-- name: make_room
-- One temporary table a connection, emptied by each commit.
create temp table if not exists new_score (
    customer bigint not null, value double precision not null, parts double precision[] not null,
    grade text collate "C" not null, label text collate "C"
) on commit delete rows

-- name: load
-- All scores of one model at once.
copy new_score (customer, value, parts, grade, label) from stdin

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

-- name: drop_gone
-- Who was merged or erased has no scores, whether or not the model is due today.
with gone as (
    delete from score s where s.model = any(%(models)s)
    and not exists (select from trait_state t where t.customer = s.customer)
    returning s.customer, s.model, s.version
)
insert into score_change (customer, model, as_of_day, version, value, grade)
select customer, model, %(as_of_day)s, version, null, null from gone
on conflict (model, customer, as_of_day)
do update set version = excluded.version, value = excluded.value, grade = excluded.grade
returning customer

-- name: store_scores
-- Only what differs is written; in order of customers, as everybody else who writes them.
insert into score (customer, model, version, as_of_day, value, parts, grade, label)
select customer, %(model)s, %(version)s, %(as_of_day)s, value, parts, grade, label from new_score order by customer
on conflict (model, customer) do update
set version = excluded.version, as_of_day = excluded.as_of_day, value = excluded.value, parts = excluded.parts,
    grade = excluded.grade, label = excluded.label
where (score.value, score.parts, score.grade, score.label)
    is distinct from (excluded.value, excluded.parts, excluded.grade, excluded.label)
