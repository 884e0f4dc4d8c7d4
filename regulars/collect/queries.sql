-- name: make_source
-- An identity number is used up even by a conflict, and a smallint has few: so look before inserting.
insert into source (name, kind, login_space, current_email, current_phone, created_at)
select %(name)s, %(kind)s, %(login_space)s,
    case when 'email' = any(%(current)s::text[]) then '{[0,)}' else '{}' end::int8multirange,
    case when 'phone' = any(%(current)s::text[]) then '{[0,)}' else '{}' end::int8multirange, %(now)s
where not exists (select from source where name = %(name)s)
on conflict (name) do nothing
returning id

-- name: source_by_name
-- Imports and commands name a source; programs bring a key.
select id, name, kind, login_space from source where name = %(name)s

-- name: keep_current
-- What is in the journal already is read as it was, however late and however often. Hold the journal's lock: an event
-- behind this position must not be read before the change is seen.
with next as (
    select int8multirange(int8range(nextval(pg_get_serial_sequence('journal', 'seq')), null)) as positions
)
update source set
    current_email = current_email - positions
        + case when 'email' = any(%(current)s::text[]) then positions else '{}' end,
    current_phone = current_phone - positions
        + case when 'phone' = any(%(current)s::text[]) then positions else '{}' end
from next where id = %(source)s

-- name: key_holder
-- One look-up by hash: there is no comparison of secrets that could be timed.
select s.id, s.name, s.kind, s.login_space, k.id, k.origins, s.request_max_bytes, s.requests_per_second,
    s.events_per_second
from write_key k
join source s on s.id = k.source_id
where k.key_hash = %(hash)s and (k.expires_at is null or k.expires_at > %(now)s) and k.revoked_at is null

-- name: add_key
-- Only the hash is kept.
insert into write_key (id, source_id, key_hash, created_at, label, origins)
values (%(id)s, %(source)s, %(hash)s, %(now)s, %(label)s, %(origins)s)

-- name: keys_of
-- Newest first; those that ended stay, so that what still sends with one can be found.
select id, label, origins, created_at, used_at, expires_at, revoked_at
from write_key
where source_id = %(source)s
order by created_at desc, id

-- name: newest_key
-- What a rotation hands on: who the key is for and from where it may send.
select label, origins from write_key
where source_id = %(source)s and revoked_at is null and (%(key)s::text is null or id = %(key)s)
order by created_at desc, id
limit 1

-- name: expire_keys
-- One key or all of a source; those that end sooner anyway keep their end.
update write_key set expires_at = %(expires_at)s
where source_id = %(source)s and (%(key)s::text is null or id = %(key)s)
    and (expires_at is null or expires_at > %(expires_at)s)

-- name: revoke_key
-- A key is never given back; revoking it again changes nothing.
update write_key set revoked_at = coalesce(revoked_at, %(now)s)
where source_id = %(source)s and id = %(key)s
returning id

-- name: describe_key
-- Who holds it and from where it may send; the key itself stays.
update write_key set label = %(label)s, origins = %(origins)s
where source_id = %(source)s and id = %(key)s
returning id

-- name: touch_keys
-- All keys that were used since the last time, in one statement; locked in order, for every process does this.
with told as (
    select id, at from unnest(%(id)s::text[], %(at)s::timestamptz[]) as given (id, at)
), locked as (
    select k.id from write_key k where k.id = any(%(id)s::text[]) order by k.id for no key update
)
update write_key set used_at = greatest(used_at, told.at)
from told join locked on locked.id = told.id
where write_key.id = told.id

-- name: count_trouble
-- Added up in memory and written together: a client in trouble must not cost us a write a request.
insert into client_trouble as t (source_id, repeated, last_repeated_at, slowed, last_slowed_at)
select * from unnest(
    %(source)s::smallint[], %(repeated)s::bigint[], %(last_repeated_at)s::timestamptz[],
    %(slowed)s::bigint[], %(last_slowed_at)s::timestamptz[]
)
on conflict (source_id) do update set
    repeated = t.repeated + excluded.repeated,
    last_repeated_at = greatest(t.last_repeated_at, excluded.last_repeated_at),
    slowed = t.slowed + excluded.slowed,
    last_slowed_at = greatest(t.last_slowed_at, excluded.last_slowed_at)

