"""A person erased, from the wish to the proof. Every step may be cut off at any instant and is then taken again.

`asked`: somebody said so. One transaction takes her out of every room (`flow.on_erasure`); from its commit on she is in
no answer, and what still arrives of her is refused. `left`: the file beside the database remembers it by keyed
hashes, the lake's files are replaced and the old ones removed, letters and uploads go. `done`: everything was looked
through for her identifiers, what was found is in a signed report, and the identifiers themselves are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from regulars import collect, engage, flow, resolve
from regulars.app import App
from regulars.kit.errors import NotFound
from regulars.kit.logging import logger
from regulars.model import Gone
from regulars.privacy import memory
from regulars.privacy.errors import ErasureRefused
from regulars.privacy.periods import holds_of
from regulars.privacy.proof import Breathe, Report, prove
from regulars.privacy.scope import scope
from regulars.resolve import decide
from regulars.store import queries

SQL = queries(__package__ or "")
TOKEN_BYTES = 16
LISTED_MAX = 200
# Steps of the lake taken for one erasure in one go; the next go takes the others.
LAKE_STEPS_MAX = 10_000
# What the proof finds may have been on its way while it looked: it is taken out and looked for again, so often.
ROUNDS_MAX = 3
# "ERAS": who carries an erasure holds it, so that two do not do one step at once.
ERASURE_LOCK = 0x45524153
PROOF = "erasure report"
log = logger("privacy")

_encode = msgspec.json.Encoder().encode


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """How far one erasure is."""

    id: int
    state: str
    """asked, held (by retention.yaml; it goes on once that is over), left or done."""
    actor: str
    reason: str
    asked_at: datetime
    erased_at: datetime
    events: int | None
    """None: she is in the rooms still."""
    orders: int | None
    """Orders among them that are kept as nobody's."""
    done_at: datetime | None
    held_because: str | None = None
    """Why it waits; None: it does not."""


def ask_erasure(app: App, customer: int, actor: str, reason: str) -> int:
    """Note that this customer is to be erased, in the caller's transaction; gives the number of the erasure.

    From here on it only goes forward: the worker takes every step. Asked again before it has begun, it is the
    same one. Raises NoSuchCustomer, ErasureRefused.
    """
    check_reason(reason)
    current = scope(app, customer).customer
    if held := holds_of(app, [current]):
        raise ErasureRefused(
            f"What we hold about customer {current} must stay: {held[current]}",
            "Refuse the request for now, or take the hold out of retention.yaml once it is over",
        )
    given = {
        "token": app.dice.token(TOKEN_BYTES).hex(),
        "customer": current,
        "actor": actor,
        "reason": reason,
        "now": app.clock.now(),
    }
    row = app.db.execute(SQL.ask_erasure, given).fetchone()
    assert row is not None, "an insert that returns"
    return row[0]


def check_reason(reason: str) -> None:
    """Raises ErasureRefused where none is given."""
    if not reason.strip():
        raise ErasureRefused("An erasure without a reason cannot be explained later", "Name the request it follows")


def erasure(app: App, id: int) -> Erasure:
    """How far it is. Raises NotFound."""
    found = _erasures(app, app.db.execute(SQL.one_erasure, {"id": id}).fetchall())
    if not found:
        raise NotFound(f"There is no erasure {id}", "Look its number up in the list")
    return found[0]


def erasures(app: App) -> list[Erasure]:
    """All of them, newest first; LISTED_MAX at most."""
    return _erasures(app, app.db.execute(SQL.erasures, {"limit": LISTED_MAX}).fetchall())


def _erasures(app: App, rows: Sequence[tuple[Any, ...]]) -> list[Erasure]:
    """As they stand, whom they are about last in each row."""
    held = _held(app, {row[0]: row[-1] for row in rows})
    names = Erasure.__struct_fields__[: len(rows[0]) - 1] if rows else ()
    known = [Erasure(**dict(zip(names, row[:-1], strict=True))) for row in rows]
    return [
        msgspec.structs.replace(one, state="held", held_because=held[one.id]) if one.id in held else one
        for one in known
    ]


def _held(app: App, people: dict[int, list[int]]) -> dict[int, str]:
    """Why, by erasure, of those that wait; nobody is named by one that has left the rooms."""
    every = [customer for those in people.values() for customer in those]
    why = holds_of(app, every) if every else {}
    return {id: why[customer] for id, those in people.items() for customer in those if customer in why}


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it was signed."""

    report: Report
    text: str
    signature: str
    """HMAC-SHA256 of the text with the brand's secret."""
    is_genuine: bool
    """It is as we signed it."""


def erasure_proof(app: App, id: int) -> Proof | None:
    """The proof of an erasure; None: it is under way."""
    row = app.db.execute(SQL.report_of, {"id": id}).fetchone()
    if row is None or row[0] is None:
        return None
    text, signature = row
    return Proof(
        report=msgspec.json.decode(text, type=Report),
        text=text,
        signature=signature,
        is_genuine=resolve.proof(app, PROOF, text) == signature,
    )


def caught_up(app: App) -> int:
    """Take out of the rooms whom the file beside the database remembers and a restored backup does not; how many.

    To be called before this installation answers anybody. Where another process is at it, this one waits. Whom a hold
    keeps is here again and waits for its end.
    """
    noted = memory.catch_up(app)
    with app.transaction() as inside:
        waiting = [*noted, *(id for (id,) in inside.db.execute(SQL.remembered_open))]
    for id in waiting:
        with app.transaction() as holder:
            holder.db.execute(SQL.wait_for_erasure, {"class": ERASURE_LOCK, "id": id})
            with app.transaction() as inside:
                state = erasure(inside, id).state
            if state == "asked":
                _leave_rooms(app, id)
    with app.transaction() as inside:
        return sum(erasure(inside, id).state != "held" for id in set(waiting))


