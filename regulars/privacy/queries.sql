-- name: former_ids
-- Numbers that were merged into hers: what was kept under them is hers, too.
select old from redirect where customer = %(customer)s order by old;

-- name: signatures_of
-- The evidence that her records share.
select id from signature where customer = %(customer)s order by id;

-- name: source_names
-- People know a source by its name, not by our number of it.
select id, name from source;


-- name: ask_erasure
-- Asked twice before it has begun, it is one.
insert into erasure (token, customer, actor, reason, asked_at, erased_at, state)
values (%(token)s, %(customer)s, %(actor)s, %(reason)s, %(now)s, %(now)s, 'asked')
on conflict (customer) where customer is not null do update set customer = excluded.customer
returning id;

-- name: erasures
-- For people, newest first.
select id, state, actor, reason, asked_at, erased_at, (gone ->> 'events')::bigint, (gone ->> 'orders')::bigint, done_at,
    array_remove(customer || people, null)
from erasure order by id desc limit %(limit)s;

-- name: one_erasure
-- How far one of them is.
select id, state, actor, reason, asked_at, erased_at, (gone ->> 'events')::bigint, (gone ->> 'orders')::bigint, done_at,
    array_remove(customer || people, null)
from erasure where id = %(id)s;

-- name: open_erasures
-- What still has a step to take, oldest first.
select id, state, array_remove(customer || people, null) from erasure where state <> 'done' order by id;

-- name: take_erasure
-- One at a time is at an erasure; the lock goes with the transaction, also when we are killed.
select pg_try_advisory_xact_lock(%(class)s, (%(id)s::bigint %% 2147483647)::int);

-- name: asked_erasure
-- Whom, or what the file beside the database says of her.
select customer, people, token, erased_at, memory from erasure where id = %(id)s for update;

-- name: left_rooms
-- In the transaction in which she left them.
update erasure
set state = 'left', customer = null, people = '{}', withdrawal = %(withdrawal)s, gone = %(gone)s::jsonb, sought = %(sought)s::text[],
    memory = %(memory)s, erased_at = %(erased_at)s
where id = %(id)s;

-- name: left_erasure
-- What is still to be done with files, and what to look for.
select withdrawal, sought, memory from erasure where id = %(id)s;

-- name: is_remembered
-- The file has it.
update erasure set memory = null where id = %(id)s;

-- name: prove_erasure
-- The proof stands, and what was looked for is forgotten.
update erasure set state = 'done', report = %(report)s, signature = %(signature)s, sought = '{}', done_at = %(now)s
where id = %(id)s;

-- name: report_of
-- The proof with its signature.
select report, signature from erasure where id = %(id)s;

-- name: known_tokens
-- Which erasures of the file the database knows.
select token from erasure where token = any(%(tokens)s::text[]);

-- name: note_remembered
-- After a restore: the backup is older than these erasures.
insert into erasure (token, people, actor, reason, asked_at, erased_at, state, memory)
select g.token, g.people::bigint[], 'regulars', 'remembered beside the database', %(now)s, g.erased_at, 'asked', g.memory
from unnest(%(tokens)s::text[], %(people)s::text[], %(erased_at)s::timestamptz[], %(memories)s::text[])
    as g (token, people, erased_at, memory)
on conflict (token) do nothing
returning id;

-- name: people_at
-- Whose these events are, in the restored database.
select distinct customer from event_customer where seq = any(%(seqs)s::bigint[]) and customer is not null order by customer;

-- name: of_one_instant
-- A row that is written anew while a table is looked through by slices moves, and would be missed.
set transaction isolation level repeatable read;

-- name: text_columns
-- Everything that can hold a word, table by table.
select c.table_name::text, array_agg(c.column_name::text order by c.ordinal_position),
    array_agg(c.data_type::text order by c.ordinal_position)
from information_schema.columns c
join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
    and (
        c.data_type in ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea')
        or c.udt_name in ('_text', '_varchar')
    )
group by c.table_name
order by c.table_name;

-- name: later_events
-- Of events that name her those that happened after she was erased: somebody new, whoever it is.
select count(*), count(*) filter (where occurred_at > %(erased_at)s)
from journal where seq <= %(until)s and (body::text ~* %(pattern)s or message_id ~* %(pattern)s);

-- name: last_position
-- What comes later is not looked through any more: events of hers never stop to arrive, and each is refused in its turn.
select coalesce(max(seq), 0) from journal;

-- name: remembered_open
-- Noted after a restore by somebody who was killed before she had left the rooms.
select id from erasure where state = 'asked' and customer is null order by id;

-- name: wait_for_erasure
-- As take_erasure, but in turn.
select pg_advisory_xact_lock(%(class)s, (%(id)s::bigint %% 2147483647)::int);

-- name: open_request
-- From here on its time runs.
insert into privacy_request (kind, regime, received_at, acknowledge_by, due_on, customer, contact, opened_at)
values (%(kind)s, %(regime)s, %(received_at)s, %(acknowledge_by)s, %(due_on)s, %(customer)s, %(contact)s, %(now)s)
returning id;