-- name: trouble_of
-- For the page of one source.
select repeated, last_repeated_at, slowed, last_slowed_at from client_trouble where source_id = %(source)s

-- name: set_limits
-- Null is the default.
update source set request_max_bytes = %(request_max_bytes)s, requests_per_second = %(requests_per_second)s,
    events_per_second = %(events_per_second)s
where id = %(source)s

-- name: limits_of
-- As set; null is the default.
select request_max_bytes, requests_per_second, events_per_second from source where id = %(source)s

-- name: source_uses
-- The list of sources says at a glance who is silent and who is refused. What was taken back counts no more.
select s.id, s.name, s.kind, s.login_space,
    (select count(*) from write_key k
     where k.source_id = s.id and k.revoked_at is null and (k.expires_at is null or k.expires_at > %(now)s)) as keys,
    coalesce(u.events, 0)
        - (select coalesce(sum(t.events), 0) from withdrawal t where t.source_id = s.id)::bigint as events,
    (select count(*) from refusal r where r.source_id = s.id) as refusals,
    u.last_received_at,
    w.vendor, array_remove(
        array[case when upper_inf(s.current_email) then 'email' end, case when upper_inf(s.current_phone) then 'phone' end],
        null
    ) as current
from source s
left join source_use u on u.source_id = s.id
left join webhook w on w.source_id = s.id
order by s.name

-- name: all_sources
-- Few rows, read once a batch: the events then need no join.
select id, name, kind, login_space, current_email, current_phone from source

-- name: lock_journal
-- Held to the end of the transaction: positions become visible in order, so a reader may ask for "seq > checkpoint".
select pg_advisory_xact_lock(%(lock)s)

-- name: append
-- The conflict clause is what makes a retry harmless. The lowest new position tells new rows from those that were there.
-- Where somebody is on the stop list, nothing goes in before it was judged: the empty list costs one look.
-- What a source sent is added up here, one row a source, which the journal's lock covers.
with put as (
    insert into journal (source_id, message_id, kind, name, occurred_at, received_at, body, body_hash)
    select source_id, message_id, kind, name, occurred_at, received_at, body::jsonb, body_hash
    from unnest(
        %(source_id)b::smallint[], %(message_id)b::text[], %(kind)b::text[], %(name)b::text[],
        %(occurred_at)b::timestamptz[], %(received_at)b::timestamptz[], %(body)b::text[], %(body_hash)b::bytea[]
    ) with ordinality as given (
        source_id, message_id, kind, name, occurred_at, received_at, body, body_hash, place
    )
    where %(judged)b::boolean or not exists (select from stopped)
    order by place
    on conflict (source_id, message_id) do nothing
    returning seq, source_id, received_at, occurred_at
), used as (
    insert into source_use as u (source_id, events, last_received_at, last_occurred_at)
    select source_id, count(*), max(received_at), max(occurred_at) from put group by source_id
    on conflict (source_id) do update set
        events = u.events + excluded.events,
        last_received_at = greatest(u.last_received_at, excluded.last_received_at),
        last_occurred_at = greatest(u.last_occurred_at, excluded.last_occurred_at)
)
select count(*), coalesce(min(seq), 9223372036854775807), not %(judged)b::boolean and exists (select from stopped)
from put

-- name: told_before
-- Only when something was not new: which messages were in the journal already, whether with the same body, and whether
-- they were withdrawn since: then they may come again.
select given.place::int - 1, journal.body_hash = given.body_hash, is_withdrawn(journal.seq)
from unnest(%(source_id)b::smallint[], %(message_id)b::text[], %(body_hash)b::bytea[])
    with ordinality as given (source_id, message_id, body_hash, place)
join journal on journal.source_id = given.source_id and journal.message_id = given.message_id
where journal.seq < %(first_new)s

-- name: refuse
-- Nothing is dropped silently: what we do not take is a row with its reason and its body as received. A sender that
-- repeats the same refused message for a week makes one row of it, whether the message has an id or not. Where somebody
-- is on the stop list, nothing is written before it was judged.
with put as (
    insert into refusal (source_id, received_at, message_id, code, reason, fix, body, body_hash)
    select source_id, received_at, message_id, code, reason, fix, body, body_hash from unnest(
        %(source_id)s::smallint[], %(received_at)s::timestamptz[], %(message_id)s::text[],
        %(code)s::text[], %(reason)s::text[], %(fix)s::text[], %(body)s::text[], %(body_hash)s::bytea[]
    ) with ordinality as given (source_id, received_at, message_id, code, reason, fix, body, body_hash, place)
    where %(judged)s::boolean or not exists (select from stopped)
    order by place
    on conflict (source_id, message_id, code, body_hash) do nothing
)
select not %(judged)s::boolean and exists (select from stopped)

