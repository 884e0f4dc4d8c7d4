"""Models of likeness: added with all that they say, tried, approved, and the one before taken again.

A model that is added counts for nothing until a decision puts it in force. Its scores are kept up to date from then on,
so approving it, or going back to the one before, is one computation of the people that the two see differently.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from regulars.resolve.facts import Decision, Signature
from regulars.resolve.identify import announce
from regulars.resolve.likeness import BAND_MAX_BITS, MISSING_BITS, Bands
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
# One in force, the one before, one that waits.
MODELS_KEPT_MAX = 3
# Signatures compared at once, in one transaction: the flow waits so long and goes on in between.
PIECE_SIGNATURES = 2_000
EXAMPLES_MAX = 20
# Of so many of those that would move, the largest, the examples are chosen.
EXAMPLES_AMONG_MAX = 2_000
LEAST, NUMBERS = -(1 << 63), 1 << 64


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model as stewards see it."""

    number: int
    name: str
    auto_bits: float
    review_bits: float
    is_in_force: bool
    scored: float
    """Share of the records that it has scored; from 1 on it can be tried and approved."""
    pairs: int
    actor: str
    at: datetime


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that would become one (`other` goes up in `customer`), or come apart (`customer` loses `other`)."""

    kind: str
    """merge or split."""
    customer: int
    other: int
    one: int | None
    """Of their records the two that are most alike, by the new model if they merge, by the old one if they split. None:
    no score of theirs is kept, another customer came between."""
    two: int | None
    bits: float | None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a model would change, against what is published now."""

    merges: int
    splits: int
    ids_changed: int
    """Ids that would lead to another customer."""
    before: int
    """Customers that stand now."""
    customers: int
    """Customers that stand afterwards."""
    examples: list[Moved]
    """The worst, at most EXAMPLES_MAX: splits of what was most alike, and merges of what is least alike."""


def listed(app: App) -> list[Model]:
    """Those kept, newest first."""
    return [
        Model(
            number=number, name=name, auto_bits=auto, review_bits=review, is_in_force=is_in_force,
            scored=share(scored_to), pairs=count, actor=actor, at=at,
        )
        for number, name, auto, review, is_in_force, scored_to, count, actor, at in app.db.execute(SQL.models)
    ]  # fmt: skip


def share(scored_to: int | None) -> float:
    """Of all signatures those up to this number: numbers are hashes, as many here as there."""
    return 1.0 if scored_to is None else (scored_to - LEAST) / NUMBERS


def scorer(app: App, number: int) -> Scorer:
    """What scores by a model that is kept."""
    return pairs.kept(app)[number]


def met(app: App, signature: int) -> list[Signature]:
    """Whom this one is compared with, as far as scores look at them; itself first."""
    return pairs.met(app, signature)


def add(app: App, steward: Steward, body: bytes, terms: bytes, bands: Bands) -> int:
    """Add a model; its number. It changes nobody until it has scored everybody (`score`) and is approved.

    Raises LinkRefused for what is no model of ours, DecisionRefused for bands that make no sense or one model too many.
    """
    if not MISSING_BITS < bands.review <= bands.auto <= BAND_MAX_BITS:
        raise DecisionRefused(
            f"From {bands.review:g} bits asked and from {bands.auto:g} joined makes no sense",
            f"Ask above {MISSING_BITS:g} bits, and join from at least as many and at most {BAND_MAX_BITS:g}",
        )
    Scorer(body, terms)
    decide.stop_the_flow(app)
    before = listed(app)
    if len(before) >= MODELS_KEPT_MAX:
        raise DecisionRefused(f"{MODELS_KEPT_MAX} models are kept already", "Let one go first")
    for one in before:
        _refuse_unscored(one)
    if not before:
        # While nothing was compared nobody was entered.
        app.db.execute(SQL.clear_sizes)
        app.db.execute(SQL.clear_blocks)
        app.db.execute(SQL.clear_pairs)
    given = {"name": steward.reason, "body": body, "terms": terms, "auto": bands.auto, "review": bands.review}
    given |= {"actor": steward.actor, "at": app.clock.now(), "enters": not before, "least": LEAST}
    [(number,)] = app.db.execute(SQL.add_model, given).fetchall()
    return number


def score(app: App, number: int) -> float:
    """Score the next PIECE_SIGNATURES by a model that was added; the share that is done, 1 at the end.

    Each piece in a transaction of its own: cut off, whoever calls again goes on. Newcomers are scored as they come.
    """
    decide.stop_the_flow(app)
    row = app.db.execute(SQL.how_far, {"number": number}).fetchone()
    if row is None:
        raise _unknown(number)
    enters, scored_to = row
    if scored_to is None:
        return 1.0
    given = {"after": scored_to, "limit": PIECE_SIGNATURES}
    piece = [signature for (signature,) in app.db.execute(SQL.comparable, given)]
    if enters:
        pairs.find_known(app, piece)
    else:
        pairs.score_again(app, piece, number)
    reached = piece[-1] if len(piece) == PIECE_SIGNATURES else None
    app.db.execute(SQL.went_on, {"number": number, "to": reached})
    return share(reached)


