"""Scores of pairs in the store: found when a record comes, withdrawn when a key turns generic or a record goes.

Which pairs there are depends on the records alone, not on their order: two are scored if they share a key that no more
than BLOCK_MAX records have. So a key that turns generic takes back what it had found, and one that recovers finds
it again. Without a model nothing is compared; a batch in which nobody says a name and a birth or an address costs
no statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from weakref import WeakKeyDictionary

import msgspec

from regulars.app import App
from regulars.resolve.alike.keys import BLOCK_MAX, keys_of
from regulars.resolve.alike.scoring import Scorer
from regulars.resolve.facts import Signature
from regulars.resolve.likeness import MISSING_BITS, NOTHING_ALIKE, Bands, Likeness, is_comparable
from regulars.store import Store, queries
from regulars.store.rows import array

SQL = queries(__package__ or "")

# By store and number of the model: a model never changes once it is added.
_scorers: WeakKeyDictionary[Store, dict[int, Scorer]] = WeakKeyDictionary()


def load(app: App, signatures: Iterable[Signature]) -> Likeness:
    """What the model in force says of pairs of these; nothing is asked where no two could have been compared."""
    # What was compared before an erasure is remembered without what was said.
    compared = [one.id for one in signatures if one.ghost or is_comparable(one)]
    if len(compared) < 2:
        return NOTHING_ALIKE
    bits: dict[int, dict[int, float]] = defaultdict(dict)
    bands = NOTHING_ALIKE.bands
    for one, other, told, review, auto in app.db.execute(SQL.scores_of, {"ids": array(compared)}):
        bits[one][other] = told
        bands = Bands(review, auto)
    return Likeness(bits, bands) if bits else NOTHING_ALIKE


def find(app: App, new: Sequence[Signature]) -> set[int]:
    """Enter newcomers under their keys and score whom they meet: signatures whose scores are others now."""
    entered = [(key, one.id) for one in new for key in keys_of(one)]
    if not entered:
        return set()
    given = {"keys": array(key for key, _ in entered), "signatures": array(s for _, s in entered), "most": BLOCK_MAX}
    rows = app.db.execute(SQL.enter, given).fetchall()
    if not rows:
        return set()
    turned = {key for key, now, before, *_ in rows if before <= BLOCK_MAX < now}
    changed = _withdraw(app, turned) if turned else set[int]()
    members: dict[int, list[Signature]] = defaultdict(list)
    for key, _, _, _, *said in rows:
        if said[0] is not None:
            members[key].append(_said(*said))
    by_id = {one.id: one for one in new}
    telling = {key for key, now, *_ in rows if now <= BLOCK_MAX}
    for key, number in entered:
        if key in telling:
            members[key].append(by_id[number])
    return changed | _score(app, _scorers_of(app, rows[0][3]), members, by_id.keys())


def find_known(app: App, signatures: Iterable[int]) -> set[int]:
    """The same for signatures that are in their table already."""
    rows = app.db.execute(SQL.said_by, {"signatures": array(signatures)}).fetchall()
    return find(app, [_said(*row) for row in rows])


def score_again(app: App, signatures: Sequence[int], model: int) -> None:
    """What another model says of all pairs of these that meet under a key."""
    given = {"signatures": array(signatures), "most": BLOCK_MAX}
    telling = {key for (key,) in app.db.execute(SQL.telling_keys, given)}
    _score(app, {model: kept(app)[model]}, _members(app, telling), set(signatures))


def met(app: App, number: int) -> list[Signature]:
    """Whom this signature is compared with, and itself before them."""
    telling = {key for (key,) in app.db.execute(SQL.telling_keys, {"signatures": [number], "most": BLOCK_MAX})}
    by_id = {one.id: one for some in _members(app, telling).values() for one in some}
    own = app.db.execute(SQL.said_by, {"signatures": [number]}).fetchall()
    return [*(_said(*row) for row in own), *(one for one in by_id.values() if one.id != number)]


def leave(app: App, gone: Collection[int]) -> set[int]:
    """Take records that are gone from under their keys: signatures whose scores are others now."""
    if not gone:
        return set()
    given = {"signatures": array(gone)}
    app.db.execute(SQL.drop_pairs_of, given)
    sizes = app.db.execute(SQL.leave, given).fetchall()
    recovered = {key for key, now, before in sizes if now <= BLOCK_MAX < before}
    models = kept(app) if recovered else {}
    return _score(app, models, _members(app, recovered), None) if models else set()


def haunt(app: App, ghost_of: Mapping[int, int]) -> set[int]:
    """Scores of erased signatures are their ghosts' from now on, in sum only: signatures whose scores are others now.

    What she was equally like must not become somebody's because she is gone. Under keys she stands no more: those are
    made of her name.
    """
    app.db.execute(SQL.haunt_pairs, {"old": array(ghost_of), "new": array(ghost_of.values())})
    return leave(app, ghost_of.keys())


def kept(app: App) -> dict[int, Scorer]:
    """The models whose scores are kept up to date, by number."""
    [(numbers,)] = app.db.execute(SQL.is_any_kept).fetchall()
    return _scorers_of(app, numbers or [])


def _scorers_of(app: App, numbers: Sequence[int]) -> dict[int, Scorer]:
    known = _scorers.setdefault(app.store, {})
    if not known.keys() >= set(numbers):
        for number, body, terms in app.db.execute(SQL.models_kept):
            known[number] = Scorer(bytes(body), bytes(terms))
    return {number: known[number] for number in numbers}


def _members(app: App, keys: Collection[int]) -> dict[int, list[Signature]]:
    """Who stands under each of these keys."""
    if not keys:
        return {}
    found: dict[int, list[Signature]] = defaultdict(list)
    for key, *said in app.db.execute(SQL.met_under, {"keys": array(keys)}):
        found[key].append(_said(*said))
    return found


def _said(number: int, dob: int | None, first_name: str | None, surname: str | None, address: str | None) -> Signature:
    """A signature as far as scores look at it."""
    return Signature(number, (), 0, 0, 0, dob, first_name, surname, address)


def _score(
    app: App, models: dict[int, Scorer], members: dict[int, list[Signature]], fresh: Collection[int] | None
) -> set[int]:
    """Score pairs that share a key and write them; with `fresh`, those with one of these."""
    by_id = {one.id: one for some in members.values() for one in some}
    places = {number: place for place, number in enumerate(by_id)}
    ordered = sorted(_meeting(members.values(), by_id.keys() if fresh is None else fresh))
    rows: list[tuple[int, int, int, float, str]] = []
    for model, scorer in models.items():
        found = scorer.weigh(list(by_id.values()), [(places[one], places[other]) for one, other in ordered])
        for (one, other), scored in zip(ordered, found, strict=True):
            # What counts no more than a pair that never met need not be kept.
            if scored.bits > MISSING_BITS:
                rows.append((one, other, model, scored.bits, msgspec.json.encode(scored.waterfall).decode()))
    if not rows:
        return set()
    given = {
        "one": array(one for one, *_ in rows),
        "other": array(other for _, other, *_ in rows),
        "model": array(number for _, _, number, *_ in rows),
        "bits": [bits for *_, bits, _ in rows],
        "waterfall": [waterfall for *_, waterfall in rows],
    }
    app.db.execute(SQL.write_pairs, given)
    return {s for row in rows for s in row[:2]}


def _meeting(groups: Iterable[Sequence[Signature]], fresh: Collection[int]) -> set[tuple[int, int]]:
    """Each two of a group one of whom is fresh, the lower number first."""
    found: set[tuple[int, int]] = set()
    for group in groups:
        numbers = {one.id for one in group}
        for one in numbers:
            if one in fresh:
                found |= {(one, other) if one < other else (other, one) for other in numbers if other != one}
    return found


def _withdraw(app: App, keys: Iterable[int]) -> set[int]:
    rows = app.db.execute(SQL.withdraw_pairs, {"keys": array(keys), "most": BLOCK_MAX}).fetchall()
    return {s for row in rows for s in row}