-- name: recent_refusals
-- For people: newest first, a page at a time, and of each message its beginning.
select r.id, s.name, r.received_at, r.message_id, r.code, r.reason, r.fix, left(r.body, %(shown)s)
from refusal r
left join source s on s.id = r.source_id
where (%(before)s::bigint is null or r.id < %(before)s)
order by r.id desc
limit %(limit)s

-- name: free_position
-- Taken and left empty, as a transaction that failed leaves its positions.
select nextval(pg_get_serial_sequence('journal', 'seq'))

-- name: make_checkpoint
-- A new reader starts at the beginning of the journal.
insert into checkpoint (reader, seq) values (%(reader)s, 0) on conflict (reader) do nothing

-- name: lock_checkpoint
-- One carrier at a time: a second worker waits here and then sees where the first one ended.
select seq from checkpoint where reader = %(reader)s for update

-- name: claim
-- In the order of the journal. Everything a position above the checkpoint has is committed (see lock_journal). What was
-- set aside or withdrawn comes bare; the two sub-selects are read once and hold at most a few.
select seq, source_id, message_id, case when aside then 'aside' else kind end, case when aside then '' else name end,
    occurred_at, received_at, case when aside then '{}' else body::text end
from journal, lateral (
    select seq = any(array(select a.seq from set_aside a where a.seq > %(after)s)) or coalesce(
        seq <@ (select range_agg(int8range(w.from_seq, w.to_seq, '[]')) from withdrawn_range w where w.to_seq > %(after)s),
        false
    ) as aside
) s
where seq > %(after)s
order by seq
limit %(limit)s

-- name: advance
-- In the transaction that carried the batch: both or neither.
update checkpoint set seq = %(seq)s where reader = %(reader)s

-- name: aside_between
-- Few rows, if any.
select seq from set_aside where seq > %(after)s and seq <= %(to)s

-- name: set_aside
-- The next event of the flow, once: for readers a mark, for people a refusal with the body as it came.
with next as (
    select seq, source_id, message_id, body::text as body, body_hash from journal where seq > %(after)s order by seq limit 1
), marked as (
    insert into set_aside (seq, at, fault) select seq, %(now)s, %(fault)s from next
    on conflict (seq) do nothing
    returning seq
), told as (
    insert into refusal (source_id, received_at, message_id, code, reason, fix, body, body_hash)
    select n.source_id, %(now)s, n.message_id, %(code)s, %(reason)s, %(fix)s, n.body, n.body_hash
    from next n join marked m on m.seq = n.seq
    on conflict (source_id, message_id, code, body_hash) do nothing
)
select seq from marked

-- name: announce
-- Our own events wait here inside the transaction that caused them.
insert into announcement (message_id, name, customer, occurred_at, properties)
select message_id, name, customer, occurred_at, properties::jsonb
from unnest(
    %(message_id)s::text[], %(name)s::text[], %(customer)s::bigint[], %(occurred_at)s::timestamptz[],
    %(properties)s::text[]
) with ordinality as given (message_id, name, customer, occurred_at, properties, place)
order by place

-- name: publish
-- Moved, not copied: an announcement is in exactly one of the two tables, whenever we are killed.
with waiting as (
    select id from announcement order by id limit %(limit)s
), gone as (
    delete from announcement using waiting where announcement.id = waiting.id
    returning announcement.id, message_id, name, customer, occurred_at, properties
), told as (
    select id, message_id, name, occurred_at, jsonb_build_object(
        'type', 'track', 'event', name, 'messageId', message_id,
        'context', jsonb_build_object('customer', customer), 'properties', properties
    ) as body
    from gone
), put as (
    insert into journal (source_id, message_id, kind, name, occurred_at, received_at, body, body_hash)
    select s.id, told.message_id, 'track', told.name, told.occurred_at, %(now)s, told.body,
        substring(sha256(convert_to(told.body::text, 'UTF8')) for 16)
    from told, (select id from source where name = %(source)s) s
    order by told.id
    on conflict (source_id, message_id) do nothing
    returning source_id, received_at, occurred_at
), used as (
    insert into source_use as u (source_id, events, last_received_at, last_occurred_at)
    select source_id, count(*), max(received_at), max(occurred_at) from put group by source_id
    on conflict (source_id) do update set
        events = u.events + excluded.events,
        last_received_at = greatest(u.last_received_at, excluded.last_received_at),
        last_occurred_at = greatest(u.last_occurred_at, excluded.last_occurred_at)
)
select (select count(*) from gone), (select count(*) from put)