def _numbered(known: Sequence[Model], number: int) -> Model:
    found = next((one for one in known if one.number == number), None)
    if found is None:
        raise _unknown(number)
    return found


def _unknown(number: int) -> DecisionRefused:
    return DecisionRefused(f"There is no model {number}", "Choose one of the list")


def _refuse_unscored(one: Model) -> None:
    if one.scored < 1.0:
        raise DecisionRefused(
            f"Model {one.number} has scored {one.scored:.0%} of the records only",
            f"Go on with 'regulars likeness score {one.number}', or drop it",
        )


def approve(app: App, steward: Steward, number: int | None) -> People:
    """Put a model in force, the new one or an old one; None: none. Whoever they see differently is computed again."""
    moved, cause, version = _switch(app, steward, number)
    announce(app, moved.merged, moved.split, cause)
    return decide.told(moved, decide.stop_the_flow(app), f"{decide.MODEL}:{version}")


def _switch(app: App, steward: Steward, number: int | None) -> tuple[Difference, touched.Cause, int]:
    decide.stop_the_flow(app)
    known = listed(app)
    if number is not None:
        _refuse_unscored(_numbered(known, number))
    before = [one.number for one in known if one.is_in_force]
    kind = "" if number is None else "model"
    [stated, *_] = decide.write(app, steward, Decision(subject=decide.MODEL, version=0, kind=kind, value=number))
    seen = [*before, *([] if number is None else [number])]
    alike = {s for (s,) in app.db.execute(SQL.ends_of, {"models": array(seen)})}
    now = app.clock.now()
    cause = touched.Cause(seq=-microseconds(now), at=now)
    return touched.recompute(app, touched.Touch(alike=alike), fresh=()).difference, cause, stated.version


def drop(app: App, number: int) -> None:
    """Let a model go with its scores. Raises DecisionRefused while it is in force, or where there is none."""
    decide.stop_the_flow(app)
    if _numbered(listed(app), number).is_in_force:
        raise DecisionRefused(f"Model {number} is in force", "Approve another one, or none, first")
    app.db.execute(SQL.drop_model, {"number": number})


def tried(app: App, number: int | None) -> Trial:
    """What approving it would change: computed in full, and rolled back. The flow waits so long."""
    old = next((one.number for one in listed(app) if one.is_in_force), None)
    [(before,)] = app.db.execute(SQL.count_customers).fetchall()
    with app.db.transaction(force_rollback=True):
        moved, _, _ = _switch(app, Steward("", "a trial"), number)
        [(customers,)] = app.db.execute(SQL.count_customers).fetchall()
        split = _examples(app, "split", moved.split, old)
    # Here those who would merge are still two.
    merged = _examples(app, "merge", [(merge.survivor, merge.loser) for merge in moved.merged], number)
    return Trial(
        merges=len(moved.merged),
        splits=len(moved.split),
        ids_changed=len(moved.vanished),
        before=before,
        customers=customers,
        examples=_worst(split, merged),
    )


def _examples(app: App, kind: str, some: Sequence[tuple[int, int]], model: int | None) -> list[Moved]:
    """The largest of these with the two records that are most alike."""
    sizes = dict(app.db.execute(SQL.sizes_of, {"customers": array({one for one, _ in some})}).fetchall())
    largest = sorted(some, key=lambda ends: (-sizes.get(ends[0], 0), *ends))[:EXAMPLES_AMONG_MAX]
    given = {"customers": array(one for one, _ in largest), "others": array(other for _, other in largest)}
    rows = app.db.execute(SQL.most_alike, given | {"model": model}).fetchall()
    found = {(customer, other): pair for customer, other, *pair in rows}
    return [
        Moved(kind=kind, customer=customer, other=other, one=one, two=two, bits=bits)
        for customer, other in largest
        for one, two, bits in [found.get((customer, other), (None, None, None))]
    ]


def _worst(split: list[Moved], merged: list[Moved]) -> list[Moved]:
    """Half of them splits, half merges, or more of one where the other has fewer; what no score tells of comes last."""
    apart = sorted(split, key=lambda one: (one.bits is None, -(one.bits or 0.0), one.customer, one.other))
    joined = sorted(merged, key=lambda one: (one.bits is None, one.bits or 0.0, one.customer, one.other))
    half = EXAMPLES_MAX // 2
    kept = max(half, EXAMPLES_MAX - len(joined))
    return [*apart[:kept], *joined[: EXAMPLES_MAX - min(len(apart), kept)]]