-- name: open_requests
-- First due first.
select id, kind, regime, received_at, acknowledge_by, due_on, extended_because, acknowledged_at, proof, assignee, state,
    ended_at, customer, contact, erasure
from privacy_request where state = 'open' order by due_on, id limit %(limit)s;

-- name: ended_requests
-- Latest first.
select id, kind, regime, received_at, acknowledge_by, due_on, extended_because, acknowledged_at, proof, assignee, state,
    ended_at, customer, contact, erasure
from privacy_request where state <> 'open' order by ended_at desc, id desc limit %(limit)s;

-- name: one_request
-- As it stands now.
select id, kind, regime, received_at, acknowledge_by, due_on, extended_because, acknowledged_at, proof, assignee, state,
    ended_at, customer, contact, erasure
from privacy_request where id = %(id)s;

-- name: lock_request
-- Two who take a step come one after the other, and the second is judged by what the first left.
select id from privacy_request where id = %(id)s for update;

-- name: change_request
-- What a step changes; null leaves it as it is.
update privacy_request set
    proof = coalesce(%(proof)s, proof), assignee = coalesce(%(assignee)s, assignee),
    customer = coalesce(%(customer)s, customer), erasure = coalesce(%(erasure)s, erasure),
    due_on = coalesce(%(due_on)s, due_on),
    extended_because = coalesce(%(extended_because)s, extended_because), state = coalesce(%(state)s, state),
    ended_at = case when %(state)s::text is null then ended_at else %(now)s::timestamptz end,
    acknowledged_at = case when %(is_acknowledged)s then coalesce(acknowledged_at, %(now)s::timestamptz)
        else acknowledged_at end
where id = %(id)s;

-- name: add_step
-- The log of a request, in order; the caller holds the request.
insert into privacy_step (request, number, at, actor, action, note)
select %(id)s, coalesce(max(number), 0) + 1, %(at)s, %(actor)s, %(action)s, %(note)s
from privacy_step where request = %(id)s;

-- name: steps_of
-- Everything that was done about one request.
select at, actor, action, note from privacy_step where request = %(id)s order by number;

-- name: empty_requests
-- Of what an erased person asked, that she asked it and when it was answered stays; how to reach her and what was
-- written about her does not.
with hers as (
    update privacy_request set contact = '', extended_because = case when extended_because is not null then 'erased' end
    where customer = any(%(customers)s)
    returning id
)
update privacy_step set note = ''
from hers where request = hers.id and action in ('ask_proof', 'fail_proof', 'extend', 'note', 'answer', 'refuse', 'cancel');

-- name: lock_readings
-- Two who approve come one after the other.
lock table retention_reading in share row exclusive mode;

-- name: begin_reading
-- The approval of the reading before goes on to hold where nothing else was declared since.
insert into retention_reading (declared, takes, began_at, classes, approved_at, approved_by)
select %(declared)s, %(takes)s, %(now)s, %(classes)s, a.approved_at, a.approved_by
from (select) nothing
left join lateral (
    select declared, approved_at, approved_by from retention_reading order by id desc limit 1
) a on a.declared = %(declared)s
returning id;

-- name: take_reading
-- One at a time is at it, and goes on where the last one committed.
select read_to from retention_reading where id = %(id)s and ended_at is null for update skip locked;

-- name: read_to
-- In the transaction in which it went.
update retention_reading set read_to = %(up_to)s, events = events + %(events)s, classes = %(classes)s where id = %(id)s;

-- name: end_reading
-- The whole journal was read.
update retention_reading set ended_at = %(now)s where id = %(id)s;

-- name: approve_reading
-- From here on what it counted goes.
update retention_reading set approved_at = %(now)s, approved_by = %(by)s where id = %(id)s;

-- name: latest_reading
-- Whatever was declared then.
select id, declared, takes, began_at, ended_at, events, classes, approved_at, approved_by
from retention_reading order by id desc limit 1;

-- name: one_reading
-- As it stands now.
select id, declared, takes, began_at, ended_at, events, classes, approved_at, approved_by
from retention_reading where id = %(id)s;

-- name: look_up_to
-- The next positions, and how many of them say something still.
select max(seq), count(*) filter (where kind <> 'aside')
from (select seq, kind from journal where seq > %(after)s and seq <= %(bound)s order by seq limit %(limit)s) looked;

-- name: over_their_time
-- What was kept of orders as nobody's stays, and what is bare already has nothing to lose.
select j.seq, rule.class, rule.event, to_char(j.occurred_at at time zone %(zone)s, 'YYYY-MM')
from journal j
join unnest(%(events)s::text[], %(classes)s::text[], %(kept_from)s::timestamptz[]) as rule (event, class, kept_from)
    on rule.event = case when j.kind = 'track' then j.name else j.kind end
where j.seq > %(after)s and j.seq <= %(bound)s and j.occurred_at < rule.kept_from
    and j.message_id not like 'retained:%%' and not is_withdrawn(j.seq)
order by j.seq
limit %(most)s;