-- name: last_withdrawal
-- What was read before it was made is read again.
select coalesce(max(id), 0) from withdrawal

-- name: left_to_withdraw
-- How many events these ranges hold that nobody withdrew before, and of whose source they are.
with asked as (
    select unnest(coalesce(range_agg(int8range(g.first, g.last, '[]')), '{}') - (
        select coalesce(range_agg(int8range(w.from_seq, w.to_seq, '[]')), '{}') from withdrawn_range w
    )) as span
    from unnest(%(from)s::bigint[], %(to)s::bigint[]) as g (first, last)
)
select count(*), min(j.source_id), max(j.source_id)
from asked join journal j on j.seq >= lower(asked.span) and j.seq < upper(asked.span)

-- name: withdraw
-- The withdrawal with its ranges, neighbors joined, without what was withdrawn before; nothing left: done at once.
with made as (
    insert into withdrawal (source_id, actor, reason, at, events, followed_at, lake_at)
    select %(source_id)s::smallint, %(actor)s, %(reason)s, %(now)s::timestamptz, %(events)s::bigint, done.at, done.at
    from (select case when %(events)s::bigint = 0 then %(now)s::timestamptz end as at) done
    returning id
), asked as (
    select unnest(coalesce(range_agg(int8range(g.first, g.last, '[]')), '{}') - (
        select coalesce(range_agg(int8range(w.from_seq, w.to_seq, '[]')), '{}') from withdrawn_range w
    )) as span
    from unnest(%(from)s::bigint[], %(to)s::bigint[]) as g (first, last)
), put as (
    insert into withdrawn_range (from_seq, to_seq, withdrawal)
    select lower(span), upper(span) - 1, made.id from asked, made where %(events)s::bigint > 0
)
select id from made

-- name: recent_withdrawals
-- For people, newest first.
select w.id, s.name, w.actor, w.reason, w.at, w.events, w.followed_events, w.followed_at, w.lake_at
from withdrawal w left join source s on s.id = w.source_id
order by w.id desc
limit %(limit)s

-- name: one_withdrawal
-- How far one of them has come.
select w.id, s.name, w.actor, w.reason, w.at, w.events, w.followed_events, w.followed_at, w.lake_at
from withdrawal w left join source s on s.id = w.source_id
where w.id = %(id)s

-- name: open_withdrawal
-- One after the other, oldest first.
select id, followed_seq from withdrawal where followed_at is null order by id limit 1

-- name: withdrawn_positions
-- The next of a withdrawal, in order; ranges do not overlap, so each is read once.
select j.seq
from withdrawn_range w
join journal j on j.seq between greatest(w.from_seq, %(after)s::bigint + 1) and least(w.to_seq, %(bound)s::bigint)
where w.withdrawal = %(id)s and w.to_seq > %(after)s and w.from_seq <= %(bound)s
order by j.seq
limit %(limit)s

-- name: piece_done
-- In the transaction in which the rooms followed: both or neither.
update withdrawal
set followed_events = case when %(up_to)s::bigint is null then events else least(events, followed_events + %(events)s) end,
    followed_seq = coalesce(%(up_to)s, followed_seq),
    followed_at = case when %(up_to)s::bigint is null then %(now)s::timestamptz end
where id = %(id)s

-- name: begin_import
-- From here on people see it, whatever becomes of it.
insert into import_run (source_id, file_name, path, file_hash, size_bytes, dialect, mapping, actor, state,
    started_at, resumed_at, moved_at)
values (%(source)s, %(file_name)s, %(path)s, %(file_hash)s, %(size_bytes)s, %(dialect)s, %(mapping)s, %(actor)s,
    'running', %(now)s, %(now)s, %(now)s)
returning id

-- name: unfinished_import
-- The same file with the same reading of it, to be taken up instead of begun again.
select id from import_run
where source_id = %(source)s and file_hash = %(file_hash)s and dialect = %(dialect)s::jsonb
    and mapping::jsonb = %(mapping)s::jsonb and state in ('running', 'failed')
