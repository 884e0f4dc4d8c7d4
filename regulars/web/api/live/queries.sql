-- name: owner_of_event
-- Whose the event is, by the evidence of now, and how far the readers of the journal are.
select r.signature, r.signed_out, g.first_seq, g.sessions, coalesce(d.customer, e.customer), c.known,
    (select seq from checkpoint where reader = 'flow') >= %(seq)s,
    (select seq from checkpoint where reader = 'lake') >= %(seq)s
from (select %(seq)s::bigint as seq) given
left join record r on r.seq = given.seq
left join signature g on g.id = r.signature
left join event_customer e on e.seq = given.seq
left join redirect d on d.old = e.customer
left join customer c on c.id = coalesce(d.customer, e.customer)

-- name: evidence_of_event
-- What her record carries; state 0 joins, 1 is barred, 2 says nothing of a person, 3 does not count.
select v.type, v.shown, l.state, (v.shared >> l.level) & 1 = 1, (v.generic >> l.level) & 1 = 1
from link l
join value v on v.id = l.value
where l.signature = %(signature)s
order by l.class, v.type, v.shown
limit %(limit)s

-- name: fields_of_event
-- Golden fields that stand because of this event; others have been stated better since.
select field, value, verified from profile_field
where seq = %(seq)s and rule is not null and left(source, 1) <> '@'
order by field

-- name: consents_of_event
-- Yes and no that this event is the evidence of.
select channel, purpose, allowed from consent where seq = %(seq)s order by channel, purpose, address

-- name: identity_of_event
-- Merges and splits that this event brought about.
select kind, customer, other from identity_event where seq = %(seq)s order by id

-- name: points_of_event
-- Movements of points that this event is the reason of.
select kind, customer, answer, day from ledger_entry where seq = %(seq)s order by id

-- name: moves_near_event
-- Which event moved her is not stored; these moves happened when it was carried.
select segment, entered, at from segment_move
where customer = %(customer)s and at between %(from)s and %(to)s
order by id limit %(limit)s

-- name: entries_near_event
-- Which event let her in is not stored either.
select journey, status, entered_at from enrolment
where customer = %(customer)s and entered_at between %(from)s and %(to)s
order by id limit %(limit)s

-- name: intents_near_event
-- Nor which event wanted to write.
select template, channel, state, created_at from outbox
where customer = %(customer)s and created_at between %(from)s and %(to)s
order by created_at, key limit %(limit)s
