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