order by id desc
limit 1

-- name: move_import
-- The same file lies elsewhere now, or has another name.
update import_run set path = %(path)s, file_name = %(file_name)s where id = %(run)s

-- name: files_of_imports
-- Of all imports, however long ago: whether one of them still needs the file.
select path, bool_or(state not in ('done', 'undone')) from import_run where path = any(%(paths)s::text[]) group by path

-- name: lock_import
-- Two that undo it come one after the other, and the second sees what the first did.
select id from import_run where id = %(run)s for update

-- name: hold
-- For as long as the connection lives: a process that dies lets go, however it died.
select pg_try_advisory_lock(%(class)s::int, %(run)s::int)

-- name: let_go
-- By whoever holds it.
select pg_advisory_unlock(%(class)s::int, %(run)s::int)

-- name: launch_in_turn
-- Whoever asks how many are under way and starts one more is alone until the transaction ends. No import has number 0.
select pg_advisory_xact_lock(%(class)s::int, 0)

-- name: imports_under_way
-- Carried by a process, as its lock says, or given to one a moment ago that has not come so far.
select r.id from import_run r
where (r.launched_at > %(since)s and (r.ended_at is null or r.ended_at < r.launched_at))
    or (r.state = 'running' and exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.classid = %(class)s::int::oid and l.objid = r.id::int::oid and l.objsubid = 2
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
    ))

-- name: launch_import
-- In the transaction that counted the others.
update import_run set launched_at = %(now)s where id = %(run)s

-- name: hold_import_here
-- Until the transaction ends: nobody carries it while it is being undone.
select pg_try_advisory_xact_lock(%(class)s::int, %(run)s::int)

-- name: take_up_import
-- Counted from here, the time that is left is told by how fast it goes now.
update import_run set state = 'running', fault = null, ended_at = null, resumed_at = %(now)s, moved_at = %(now)s,
    resumed_row = row_number
where id = %(run)s and state in ('running', 'failed')
returning id

-- name: last_position
-- Asked under the journal's lock, before and after: what lies between is what was appended.
select coalesce(max(seq), 0) from journal

-- name: chunk_done
-- In the transaction that appends the chunk: both or neither. An import that was undone meanwhile is not moved.
with chunk as (
    insert into import_chunk (run, first_row, last_row, from_seq, to_seq)
    values (%(run)s, %(first_row)s, %(last_row)s, %(from_seq)s, %(to_seq)s)
)
update import_run set row_number = %(last_row)s, mark = %(mark)s, share = %(share)s, moved_at = %(now)s,
    accepted = accepted + %(accepted)s, duplicates = duplicates + %(duplicates)s, refused = refused + %(refused)s
where id = %(run)s and state = 'running' and row_number = %(first_row)s - 1
returning refused

-- name: tell_refused_rows
-- In the transaction of their chunk.
insert into import_refusal (run, row_number, code, reason, fix)
select %(run)s, row_number, code, reason, fix
from unnest(%(row_number)s::bigint[], %(code)s::text[], %(reason)s::text[], %(fix)s::text[])
    as given (row_number, code, reason, fix)

-- name: end_import
-- Done, or failed with why.
update import_run set state = %(state)s, fault = %(fault)s, ended_at = %(now)s, moved_at = %(now)s,
    share = case when %(state)s = 'done' then 1 else share end
where id = %(run)s and state = 'running'

-- name: undo_import
-- Together with the withdrawal.
update import_run set state = 'undone', ended_at = %(now)s, withdrawal = %(withdrawal)s where id = %(run)s

-- name: import_ranges
-- Every position that this import gave, in order.
select from_seq, to_seq from import_chunk where run = %(run)s and from_seq is not null order by from_seq

-- name: imports
-- Newest first, a page at a time. Whether one is being carried is told by who holds its lock.
select r.id, s.name, s.kind, r.file_name, r.path, r.file_hash, r.size_bytes, r.dialect::text, r.mapping::text, r.actor,
    case when r.state = 'running' and not exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.classid = %(class)s::int::oid and l.objid = r.id::int::oid and l.objsubid = 2
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
    ) then 'stopped' else r.state end,
    r.row_number, r.mark, r.share, r.accepted, r.duplicates, r.refused, r.fault, r.started_at, r.resumed_at,
    r.resumed_row, r.moved_at, r.launched_at, r.ended_at, r.withdrawal
