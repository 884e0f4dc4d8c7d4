-- name: carried
-- How far the flow is through the journal, for the progress bar.
select coalesce((select seq from checkpoint where reader = 'flow'), 0), coalesce((select max(seq) from journal), 0)

-- name: counts
-- Records read and customers known, for the summary.
select (select count(*) from record), (select count(*) from customer where known)

-- name: names_of
-- What to call the customers of a list, for all of them at once.
select customer, nullif(concat_ws(' ', first_name, last_name), '') from profile where customer = any(%(customers)s)

-- name: message_states
-- What became of every intent, for the summary.
select state, count(*) from outbox group by state order by state

-- name: sends_waiting
-- Is anything still on its way to a mail server?
select exists (select from outbox where state in ('ready', 'sending'))

-- name: backend
-- Our own backend: its parent is the server, whose memory the demo counts.
select pg_backend_pid()

-- name: contact_of
-- Somebody found by her id is shown on the same line as those found by name.
select email, phone, city from profile where customer = %(customer)s