def open_erasures(app: App) -> dict[int, str]:
    """What is under way, oldest first: the state of each by its number."""
    with app.transaction() as inside:
        rows = inside.db.execute(SQL.open_erasures).fetchall()
        held = _held(inside, {id: people for id, _, people in rows})
        return {id: "held" if id in held else state for id, state, _ in rows}


def leave_rooms(app: App, id: int) -> bool:
    """Take her out of every room, in one transaction that the flow waits for.

    False: done, somebody is at it, or a hold keeps her.
    """
    return _step(app, id, "asked", lambda: _leave_rooms(app, id))


def leave_files(app: App, id: int, breathe: Breathe) -> bool:
    """Take the next step after the rooms: files, then the proof. Nobody waits for it.

    `breathe` is called between two slices; what it raises ends the step, which is then taken again. False: not its
    turn, or somebody else is at it.
    """

    def step() -> bool:
        for last in range(ROUNDS_MAX - 1, -1, -1):
            if not _leave_files(app, id, breathe) or _prove(app, id, breathe, is_last=not last):
                break
        return True

    return _step(app, id, "left", step)


def carry_erasure(app: App, id: int) -> bool:
    """The next step of one erasure, whichever it is; False: it is done, held, or somebody else is at it."""
    return leave_rooms(app, id) or leave_files(app, id, lambda: None)


def _step(app: App, id: int, state: str, step: Callable[[], bool]) -> bool:
    with app.transaction() as holder:
        row = holder.db.execute(SQL.take_erasure, {"class": ERASURE_LOCK, "id": id}).fetchone()
        if row is None or not row[0]:
            return False
        # The lock is held by this transaction; the steps commit in others, and see what stands now.
        with app.transaction() as inside:
            if erasure(inside, id).state != state:
                return False
        return step()


def _leave_rooms(app: App, id: int) -> bool:
    with app.transaction() as inside:
        row = inside.db.execute(SQL.asked_erasure, {"id": id}).fetchone()
        assert row is not None, "it was asked"
        customer, people, token, erased_at, told = row
        if customer is not None:
            # Judged here, while the flow stands: since it was asked a hold may have come, or another id.
            decide.stop_the_flow(inside)
            customer = resolve.current(inside, customer) or customer
            if holds_of(inside, [customer]):
                return False
            # It may have waited: what she did meanwhile goes as well.
            erased_at = inside.clock.now()
            erased = resolve.erase(inside, customer, erased_at, id)
        else:
            # Restored from a backup of before: what the file beside the database says was hers.
            decide.stop_the_flow(inside)
            if holds_of(inside, people):
                return False
            line = memory.read_line(told)
            erased = resolve.erase_records(inside, memory.positions(inside, line), erased_at, id, line.values)
        line = told or memory.line(inside, token, erased_at, erased)
        gone = flow.on_erasure(inside, erased, id)
        inside.db.execute(SQL.empty_requests, {"customers": erased.ids})
        inside.db.execute(SQL.left_rooms, _left(id, gone, line) | {"erased_at": erased_at})
    log.info("erased_from_rooms", erasure=id, events=gone.events)
    return True


def _left(id: int, gone: Gone, line: str) -> dict[str, object]:
    counts = {"events": gone.events, "orders": gone.orders, "rows": gone.rows}
    return {
        "id": id,
        "withdrawal": gone.withdrawal,
        "gone": _encode(counts).decode(),
        "sought": gone.words,
        "memory": line,
    }


def _leave_files(app: App, id: int, breathe: Breathe) -> bool:
    """False: the lake has more to follow than is done in one go."""
    with app.transaction() as inside:
        row = inside.db.execute(SQL.left_erasure, {"id": id}).fetchone()
        assert row is not None, "it left the rooms"
    withdrawal, sought, line = row
    if line is not None:
        memory.remember(app, line)
        with app.transaction() as inside:
            inside.db.execute(SQL.is_remembered, {"id": id})
    resolve.refuse_waiting(app)
    for _ in range(LAKE_STEPS_MAX):
        if not collect.follow_in_lake(app):
            break
        breathe()
    if not collect.remove_left(app, withdrawal):
        return False
    engage.forget_letters(engage.catcher.folder_of(app.settings), sought)
    collect.erasure.forget_files(app, sought)
    return True


def _prove(app: App, id: int, breathe: Breathe, *, is_last: bool) -> bool:
    """Look, and write down what was found; False: there is something, and a next round may take it out."""
    with app.transaction() as inside:
        now = erasure(inside, id)
        row = inside.db.execute(SQL.left_erasure, {"id": id}).fetchone()
        assert row is not None, "it left the rooms"
    report = prove(app, id, now.erased_at, row[1], breathe)
    if report.hits and not is_last:
        return False
    text = _encode(report).decode()
    with app.transaction() as inside:
        given = {"id": id, "report": text, "signature": resolve.proof(inside, PROOF, text)}
        inside.db.execute(SQL.prove_erasure, given | {"now": inside.clock.now()})
    log.info("erasure_proved", erasure=id, hits=report.hits)
    return True
