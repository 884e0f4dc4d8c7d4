"""Joining two people and parting them again leaves every table about people as it was, byte for byte, and for good.

The tables are those that the rooms declare to hold something about people: one that is added joins by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg import sql

from regulars import design, flow, privacy, resolve
from regulars.app import App
from regulars.model import Moment, People
from regulars.resolve import Steward, decide
from tests.engage.town import message, order, tell
from tests.resolve.likeness_model import BANDS, model
from tests.worker.place import drain
from tests.worker.test_withdrawal import brand, last_position, undo

STEWARD = Steward("ada", "one household, one person")
# What happened stays told: rows may come, none may go or change.
HISTORIES = {
    "decision",
    "identity_event",
    "journal",
    "ledger_entry",
    "lifecycle_move",
    "record",
    "duplicate",
    "withdrawn_range",
}
# How the rule came to its answer, not the answer: a split that holds is looked at each time. How values changed begins
# anew with whoever is recomputed, since what was told may be somebody else's; the values themselves are compared.
WAYS = {"signature": ("reach", "delicate", "gapped"), "cut": None, "trait_change": None}
OF_MODELS = {"pair"}
SAID = {
    "first_name": "Jon",
    "last_name": "Smyth",
    "birth_date": "1984-02-01",
    "address": {"street": "1 Mill Road", "postcode": "60601"},
}

Bytes = dict[str, Counter[str]]
Inside = Callable[[App], People]


def bytes_of(app: App) -> Bytes:
    """Every row of every table about people, as text."""
    patterns = [one.table.replace("_", r"\_").replace("*", "%") for one in privacy.holdings()]
    with app.transaction() as inside:
        rows = inside.db.execute("select tablename from pg_tables where tablename like any(%s)", [patterns]).fetchall()
        return {name: _rows(inside, name) for (name,) in rows if WAYS.get(name, ()) is not None}


def _rows(inside: App, name: str) -> Counter[str]:
    query = sql.SQL("select (to_jsonb(t) - %s::text[])::text from {} t").format(sql.Identifier(name))
    return Counter(text for (text,) in inside.db.execute(query, [list(WAYS.get(name) or ())]))


def differing(before: Bytes, after: Bytes) -> list[str]:
    """Tables that are not what they were."""
    return [
        name
        for name, rows in after.items()
        if (not before[name] <= rows if name in HISTORIES else before[name] != rows)
    ]


def state(app: App, stated: Inside) -> None:
    """In one transaction with all rooms."""
    with app.transaction() as inside:
        flow.on_decision(inside, stated(inside))
    drain(app)


def customers(inside: App) -> list[int]:
    found = [resolve.look_up(inside, Moment(kind="email", value=f"{who}@example.com")) for who in ("p1", "p3")]
    return [one for one in found if one is not None]


def joined_by_hand(app: App) -> Callable[[], None]:
    state(app, lambda inside: decide.merge(inside, STEWARD, customers(inside)))
    [subject] = subjects(app)
    return lambda: state(app, lambda inside: decide.undo(inside, STEWARD, subject))


def joined_by_evidence(app: App) -> Callable[[], None]:
    """A letter that names the mailboxes of both; later it is taken back as an error."""
    first = last_position(app) + 1
    other = {"externalIds": [{"type": "email", "id": "p3@example.com"}]}
    tell(app, "file", [anonymous(app, "null", traits={"email": "p1@example.com"}, context=other)], "other")
    drain(app)

    def part() -> None:
        undo(app, first, first)
        drain(app)

    return part


def joined_by_likeness(app: App) -> Callable[[], None]:
    """The model that waits is approved; a steward knows better."""
    with app.transaction() as inside:
        staying, leaving = customers(inside)
    state(app, lambda inside: resolve.models.approve(inside, STEWARD, 1))
    return lambda: state(app, lambda inside: decide.split(inside, STEWARD, [staying], [leaving]))


def subjects(app: App) -> list[str]:
    with app.transaction() as inside:
        return [subject for (subject,) in inside.db.execute("select distinct subject from decision").fetchall()]


def told(app: App, join: Any) -> list[dict[str, Any]]:
    """A brand two of whose people never sign in; what joins them by likeness is what they say of themselves."""
    said = SAID if join is joined_by_likeness else {}
    some = [by_mail(each, said) if each.get("userId") in ("p1", "p3") else each for each in brand(app)]
    # Somebody who is nobody: what is taken back later says no more than that.
    return [*some, anonymous(app, "null")]


def by_mail(told: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    bare = {name: value for name, value in told.items() if name != "userId"}
    address = f"{told['userId']}@example.com"
    if told["type"] == "identify":
        return bare | {"traits": told["traits"] | said}
    return bare | {"properties": told["properties"] | {"email": address, "email_verified": True}}


def anonymous(app: App, browser: str, **more: Any) -> dict[str, Any]:
    at = app.clock.now() - timedelta(days=9)
    said = message("identify", f"{browser}{len(more)}", at, anonymousId=browser, **more)
    return {name: value for name, value in said.items() if name != "userId"}


def added(app: App, strict: bool) -> int:
    """A model that has scored everybody and changed nobody."""
    with app.transaction() as inside:
        number = resolve.models.add(inside, STEWARD, *model(strict), BANDS)
        while resolve.models.score(inside, number) < 1:
            pass
    return number


def later(app: App) -> None:
    """A batch run over everybody, another model, and a day on which both come again."""
    state(app, resolve.rebuild)
    number = added(app, strict=True)
    state(app, lambda inside: resolve.models.approve(inside, STEWARD, number))


def come_again(app: App) -> None:
    at = app.clock.now() - timedelta(hours=1)
    tell(app, "crm", [by_mail(order(who, at, "7.00"), {}) for who in ("p1", "p3")])
    drain(app)
    state(app, resolve.rebuild)


@pytest.mark.parametrize("join", [joined_by_hand, joined_by_evidence, joined_by_likeness])
def test_what_was_joined_and_parted_is_byte_for_byte_what_it_was_and_stays_two(app: App, join: Any) -> None:
    tell(app, "crm", told(app, join))
    drain(app)
    added(app, strict=False)
    before = bytes_of(app)

    part = join(app)
    between = bytes_of(app)
    part()
    after = bytes_of(app)
    later(app)
    upgraded = {name: rows for name, rows in bytes_of(app).items() if name not in OF_MODELS}
    come_again(app)

    assert set(differing(before, between)) >= {"profile_field", "trait_state", "wallet", "consent_state", "customer"}
    assert differing(before, after) == []
    assert differing(before, upgraded) == []
    with app.transaction() as inside:
        assert len(set(customers(inside))) == 2


def nothing(*_: object) -> list[int]:
    return []


def test_a_room_that_does_not_follow_is_seen(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: points that stay where they were."""
    tell(app, "crm", told(app, joined_by_hand))
    drain(app)
    before = bytes_of(app)
    part = joined_by_hand(app)
    monkeypatch.setattr(design, "correct", nothing)

    part()

    assert "wallet" in differing(before, bytes_of(app))
