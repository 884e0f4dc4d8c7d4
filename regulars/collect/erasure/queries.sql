-- name: rooms_followed
-- Whoever erases has told the rooms already; only the lake still has to follow.
update withdrawal set followed_at = %(now)s, followed_events = events where id = %(id)s

-- name: forget_deliveries
-- What a vendor posted about these events, raw; others that it told of stay told.
delete from delivery d using delivery_event e, journal j
where j.seq = any(%(seqs)s::bigint[]) and e.source_id = j.source_id and e.message_id = j.message_id and d.id = e.delivery

-- name: forget_told
-- Under which name a vendor knows what happened: the number of an order.
delete from delivery_event e using journal j
where j.seq = any(%(seqs)s::bigint[]) and e.source_id = j.source_id and e.message_id = j.message_id

-- name: forget_duplicates
-- That they came twice.
delete from duplicate d using journal j
where j.seq = any(%(seqs)s::bigint[]) and d.source_id = j.source_id and d.message_id = j.message_id

-- name: forget_stretches
-- Counts and samples of the audit are made again from what is left.
delete from audit_stretch s using unnest(%(seqs)s::bigint[]) g(seq) where g.seq between s.from_seq and s.to_seq

-- name: forget_faults
-- What was noted of an event that could not be carried, beside its body among the refusals.
delete from refusal r using journal j, set_aside a
where j.seq = any(%(seqs)s::bigint[]) and a.seq = j.seq and r.source_id = j.source_id and r.message_id = j.message_id

-- name: empty_journal_rows
-- A place, an instant and nothing else. The hash is that of no body, so that no guess can be tested on it.
update journal set message_id = 'erased:' || seq, kind = 'aside', name = '', body = '{}', body_hash = '\x'
where seq = any(%(seqs)s::bigint[])

-- name: orders_among
-- What was bought and given back, in the order of the journal; what was withdrawn is no order.
select source_id, name, occurred_at, received_at, body -> 'properties' from journal
where seq = any(%(seqs)s::bigint[]) and kind = 'track' and name = any(%(names)s) and not is_withdrawn(seq)
order by seq

-- name: forget_announcements
-- What we were about to say about her.
delete from announcement where customer = any(%(customers)s::bigint[])

-- name: bare_events_naming
-- Events that were withdrawn or set aside before count as nobody's and still stand as they came.
select j.seq from withdrawn_range w join journal j on j.seq between w.from_seq and w.to_seq
where j.body::text ~* %(pattern)s or j.message_id ~* %(pattern)s
union
select j.seq from set_aside a join journal j on j.seq = a.seq
where j.body::text ~* %(pattern)s or j.message_id ~* %(pattern)s

-- name: forget_refusals
-- A refused message that names her is no message to mend any more.
delete from refusal where body ~* %(pattern)s or reason ~* %(pattern)s or message_id ~* %(pattern)s
    or became ~* %(pattern)s or became_message_id ~* %(pattern)s

-- name: forget_posts
-- Raw posts are bytes, in whatever encoding a vendor chose: looked through as they are, in the usual cases.
delete from delivery d
where exists (
    select from unnest(%(spellings)s::text[]) s (word)
    where position(convert_to(s.word, 'UTF8') in d.body) > 0 or position(convert_to(lower(s.word), 'UTF8') in d.body) > 0
        or position(convert_to(upper(s.word), 'UTF8') in d.body) > 0
) or d.delivery_id = any(%(spellings)s::text[])

-- name: forget_row_refusals
-- The row's number stays, for the report of the import.
update import_refusal set reason = 'erased' where reason ~* %(pattern)s

-- name: forget_import_faults
-- The words of a fault may quote a row; a file may be named after somebody.
update import_run set fault = case when fault is not null then 'erased' end, file_name = 'erased', path = ''
where state not in ('running', 'failed') and (fault ~* %(pattern)s or file_name ~* %(pattern)s or path ~* %(pattern)s)

-- name: forget_mends
-- A mend may have put her address into messages.
update replay set mends = '[]' where ended_at is not null and mends ~* %(pattern)s

-- name: forget_samples
-- A device that is hers alone, or whose last reading names her.
delete from device where id ~* %(pattern)s or sample ~* %(pattern)s

-- name: forget_packets
-- They only tell a repeated packet from a new one.
delete from stream_delivery where message_id ~* %(pattern)s

-- name: forget_naming_violations
-- What was wrong with an event quotes it.
delete from violation where what ~* %(pattern)s or path ~* %(pattern)s
