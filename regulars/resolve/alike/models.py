"""Models of likeness: added with all that they say, tried, approved, and the one before taken again.

A model that is added counts for nothing until a decision puts it in force. Its scores are kept up to date from then on,
so approving it, or going back to the one before, is one computation of the people that the two see differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from regulars.app import App
from regulars.kit.clock import microseconds
from regulars.model import People
from regulars.resolve import decide, touched
from regulars.resolve.advance import Difference
from regulars.resolve.alike import pairs
from regulars.resolve.alike.files import read as read
from regulars.resolve.alike.learn import learn as learn
from regulars.resolve.alike.learn import save_records as save_records
from regulars.resolve.alike.scoring import Scorer
from regulars.resolve.decide import Steward
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.facts import Decision
from regulars.resolve.identify import announce
from regulars.resolve.likeness import MISSING_BITS, Bands
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
# One in force, the one before, one that waits.
MODELS_KEPT_MAX = 3
# Signatures compared at once: their partners and scores are in memory together.
PIECE_SIGNATURES = 5_000
EXAMPLES_MAX = 20


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model as stewards see it."""

    number: int
    name: str
    auto_bits: float
    review_bits: float
    is_in_force: bool
    pairs: int
    actor: str
    at: datetime


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that would become one (`other` goes up in `customer`), or come apart (`customer` loses `other`)."""

    kind: str
    """merge or split."""
    customer: int
    other: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a model would change, against what is published now."""

    merges: int
    splits: int
    ids_changed: int
    """Ids that would lead to another customer."""
    customers: int
    """Customers that stand afterwards."""
    examples: list[Moved]
    """Splits first, of each the customers with the most kinds of record: at most EXAMPLES_MAX."""


def listed(app: App) -> list[Model]:
    """Those kept, newest first."""
    return [
        Model(
            number=number, name=name, auto_bits=auto, review_bits=review, is_in_force=is_in_force, pairs=count,
            actor=actor, at=at,
        )
        for number, name, auto, review, is_in_force, count, actor, at in app.db.execute(SQL.models)
    ]  # fmt: skip


def add(app: App, steward: Steward, body: bytes, terms: bytes, bands: Bands) -> int:
    """Add a model and score everybody who is there; its number. It changes nobody until it is approved.

    Raises LinkRefused for what is no model of ours, DecisionRefused for bands that make no sense or one model too many.
    """
    if not MISSING_BITS < bands.review <= bands.auto:
        raise DecisionRefused(
            f"From {bands.review:g} bits asked and from {bands.auto:g} joined makes no sense",
            f"Ask above {MISSING_BITS:g} bits, and join from at least as many",
        )
    Scorer(body, terms)
    decide.stop_the_flow(app)
    before = pairs.kept(app)
    if len(before) >= MODELS_KEPT_MAX:
        raise DecisionRefused(f"{MODELS_KEPT_MAX} models are kept already", "Let one go first")
    given = {"name": steward.reason, "body": body, "terms": terms, "auto": bands.auto, "review": bands.review}
    [(number,)] = app.db.execute(SQL.add_model, given | {"actor": steward.actor, "at": app.clock.now()}).fetchall()
    if not before:
        # While nothing was compared nobody was entered.
        app.db.execute(SQL.clear_sizes)
        app.db.execute(SQL.clear_blocks)
        app.db.execute(SQL.clear_pairs)
    for piece in _pieces(app):
        if before:
            pairs.score_again(app, piece, number)
        else:
            pairs.find_known(app, piece)
    return number


def approve(app: App, steward: Steward, number: int | None) -> People:
    """Put a model in force, the new one or an old one; None: none. Whoever they see differently is computed again."""
    moved, cause, version = _switch(app, steward, number)
    announce(app, moved.merged, moved.split, cause)
    return decide.told(moved, decide.stop_the_flow(app), f"{decide.MODEL}:{version}")


def _switch(app: App, steward: Steward, number: int | None) -> tuple[Difference, touched.Cause, int]:
    decide.stop_the_flow(app)
    if number is not None and number not in pairs.kept(app):
        raise DecisionRefused(f"There is no model {number}", "Choose one of the list")
    before = [one.number for one in listed(app) if one.is_in_force]
    kind = "" if number is None else "model"
    [stated, *_] = decide.write(app, steward, Decision(subject=decide.MODEL, version=0, kind=kind, value=number))
    seen = [*before, *([] if number is None else [number])]
    alike = {s for (s,) in app.db.execute(SQL.ends_of, {"models": array(seen)})}
    now = app.clock.now()
    cause = touched.Cause(seq=-microseconds(now), at=now)
    return touched.recompute(app, touched.Touch(alike=alike), fresh=()).difference, cause, stated.version


def drop(app: App, number: int) -> None:
    """Let a model go with its scores. Raises DecisionRefused while it is in force."""
    decide.stop_the_flow(app)
    if any(model.is_in_force for model in listed(app) if model.number == number):
        raise DecisionRefused(f"Model {number} is in force", "Approve another one, or none, first")
    app.db.execute(SQL.drop_model, {"number": number})


def tried(app: App, number: int | None) -> Trial:
    """What approving it would change: computed in full, and rolled back."""
    with app.db.transaction(force_rollback=True):
        moved, _, _ = _switch(app, Steward("", "a trial"), number)
        merged = [Moved(kind="merge", customer=merge.survivor, other=merge.loser) for merge in moved.merged]
        split = [Moved(kind="split", customer=old, other=new) for old, new in moved.split]
        told = {one.customer for one in (*split, *merged)}
        sizes = dict(app.db.execute(SQL.sizes_of, {"customers": array(told)}).fetchall())
        [(customers,)] = app.db.execute(SQL.count_customers).fetchall()
    largest = [
        sorted(some, key=lambda one: (-sizes.get(one.customer, 0), one.customer, one.other)) for some in (split, merged)
    ]
    return Trial(
        merges=len(merged),
        splits=len(split),
        ids_changed=len(moved.vanished),
        customers=customers,
        examples=[*largest[0], *largest[1]][:EXAMPLES_MAX],
    )


def _pieces(app: App) -> Iterator[list[int]]:
    found = [number for (number,) in app.db.execute(SQL.comparable)]
    for begin in range(0, len(found), PIECE_SIGNATURES):
        yield found[begin : begin + PIECE_SIGNATURES]
