"""What a withdrawal takes back of what we gave and planned: points by entries of their own, journeys by an exit.

An order that never was earns nothing and a return that never was takes nothing. The entries stand, others beside them
set the balance right: points that were spent meanwhile come out of what she has, and what she does not have any more is
waived. A journey entered by a segment that she is in no longer, now that events are gone, ends; what was sent stays.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from regulars.app import App
from regulars.design import ownership
from regulars.design.journeys import follow, heirs_of, versions
from regulars.design.ledger import SQL, Ordered, post_all
from regulars.design.loyalty import Unearn, Unreturn
from regulars.kit.clock import day_number
from regulars.model import Changes
from regulars.store.rows import array, quoted

EXIT_REASON = "what let her in was withdrawn"


def correct(app: App, changes: Changes) -> list[int]:
    """Points and journeys of whose events were withdrawn; gives the enrolments that ended.

    Nobody is let into a journey by a correction: it is no news about her.
    """
    people = changes.people
    assert people is not None, "a withdrawal names people"
    now = app.clock.now()
    _reverse(app, people.withdrawn, now)
    heirs = heirs_of(app, changes)
    follow(app, heirs, now)
    ownership.follow(app, changes, heirs, now)
    return _let_out(app, people.withdrawn, sorted({*people.recompute, *heirs.values()}), now)


def _reverse(app: App, withdrawn: list[int], now: datetime) -> None:
    """One entry beside each that withdrawn events caused: of awards last, so that a return of them is undone before."""
    entries = app.db.execute(SQL.entries_of_events, {"seqs": array(withdrawn)}).fetchall()
    if not entries:
        return
    day = day_number(now, app.settings.zone)
    orders: list[Ordered] = []
    gone = {source for _, _, kind, _, source, _ in entries if kind == "return"}
    cents = dict(app.db.execute(SQL.other_returns, {"sources": quoted(gone)}).fetchall()) if gone else {}
    held: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for entry, lot, points in app.db.execute(SQL.lots_of_entries, {"entries": array(row[0] for row in entries)}):
        held[entry].append((lot, points))
    for id, key, kind, customer, source, seq in sorted(entries, key=lambda entry: (entry[2] != "return", entry[0])):
        if kind == "return":
            command = Unreturn(
                key=f"withdrawn:{key}", day=day, undoes=key, source=source, cents=cents.get(source, 0), seq=seq,
                taken=[(lot, points) for lot, points in held[id] if points > 0],
            )  # fmt: skip
        else:
            command = Unearn(key=f"withdrawn:{key}", day=day, undoes=key, lots=[lot for lot, _ in held[id]], seq=seq)
        orders.append(Ordered(customer, command))
    post_all(app, orders)


def _let_out(app: App, withdrawn: list[int], customers: list[int], now: datetime) -> list[int]:
    entries = [(v.id, v.graph.entry.subject) for v in versions(app) if v.graph.entry.trigger == "segment_enter"]
    if not entries or not withdrawn:
        return []
    given = {
        "versions": [version for version, _ in entries],
        "segments": [segment for _, segment in entries],
        "customers": array(customers),
        "first": withdrawn[0],
        "reason": EXIT_REASON,
        "now": now,
    }
    return [enrolment for (enrolment,) in app.db.execute(SQL.let_out, given)]