-- name: within_their_time
-- For the picture: what stays of each class, by event and month.
select rule.class, rule.event, to_char(j.occurred_at at time zone %(zone)s, 'YYYY-MM') as month, count(*)
from journal j
join unnest(%(events)s::text[], %(classes)s::text[], %(kept_from)s::timestamptz[]) as rule (event, class, kept_from)
    on rule.event = case when j.kind = 'track' then j.name else j.kind end
where j.seq > %(after)s and j.seq <= %(bound)s and j.occurred_at >= rule.kept_from and not is_withdrawn(j.seq)
group by 1, 2, 3;

-- name: positions_of_held
-- Whose they are today; a number that was merged into another holds for that one.
select e.seq, h.customer
from unnest(%(seqs)s::bigint[]) g (seq)
join lateral (select ec.seq, ec.customer from event_customer ec where ec.seq = g.seq offset 0) e on true
join unnest(%(customers)s::bigint[]) h (customer)
    on e.customer = h.customer or e.customer = (select r.customer from redirect r where r.old = h.customer);

-- name: note_beginnings
-- History begins later with each reading, never earlier.
insert into retention_beginning (class, begins)
select g.class, g.day from unnest(%(classes)s::text[], %(days)s::date[]) g (class, day)
on conflict (class) do update set begins = greatest(retention_beginning.begins, excluded.begins);

-- name: history_begins
-- For people: what is missing before it is no zero.
select class, begins from retention_beginning order by class;

-- name: lock_opendsr
-- The same request handed in twice at once is one.
lock table opendsr_request in share row exclusive mode;

-- name: print_of_opendsr
-- Whether it came before, and said the same.
select print from opendsr_request where id = %(id)s;

-- name: add_opendsr
-- What is kept of it beside the request of the desk.
insert into opendsr_request (id, request, controller, kind, print, callbacks, received_at)
values (%(id)s, %(request)s, %(controller)s, %(kind)s, %(print)s, %(callbacks)s, %(now)s);

-- name: known_by_hash
-- Whoever hands in a hash need not name her. Read whole: it is asked a few times a day.
select distinct s.customer
from value v join link l on l.value = v.id join signature s on s.id = l.signature
where v.type = %(type)s and s.customer is not null
    and encode(sha256(convert_to(v.shown, 'UTF8')), 'hex') = any(%(hashes)s);

-- name: opendsr_standing
-- How each goes, as the other system hears it.
select id, controller, received_at, due_on, status, request from opendsr_standing where id = any(%(ids)s);

-- name: waiting
-- All that an idle round of the worker has to know: whether an erasure is open, whether another system is to be told of
-- something, and how the last reading of the journal stands.
select exists (select from erasure where state <> 'done'),
    exists (select from opendsr_call where next_at <= %(now)s) or exists (
        select from opendsr_request o join opendsr_standing s on s.id = o.id
        where o.told in ('pending', 'in_progress') and s.status <> o.told
    ),
    r.declared, r.takes, r.began_at, r.ended_at, r.approved_at
from (values (1)) v (one)
left join (
    select declared, takes, began_at, ended_at, approved_at from retention_reading order by id desc limit 1
) r on true;

-- name: note_calls
-- One row for each who wants to know of a change, and the change is noted as told.
with changed as (
    update opendsr_request o set told = s.status
    from opendsr_standing s where s.id = o.id and s.status <> o.told and o.told in ('pending', 'in_progress')
    returning o.id, o.callbacks, s.status
)
insert into opendsr_call (id, url, status, next_at)
select c.id, u.url, c.status, %(now)s from changed c cross join unnest(c.callbacks) u (url)
on conflict do nothing;

-- name: calls_due
-- Whether there is anything to send.
select count(*) from opendsr_call where next_at <= %(now)s;

-- name: take_calls
-- Nobody else takes them meanwhile; whoever is killed leaves them to the next.
update opendsr_call set next_at = %(until)s
where (id, url, status) in (
    select id, url, status from opendsr_call where next_at <= %(now)s
    order by next_at limit %(limit)s for update skip locked
)
returning id, url, status, tries;

-- name: called
-- Told, or once more later, or given up.
update opendsr_call set tries = tries + 1, fault = %(fault)s,
    told_at = case when %(fault)s = '' then %(now)s::timestamptz end,
    next_at = case when %(fault)s <> '' and tries + 1 < %(most)s then %(next)s::timestamptz end
where id = %(id)s and url = %(url)s and status = %(status)s;

-- name: calls_of
-- Who knows how it stands.
select c.url, c.status, c.tries, c.told_at, c.fault
from opendsr_call c join opendsr_request o on o.id = c.id
where o.request = %(request)s order by c.next_at nulls first, c.url;

-- name: own_values
-- Numbers of the identifiers that name her and nobody else.
select distinct l.value
from signature s join link l on l.signature = s.id and l.state = 0
where s.customer = %(customer)s and not exists (
    select from link o join signature x on x.id = o.signature
    where o.value = l.value and x.customer is not null and x.customer <> s.customer
);

-- name: columns_of
-- In their order, of a table whose columns follow a catalogue. What went aside under another name is nobody's any more.
select column_name::text from information_schema.columns
where table_schema = current_schema() and table_name = %(table)s and column_name not like 'gone\_%%'
order by ordinal_position
