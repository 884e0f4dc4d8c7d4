"""The one door: every wish becomes a row, and the arbiter answers it with what is known now."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from regulars.app import App
from regulars.engage.arbiter import WEEKLY_CAP, WHY, Reason, Verdict, Wish, is_capped, judge, over_cap, week_of
from regulars.engage.channels import channels
from regulars.engage.quiet import zone_or
from regulars.model import Outcome, Plays
from regulars.profile import Purposes, purposes
from regulars.store import queries

SQL = queries("regulars.engage")
# Wishes answered in one transaction; the rest is open at the next batch or tick.
OPEN_LIMIT = 5_000


class Judged(NamedTuple):
    """A wish, its answer, and the decision of hers that the answer rests on."""

    wish: Wish
    verdict: Verdict
    consent_seq: int | None


def decide(app: App, plays: Plays) -> Outcome:
    """Take in the intents and answer whatever is open and due; statements do not grow with their number."""
    if plays.intents:
        app.db.execute(SQL.take_in, _rows(plays))
    judged = answer(app, plays.at)
    counts = Counter(one.verdict.state for one in judged)
    return Outcome(intents=len(plays.intents), by_state=dict(counts))


def cancel(app: App, enrolments: list[int]) -> int:
    """Give up what these enrolments wished for and nobody has sent yet; gives how many wishes."""
    if not enrolments:
        return 0
    reason = Reason.BASELESS
    given = {"enrolments": enrolments, "reason": reason.value, "why": WHY[reason], "now": app.clock.now()}
    return app.db.execute(SQL.cancel, given).rowcount


def answer(app: App, now: datetime) -> list[Judged]:
    """Answer open wishes that are due, at most OPEN_LIMIT, and store the answers."""
    rows = app.db.execute(SQL.open_wishes, {"now": now, "limit": OPEN_LIMIT}).fetchall()
    if not rows:
        return []
    known, declared = frozenset(channels), purposes(app)
    judged = [Judged(wish, judge(wish, now, known), seq) for wish, seq in (wish_of(app, row, declared) for row in rows)]
    judged = within_cap(app, judged, now)
    store(app, judged, now)
    return judged


def wish_of(app: App, row: tuple[Any, ...], declared: Purposes) -> tuple[Wish, int | None]:
    """A row of the claim as the arbiter reads it, with the seq of her decision."""
    key, customer, channel, purpose, held, not_before, valid_until, address, zone, suppressed, consent, seq, until = row
    wish = Wish(
        key=key,
        customer=customer,
        channel=channel,
        purpose=purpose,
        held=held,
        not_before=not_before,
        valid_until=valid_until,
        address=address,
        zone=zone_or(zone, app.settings.brand_zone),
        suppressed=suppressed,
        consent=consent,
        consent_until=until,
        is_asked_for=not declared.needs_consent(purpose),
    )
    return wish, seq


def within_cap(app: App, judged: list[Judged], now: datetime) -> list[Judged]:
    """Give slots to what would go out, the more important first; what finds none waits for its next week."""
    going = [one.wish for one in judged if one.verdict.state in ("ready", "held") and is_capped(one.wish)]
    if not going:
        return judged
    weeks = {wish.key: week_of(now, wish.zone) for wish in going}
    taken = dict(app.db.execute(SQL.slots_of, {"keys": list(weeks)}).fetchall())
    stale = [key for key, week in taken.items() if week != weeks[key]]
    if stale:
        app.db.execute(SQL.free_slots, {"keys": stale})
    have = taken.keys() - set(stale)
    # A round is lost only to somebody else's slot, and there are no more of those than the cap.
    for _ in range(WEEKLY_CAP + 1):
        asking = [wish for wish in going if wish.key not in have]
        if not asking:
            break
        given = {
            "keys": [wish.key for wish in asking],
            "customers": [wish.customer for wish in asking],
            "channels": [wish.channel for wish in asking],
            "weeks": [weeks[wish.key] for wish in asking],
            "cap": WEEKLY_CAP,
        }
        won = {key for (key,) in app.db.execute(SQL.take_slots, given)}
        if not won and not _raced(app, given):
            break
        have |= won
    full = {wish.key for wish in going if wish.key not in have}
    return [one._replace(verdict=over_cap(one.wish, now)) if one.wish.key in full else one for one in judged]


def _raced(app: App, given: dict[str, Any]) -> bool:
    """Is a slot still free for anybody who asked? Then somebody else was quicker, and asking again is worth it."""
    row = app.db.execute(SQL.slots_free, given).fetchone()
    return row is not None


def store(app: App, judged: list[Judged], now: datetime) -> None:
    """Write answers to their rows."""
    rows = {
        "keys": [one.wish.key for one in judged],
        "customers": [one.wish.customer for one in judged],
        "states": [one.verdict.state for one in judged],
        "reasons": [one.verdict.reason.value for one in judged],
        "whys": [WHY[one.verdict.reason] for one in judged],
        "not_before": [one.verdict.not_before for one in judged],
        "addresses": [one.wish.address for one in judged],
        "consent_seqs": [one.consent_seq for one in judged],
        "now": now,
    }
    app.db.execute(SQL.store_verdicts, rows)


def _rows(plays: Plays) -> dict[str, object]:
    intents = plays.intents
    return {
        "keys": [i.key for i in intents],
        "customers": [i.customer for i in intents],
        "channels": [i.channel for i in intents],
        "purposes": [i.purpose for i in intents],
        "templates": [i.template for i in intents],
        "origins": [i.origin for i in intents],
        "priorities": [i.priority for i in intents],
        "held": [i.held for i in intents],
        "not_before": [i.not_before for i in intents],
        "valid_until": [i.valid_until for i in intents],
        "payloads": [msgspec.json.encode(i.payload).decode() for i in intents],
        "now": plays.at,
        "not_yet": Reason.NOT_YET.value,
        "not_yet_why": WHY[Reason.NOT_YET],
    }
