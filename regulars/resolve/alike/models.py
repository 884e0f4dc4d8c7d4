"""Models of likeness: added with all that they say, tried, approved, and the one before taken again.

A model that is added counts for nothing until a decision puts it in force. Its scores are kept up to date from then on,
so approving it, or going back to the one before, is one computation of the people that the two see differently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from regulars.app import App
from regulars.kit.clock import microseconds
from regulars.model import People
from regulars.resolve import decide, touched
from regulars.resolve.advance import Difference
from regulars.resolve.alike import pairs, trial
from regulars.resolve.alike.files import read as read
from regulars.resolve.alike.learn import learn as learn
from regulars.resolve.alike.learn import save_records as save_records
from regulars.resolve.alike.scoring import Scorer
from regulars.resolve.alike.trial import Trial
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
# More of them are not counted.
PAIRS_COUNTED_MAX = 100_000
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
    """Scores that are kept, up to PAIRS_COUNTED_MAX."""
    actor: str
    at: datetime


def listed(app: App) -> list[Model]:
    """Those kept, newest first."""
    rows = app.db.execute(SQL.models, {"most": PAIRS_COUNTED_MAX})
    return [
        Model(
            number=number, name=name, auto_bits=auto, review_bits=review, is_in_force=is_in_force,
            scored=share(scored_to), pairs=count, actor=actor, at=at,
        )
        for number, name, auto, review, is_in_force, scored_to, count, actor, at in rows
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
    _refuse_unscored_number(known, number)
    before = [one.number for one in known if one.is_in_force]
    stated = _state(app, steward, number)
    seen = [*before, *([] if number is None else [number])]
    alike = {s for (s,) in app.db.execute(SQL.ends_of, {"models": array(seen)})}
    now = app.clock.now()
    cause = touched.Cause(seq=-microseconds(now), at=now)
    return touched.recompute(app, touched.Touch(alike=alike), fresh=()).difference, cause, stated.version


def _refuse_unscored_number(known: Sequence[Model], number: int | None) -> None:
    if number is not None:
        _refuse_unscored(_numbered(known, number))


def _state(app: App, steward: Steward, number: int | None) -> Decision:
    kind = "" if number is None else "model"
    return decide.write(app, steward, Decision(subject=decide.MODEL, version=0, kind=kind, value=number))[0]


def drop(app: App, number: int) -> None:
    """Let a model go with its scores. Raises DecisionRefused while it is in force, or where there is none."""
    decide.stop_the_flow(app)
    if _numbered(listed(app), number).is_in_force:
        raise DecisionRefused(f"Model {number} is in force", "Approve another one, or none, first")
    app.db.execute(SQL.drop_model, {"number": number})


def tried(app: App, number: int | None, tell: Callable[[float], None] = lambda share: None) -> Trial:
    """What approving it would change, in a transaction of its own that sees one instant; the flow goes on meanwhile."""
    with app.transaction() as inside:
        inside.db.execute(SQL.at_one_instant)
        known = listed(inside)
        _refuse_unscored_number(known, number)
        old = next((one.number for one in known if one.is_in_force), None)
        with inside.db.transaction(force_rollback=True):
            _state(inside, Steward("", "a trial"), number)
            return trial.compare(inside, old, number, tell)
