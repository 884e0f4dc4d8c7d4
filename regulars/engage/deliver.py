"""Send what is ready, each message once, also when we are killed in the middle.

Theory of operation. A row goes `ready -> sending` and that is committed before the first byte leaves; the outcome is
committed after the mail server answered, one message at a time. A kill between the two leaves a row in `sending` whose
sender's lock is free. Whether the server took it stands in the server's own record, under a Message-ID that is the same
for every attempt: found there, the row is `sent`; not found after a quiet period longer than any SMTP time-out, it goes
again; without a record to ask it becomes `unknown` and never goes again.

A line that breaks or takes nothing rests, longer each time, and what was taken for it goes back untried: its trouble is
no message's fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from regulars import collect
from regulars.analyze import affinity
from regulars.app import App
from regulars.engage.arbiter import WHY, Reason, Verdict, judge
from regulars.engage.asking import Wanted, ask_each, facts_of
from regulars.engage.channels import Answer, Line, Parcel, channels
from regulars.engage.decide import Judged, store, wish_of, within_cap
from regulars.engage.errors import MailUnreachable, TemplateRefused
from regulars.engage.feedback import gone
from regulars.engage.signing import Signer, signer
from regulars.kit.clock import SystemClock, day_date, day_number
from regulars.kit.logging import logger
from regulars.profile import purposes
from regulars.store import queries

SQL = queries("regulars.engage")
# "SEND": class of the advisory locks that senders hold.
SENDER_LOCK = 0x53454E44
# Twice the time that a line waits for an answer: by then the server has taken a message or never will.
QUIET_SECONDS = 60.0
ATTEMPTS_MAX = 5
RETRY_FIRST = timedelta(minutes=15)
# A line that failed is left alone so long, doubling up to the cap.
REST_FIRST = timedelta(seconds=2)
REST_MAX = timedelta(minutes=5)
BROKEN = ("down", "lost")
WISH_COLUMNS = 13
# How long a mail server may think about a message is real time, also while a year is replayed on a clock of its own.
MACHINE = SystemClock()

log = logger("engage")


class Finish(NamedTuple):
    """What became of a message on its way."""

    key: str
    state: str
    reason: Reason
    not_before: datetime | None = None


def deliver(app: App, limit: int, quiet_seconds: float = QUIET_SECONDS) -> dict[str, int]:
    """Send up to `limit` messages a channel and settle what killed senders left; gives how many went to what state.

    Nothing is given where nothing moved: what was put back, or waits for a resting line, is no work done. Makes its own
    short transactions: call it outside of one. Any number of processes may call it at once.
    """
    now = app.clock.now()
    awake = {"now": now, "rest_end": now + REST_MAX}
    with app.transaction() as inside:
        row = inside.db.execute(SQL.anything_to_send, awake).fetchone()
        if row is None or not row[0]:
            return {}
    counts: Counter[str] = Counter()
    with _sender(app) as number:
        counts.update(reconcile(app, quiet_seconds))
        with app.transaction() as inside:
            waiting = [name for (name,) in inside.db.execute(SQL.ready_channels, awake)]
        for name in waiting:
            counts.update(_deliver_channel(app, name, number, limit))
    return {state: count for state, count in counts.items() if state != "ready"}


@contextmanager
def _sender(app: App) -> Generator[int, None, None]:
    """A number whose lock is held while we live; the kernel closes the connection of whoever is killed."""
    with psycopg.connect(app.store.dsn, autocommit=True) as connection:
        row = connection.execute(SQL.become_sender, {"class": SENDER_LOCK}).fetchone()
        assert row is not None
        yield row[0]


def reconcile(app: App, quiet_seconds: float = QUIET_SECONDS) -> Counter[str]:
    """Settle what killed senders left on its way, by the carrier's own record."""
    with app.transaction() as inside:
        dead = [sender for sender, _ in inside.db.execute(SQL.dead_senders, {"class": SENDER_LOCK})]
        if not dead:
            return Counter()
        given = {"senders": dead, "rested_before": MACHINE.now() - timedelta(seconds=quiet_seconds)}
        orphans = inside.db.execute(SQL.orphans, given).fetchall()
        ends: list[Finish] = []
        for name in sorted({channel for _, channel, *_ in orphans}):
            mine = [row for row in orphans if row[1] == name]
            taken = channels[name].accepted(app, {id: at for _, _, id, at, _ in mine})
            ends += [end for key, _, id, _, rested in mine if (end := _settled(key, rested, taken.get(id)))]
        return finish(inside, ends)


def _settled(key: str, rested: bool, taken: bool | None) -> Finish | None:
    if taken:
        return Finish(key, "sent", Reason.RECONCILED)
    if not rested:
        return None
    if taken is None:
        return Finish(key, "unknown", Reason.NOBODY_KNOWS)
    return Finish(key, "ready", Reason.NOT_TAKEN)


