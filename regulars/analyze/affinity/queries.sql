-- name: add_answers
-- Answers of a batch with where their people stand, and a follow-up for each bad one of somebody we know who waits for
-- none yet.
with given as (
    select * from unnest(
        %(seq)s::bigint[], %(customer)s::bigint[], %(at)s::timestamptz[], %(day)s::bigint[], %(survey)s::text[],
        %(touch_point)s::text[], %(measure)s::text[], %(score)s::bigint[], %(level)s::double precision[],
        %(sentiment)s::smallint[], %(words)s::text[], %(bad)s::boolean[]
    ) as g (seq, customer, at, day, survey, touch_point, measure, score, level, sentiment, words, bad)
), added as (
    insert into survey_answer (seq, at, day, survey, touch_point, measure, score, level, bad, stage, sentiment, words)
    select g.seq, g.at, g.day, g.survey, g.touch_point, g.measure, g.score, g.level, g.bad, s.stage, g.sentiment,
        g.words
    from given g
    left join lifecycle_stage s on s.customer = g.customer
    on conflict (seq) do nothing
    returning seq
), newest as (
    select distinct on (g.customer) g.customer, g.seq, g.at
    from given g
    join added a on a.seq = g.seq
    join customer c on c.id = g.customer and c.known
    where g.bad and g.at > %(lapsed_before)s
    order by g.customer, g.at desc, g.seq desc
)
insert into follow_up (seq, made_at, state)
select n.seq, n.at, 'open' from newest n
where not exists (
    select from events_of(array[n.customer]) e join follow_up f on f.seq = e.seq where f.state = 'open'
)
order by n.seq
on conflict (seq) do nothing

-- name: drop_answers
-- What was taken back was never said.
with gone as (
    delete from follow_up where seq = any(%(seqs)s::bigint[])
)
delete from survey_answer where seq = any(%(seqs)s::bigint[])

-- name: lapse
-- Nobody got to it in time: a late call is worse than none, and the page counts it.
update follow_up set state = 'lapsed', ended_at = %(now)s where state = 'open' and made_at <= %(before)s
    and (reopened_at is null or reopened_at <= %(before)s)

-- name: cells
-- Answers of two neighboring stretches of time by place and stage: as sums, from which means and their spread follow.
select touch_point, measure, coalesce(stage, ''), day > %(since)s as is_now,
    count(*), coalesce(sum(level), 0), coalesce(sum(level * level), 0)
from survey_answer
where day > %(before)s and day <= %(today)s and level is not null
group by 1, 2, 3, 4

-- name: weeks
-- Answers by week, from Monday, and measure: as sums, for several weeks together make a point.
select (day + 3) / 7 * 7 - 3 as week, measure, count(*), sum(level)
from survey_answer
where day > %(since)s and day <= %(today)s and level is not null
group by 1, 2
order by 1

-- name: said
-- What people wrote: how many words were scored, how they sound, and why others were not.
select words, count(*), avg(sentiment), count(*) filter (where sentiment <= -20), count(*) filter (where sentiment >= 20)
from survey_answer
where day > %(since)s and day <= %(today)s
group by words

-- name: without_scale
-- Answers whose scale nobody told.
select count(*) from survey_answer where day > %(since)s and day <= %(today)s and level is null

-- name: answers
-- A page of answers, newest first; what is null is not asked for.
select a.seq, a.at, a.survey, a.touch_point, a.measure, a.score, a.level, a.stage, a.sentiment, a.words, e.customer,
    f.id, f.state
from survey_answer a
left join event_customer e on e.seq = a.seq
left join follow_up f on f.seq = a.seq
where (%(touch_point)s::text is null or a.touch_point = %(touch_point)s)
    and (%(measure)s::text is null or a.measure = %(measure)s)
    and (%(stage)s::text is null or coalesce(a.stage, '') = %(stage)s)
    and (not %(bad)s or a.bad)
    and a.seq < %(before)s
order by a.seq desc
limit %(limit)s

-- name: of_customer
-- What one customer answered, newest first.
select a.seq, a.at, a.survey, a.touch_point, a.measure, a.score, a.level, a.stage, a.sentiment, a.words, e.customer,
    f.id, f.state
from events_of(array[%(customer)s]::bigint[]) e
join survey_answer a on a.seq = e.seq
left join follow_up f on f.seq = a.seq
order by a.at desc, a.seq desc
limit %(limit)s

-- name: follow_ups
-- A page of follow-ups, newest first.
select f.id, f.seq, e.customer, f.made_at, f.state, f.assignee, f.note, f.ended_at, f.ended_by,
    a.survey, a.touch_point, a.measure, a.score, a.sentiment, a.words
from follow_up f
join survey_answer a on a.seq = f.seq
left join event_customer e on e.seq = f.seq
where (%(state)s::text is null or f.state = %(state)s)
    and (%(assignee)s::bigint is null or f.assignee = %(assignee)s)
    and (%(id)s::bigint is null or f.id = %(id)s)
    and f.id < %(before)s
order by f.id desc
limit %(limit)s

-- name: follow_up_counts
-- How many stand where.
select state, count(*) from follow_up group by state

-- name: assign
-- Somebody takes care of it, or nobody again.
update follow_up set assignee = %(assignee)s where id = %(id)s and state = 'open' returning id

-- name: end_follow_up
-- Done, with what came of it.
update follow_up set state = 'done', note = %(note)s, ended_at = %(now)s, ended_by = %(by)s,
    assignee = coalesce(assignee, %(account)s)
where id = %(id)s and state <> 'done' returning id

-- name: reopen
-- It was not done after all: its days begin again.
update follow_up set state = 'open', reopened_at = %(now)s, ended_at = null, ended_by = ''
where id = %(id)s and state <> 'open' returning id

-- name: words_of
-- What was written with an answer, as the journal still has it.
select body #>> '{properties,answer}', body #>> '{properties,question}' from journal where seq = %(seq)s