from import_run r
join source s on s.id = r.source_id
where (%(run)s::bigint is null or r.id = %(run)s) and (%(before)s::bigint is null or r.id < %(before)s)
order by r.id desc
limit %(limit)s

-- name: refused_rows
-- For the report: in the order of the file.
select row_number, code, reason, fix from import_refusal where run = %(run)s order by row_number limit %(limit)s
-- name: begin_at_the_end
-- A reader that wants nothing of before: once, when it comes first.
insert into checkpoint (reader, seq) select %(reader)s, coalesce(max(seq), 0) from journal
on conflict (reader) do nothing

-- name: keep_pull
-- A definition that is changed goes on where it was.
insert into pull (name, source_id, definition) values (%(name)s, %(source)s, %(definition)s)
on conflict (name) do update set source_id = excluded.source_id, definition = excluded.definition

-- name: pulls
-- All, or the one of a name. Whether one runs is told by who holds its lock.
select p.id, p.name, s.name, p.definition, p.cursor, p.row_count, p.fault, p.began_at, p.ran_at, exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.classid = %(class)s::int::oid and l.objid = p.id::int::oid and l.objsubid = 2
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
)
from pull p
join source s on s.id = p.source_id
where %(name)s::text is null or p.name = %(name)s
order by p.name

-- name: move_pull
-- In the transaction that appends the rows.
update pull set cursor = %(cursor)s, row_count = row_count + %(rows)s where id = %(pull)s

-- name: begin_pull
-- Also where it is cut off then, it does not begin again at once.
update pull set began_at = %(now)s where id = %(pull)s

-- name: end_pull
-- When it ran, and why it failed if it did; then it stays behind its last batch.
update pull set cursor = coalesce(%(cursor)s, cursor), fault = %(fault)s, ran_at = %(now)s where id = %(pull)s

-- name: cut_off_pull
-- When it ran stays as it was: it did not end. One that ended by itself at the last moment said so already.
update pull set fault = %(fault)s where id = %(pull)s and (ran_at is null or ran_at < began_at)

-- name: remove_pull
-- What it brought stays.
delete from pull where id = %(pull)s

-- name: make_stop_secret
-- The first who needs it makes it; everybody after hashes alike.
insert into stop_secret (secret) values (%(secret)s) on conflict (one) do nothing

-- name: stop_secret
-- Key of the hashes.
select secret from stop_secret

-- name: order_stop
-- Entries have a reason, and go with it.
insert into stop_order (reason, actor, at) values (%(reason)s, %(actor)s, %(now)s) returning id

-- name: stop
-- The same entry twice is one; under two orders it stands until both are undone.
insert into stopped (hash, stop_order) select hash, %(order)s from unnest(%(hashes)s::bytea[]) as given (hash)
on conflict do nothing

-- name: undo_stop_order
-- Once, and known by whom.
update stop_order set undone_at = %(now)s, undone_by = %(actor)s where id = %(order)s and undone_at is null

-- name: drop_stopped
-- From the commit on these people may come in again.
delete from stopped where stop_order = %(order)s

-- name: stop_orders
-- For people, newest first.
select o.id, o.reason, o.actor, o.at, (select count(*) from stopped s where s.stop_order = o.id), o.undone_at, o.undone_by
from stop_order o order by o.id desc limit %(limit)s

-- name: stop_uses
-- What was kept out, by source.
select s.name, u.messages, u.last_at from stop_use u join source s on s.id = u.source_id order by u.messages desc, s.name

-- name: which_stopped
-- Which of a batch's hashes stand on the list.
select distinct hash from stopped where hash = any(%(hashes)s::bytea[])

-- name: count_stopped
-- All that is left of a message that was kept out.
insert into stop_use as u (source_id, messages, last_at)
select * from unnest(%(source_id)s::smallint[], %(messages)s::bigint[], %(at)s::timestamptz[])
on conflict (source_id) do update set
    messages = u.messages + excluded.messages, last_at = greatest(u.last_at, excluded.last_at)

-- name: events_at
-- For whoever erases them: as they came.
select seq, source_id, message_id, kind, name, occurred_at, received_at, body::text from journal
where seq = any(%(seqs)s::bigint[])
order by seq