def _deliver_channel(app: App, name: str, number: int, limit: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    try:
        with channels[name].connect(app) as line:
            parcels, vouch = take(app, name, number, limit, counts)
            for at, parcel in enumerate(parcels):
                answer = _hand_over(app, name, parcel, vouch, line)
                counts.update(_finish_one(app, parcel, answer))
                if answer.outcome in BROKEN:
                    counts.update(_put_back(app, parcels[at + 1 :]))
                    _rest(app, name, worked=bool(counts["sent"]))
                    return counts
    except MailUnreachable as fault:
        log.warning("mail_unreachable", what=fault.what, fix=fault.fix)
        _rest(app, name, worked=False)
        return counts
    if parcels:
        with app.transaction() as inside:
            inside.db.execute(SQL.resume_line, {"channel": name})
    return counts


def _rest(app: App, name: str, *, worked: bool) -> None:
    given = {"channel": name, "now": app.clock.now(), "first": REST_FIRST, "most": REST_MAX, "worked": worked}
    with app.transaction() as inside:
        inside.db.execute(SQL.rest_line, given)


def take(
    app: App, channel: str, number: int, limit: int, counts: Counter[str] | None = None
) -> tuple[list[Parcel], Signer]:
    """Take ready rows for this sender, asking the arbiter again: she may have said no since. Committed at the end."""
    now = app.clock.now()
    known = frozenset(channels)
    with app.transaction() as inside:
        vouch = signer(inside)
        rows = inside.db.execute(SQL.ready_wishes, {"channel": channel, "limit": limit}).fetchall()
        declared = purposes(inside)
        wishes = (wish_of(inside, row[:WISH_COLUMNS], declared) for row in rows)
        # The week in which it goes counts, not the one in which it was allowed.
        judged = within_cap(inside, [Judged(wish, judge(wish, now, known), seq) for wish, seq in wishes], now)
        answered = list(zip(judged, (row[WISH_COLUMNS:] for row in rows), strict=True))
        answered = _asked(inside, channel, answered, now)
        going = [(one, rest) for one, rest in answered if one.verdict.state == "ready"]
        others = [one for one, _ in answered if one.verdict.state != "ready"]
        if others:
            store(inside, others, now)
            inside.db.execute(SQL.free_slots, {"keys": [one.wish.key for one in others]})
        parcels = [_parcel(inside, one, rest, vouch, now) for one, rest in going]
        if parcels:
            sending = {
                "sender": number,
                "real_now": MACHINE.now(),
                "keys": [parcel.key for parcel in parcels],
                "message_ids": [parcel.message_id for parcel in parcels],
                "customers": [parcel.customer for parcel in parcels],
                "addresses": [parcel.address for parcel in parcels],
                "consent_seqs": [one.consent_seq for one, _ in going],
                "offers_until": [parcel.offer_until for parcel in parcels],
            }
            inside.db.execute(SQL.mark_sending, sending)
    if counts is not None:
        counts.update(one.verdict.state for one in others)
    return parcels, vouch


def _asked(
    app: App, channel: str, answered: list[tuple[Judged, tuple[Any, ...]]], now: datetime
) -> list[tuple[Judged, tuple[Any, ...]]]:
    """A letter that asks a question goes only to whom it may be asked now."""
    asking = {
        one.wish.key: Wanted(one.wish.key, str(rest[1]["survey"]), one.wish.customer, channel)
        for one, rest in answered
        if one.verdict.state == "ready" and rest[1].get("survey")
    }
    if not asking:
        return answered
    refused = _refused(app, asking, now)
    return [(one._replace(verdict=refused.get(one.wish.key, one.verdict)), rest) for one, rest in answered]


def _refused(app: App, asking: Mapping[str, Wanted], now: datetime) -> dict[str, Verdict]:
    """Why some may not be asked now; while the file of the surveys cannot be read, they all wait for it."""
    try:
        declared = affinity.surveys(app).surveys
    except affinity.SurveysRefused:
        wait = Verdict(state="later", reason=Reason.UNREADABLE, not_before=now + RETRY_FIRST)
        return dict.fromkeys(asking, wait)
    lately = Verdict(state="suppressed", reason=Reason.ASKED_LATELY)
    gone = Verdict(state="suppressed", reason=Reason.NO_QUESTION)
    refused = asking.keys() - ask_each(app, list(asking.values()), now)
    return {key: lately if asking[key].survey in declared else gone for key in refused}


def _parcel(app: App, one: Judged, rest: tuple[Any, ...], vouch: Signer, now: datetime) -> Parcel:
    template, payload, first_name, last_name, points, favorite, shop = rest
    assert one.wish.address is not None, "the arbiter lets nothing go without an address"
    until = _until(app, now, payload)
    return Parcel(
        key=one.wish.key,
        customer=one.wish.customer,
        address=one.wish.address,
        template=template,
        message_id=vouch.message_id(one.wish.key, app.settings.mail_from),
        at=now,
        offer_until=until,
        facts={
            "customer": {
                "first_name": first_name or "",
                "last_name": last_name or "",
                "points": points,
                "points_said": f"{points:,}",
                "favorite": favorite or "",
                "store": shop or "",
            },
            "offer": {
                "title": payload.get("offer_title", ""),
                "code": payload.get("offer", ""),
                "days": payload.get("offer_days", 0),
                "until": f"{until:%-d %B %Y}" if until else "",
            },
            "survey": facts_of(app, vouch, one.wish.key, str(payload["survey"])) if payload.get("survey") else {},
        },
    )


def _until(app: App, now: datetime, payload: dict[str, Any]) -> date | None:
    """The last day of an offer, kept with the row: the letter and the till say the same."""
    if not payload.get("offer_title"):
        return None
    return day_date(day_number(now, app.settings.zone) + payload.get("offer_days", 0))


def _hand_over(app: App, name: str, parcel: Parcel, vouch: Signer, line: Line) -> Answer:
    try:
        message = channels[name].compose(app, parcel, vouch)
    except TemplateRefused as fault:
        log.warning("template_refused", template=parcel.template, what=fault.what)
        return Answer(outcome="no_template", words=fault.what)
    except Exception as fault:
        # Whatever one letter breaks on, the others go out. The fault's words may hold an address: its kind is logged.
        log.warning("letter_unfit", key=parcel.key, kind=type(fault).__name__)
        return Answer(outcome="unfit")
    return line.send(parcel.address, message)


def _finish_one(app: App, parcel: Parcel, answer: Answer) -> Counter[str]:
    now = app.clock.now()
    ends = {
        "accepted": Finish(parcel.key, "sent", Reason.ACCEPTED),
        "refused": Finish(parcel.key, "failed", Reason.REFUSED),
        "gone": Finish(parcel.key, "failed", Reason.REFUSED),
        "unfit": Finish(parcel.key, "failed", Reason.UNFIT),
        "no_template": Finish(parcel.key, "failed", Reason.NO_TEMPLATE),
        "down": Finish(parcel.key, "ready", Reason.NO_LINE),
    }
    if answer.outcome != "accepted":
        # The words of the server may hold an address: they are not logged.
        log.info("message_not_sent", key=parcel.key, outcome=answer.outcome)
    with app.transaction() as inside:
        if answer.outcome == "again":
            return finish(inside, [_again(inside, parcel.key, now)])
        if answer.outcome == "gone":
            gone(inside, parcel.key, now)
        # Lost: the row stays on its way, and our lock is free when we are done. Then the record is asked.
        return finish(inside, [ends[answer.outcome]]) if answer.outcome in ends else Counter()


def _again(app: App, key: str, now: datetime) -> Finish:
    row = app.db.execute(SQL.attempts_of, {"key": key}).fetchone()
    attempts = row[0] if row else ATTEMPTS_MAX
    if attempts >= ATTEMPTS_MAX:
        return Finish(key, "failed", Reason.GAVE_UP)
    return Finish(key, "later", Reason.TRY_AGAIN, now + RETRY_FIRST * 2 ** (attempts - 1))


def _put_back(app: App, parcels: list[Parcel]) -> Counter[str]:
    with app.transaction() as inside:
        return finish(inside, [Finish(parcel.key, "ready", Reason.NO_LINE) for parcel in parcels])


def finish(app: App, ends: list[Finish]) -> Counter[str]:
    """Write outcomes, tell the journal what was sent, and free the slots of what never will be."""
    if not ends:
        return Counter()
    now = app.clock.now()
    given = {
        "keys": [end.key for end in ends],
        "states": [end.state for end in ends],
        "reasons": [end.reason.value for end in ends],
        "whys": [WHY[end.reason] for end in ends],
        "not_before": [end.not_before for end in ends],
        "now": now,
    }
    rows = app.db.execute(SQL.finish, given).fetchall()
    sent = [
        collect.Announcement(
            message_id=f"sent:{key}",
            name="Message Sent",
            customer=customer,
            occurred_at=now,
            properties={"channel": channel, "template": template, "outbox_key": key},
        )
        for key, customer, channel, template, state in rows
        if state == "sent"
    ]
    if sent:
        collect.announce(app, sent)
    failed = [key for key, *_, state in rows if state == "failed"]
    if failed:
        app.db.execute(SQL.free_slots, {"keys": failed})
    return Counter(state for *_, state in rows)
