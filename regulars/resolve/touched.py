"""Recompute what was touched: load whole reaches, run the pure rule, write the difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from regulars.app import App
from regulars.resolve import calm, write
from regulars.resolve.advance import Advanced, Difference, Loaded, advance, difference
from regulars.resolve.alike import pairs
from regulars.resolve.facts import Decision, Held, Link, Signature, kept_current
from regulars.resolve.judge import is_within_window, valid_links
from regulars.resolve.policy import CARD_PENDING, GENERIC, LOGIN, VOID
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")


class Cause(msgspec.Struct, frozen=True):
    """Where a difference comes from: a batch's last position and latest event time."""

    seq: int
    at: datetime


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """What changed."""

    new: list[Signature] = []
    signatures: list[int] = []
    """Known ones that a decision speaks of."""
    values: list[int] = []
    """Values that a decision speaks of."""
    seen_again: list[int] = []
    """Known ones whose days decide something and stretched, or that are on shared carriers."""
    alike: Collection[int] = ()
    """Signatures whose scores are others than before."""
    joined: Collection[int] = ()
    """New ones that are written already, where nobody was told yet."""
    texts: dict[int, tuple[int, str, str]] = {}
    """(id, type, text) of the values of new signatures."""
    gone: Mapping[int, int | None] = {}
    """Customer by signature of those whose last record was withdrawn: they are in no table any more."""


class ValueRow(msgspec.Struct):
    """What the store says of a value."""

    generic: int
    shared: int
    epochs: int
    first_day: int
    last_day: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Loaded facts beside the published answer that stands."""

    loaded: Loaded
    customers: dict[int, int | None]
    rows: dict[int, write.Standing]
    reaches: set[int]
    values: dict[int, ValueRow]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The difference, and the customers of what was touched."""

    difference: Difference
    by_signature: dict[int, int | None]
    by_seq: dict[int, int | None]
    """Events on shared carriers that follow a session."""
    customers: list[int]
    """Whoever was looked at."""


def recompute(app: App, touch: Touch, fresh: Collection[int]) -> Outcome:
    """Run the rule on what newcomers and decisions touch. `fresh`: records of this batch, new to everybody."""
    # Whom scores concern the rule must look at; the others may join by numbers.
    # Who may end somebody's address, too.
    apart = {*touch.alike, *(signature.id for signature in touch.new if kept_current(signature))}
    joined = calm.join(app, [signature for signature in touch.new if signature.id not in apart], touch.texts)
    left = [signature for signature in touch.new if signature.id not in joined]
    outcome = _settle(app, msgspec.structs.replace(touch, new=left, joined=joined.keys()), fresh)
    # What the rest does may move those who joined, too: its word is later.
    customers = sorted({*joined.values(), *outcome.customers})
    return msgspec.structs.replace(outcome, by_signature=joined | outcome.by_signature, customers=customers)


def _settle(app: App, touch: Touch, fresh: Collection[int]) -> Outcome:
    """Run the general rule on every touched reach and write what changed."""
    if not (touch.new or touch.signatures or touch.values or touch.seen_again or touch.gone or touch.alike):
        return Outcome(difference=difference({}, ()), by_signature={}, by_seq={}, customers=[])
    known, advanced = _judged(app, touch)
    groups = [group for settled in advanced.settled for group in settled.groups]
    moved = difference(known.customers, groups)
    by_signature = _customers(advanced)
    changed = write.answer(app, touch, known, advanced)
    if touch.gone:
        # Who lost evidence may be known no longer, though nothing that is left of her changed.
        changed |= set(touch.signatures)
    write.customers(app, groups, moved, advanced, changed)
    by_seq, disturbed = write.sessions(app, advanced, known, moved, fresh)
    if disturbed:
        moved = msgspec.structs.replace(moved, recompute=sorted({*moved.recompute, *disturbed}))
        moved = without_pure_merges(moved, disturbed)
    looked_at = [group.id for group in groups]
    return Outcome(difference=moved, by_signature=by_signature, by_seq=by_seq, customers=looked_at)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would change, before it does: customers by signature as they are, and as they would be."""

    difference: Difference
    before: dict[int, int | None]
    after: dict[int, int | None]


def preview(app: App, alike: Collection[int]) -> Preview:
    """What the scores that count now make of the reaches of these signatures; nothing is written."""
    known, advanced = _judged(app, Touch(alike=alike))
    groups = (group for settled in advanced.settled for group in settled.groups)
    moved = difference(known.customers, groups)
    return Preview(difference=moved, before=known.customers, after=_customers(advanced))


def without_pure_merges(moved: Difference, disturbed: set[int]) -> Difference:
    """A merge one side of which also swapped events is no plain sum: both are recomputed."""
    pure = [m for m in moved.merged if m.loser not in disturbed and m.survivor not in disturbed]
    mixed = {x for m in moved.merged if m not in pure for x in (m.loser, m.survivor)}
    return msgspec.structs.replace(moved, merged=pure, recompute=sorted({*moved.recompute, *mixed}))


def _judged(app: App, touch: Touch) -> tuple[Known, Advanced]:
    stirred = set(touch.values) | _values_of(app, touch.signatures) | _gapped_values_of(app, touch.seen_again)
    stirred |= _told_beside(app, touch, stirred if touch.signatures or touch.values else ())
    asked = {link.value for signature in touch.new for link in signature.links} | stirred
    return _run(app, touch, asked, stirred, _value_rows(app, asked))


def _run(
    app: App, touch: Touch, asked: set[int], stirred: set[int], values: dict[int, ValueRow]
) -> tuple[Known, Advanced]:
    """Load and advance until no login changed its verdict behind values not asked about: nearly always once."""
    while True:
        given = _given(touch, stirred, values)
        judged = asked - {value for _, value, _ in given}
        known = _load(app, touch, judged, values)
        advanced = advance(known.loaded, judged, given)
        more = _behind(known.loaded, advanced.logins_turned) - asked
        if not more:
            return known, advanced
        asked |= more
        stirred |= more
        values |= _value_rows(app, more)


def _behind(loaded: Loaded, logins: set[int]) -> set[int]:
    """Other values of the holders of these logins: a login that counts no more (or again) moves their barriers."""
    if not logins:
        return set()
    return {
        link.value
        for signature in loaded.signatures.values()
        if any(link.value in logins for link in signature.links)
        for link in signature.links
    }


def _given(touch: Touch, stirred: set[int], values: dict[int, ValueRow]) -> dict[tuple[int, int, int], Held]:
    """Verdicts on new links of values that are generic already: another holder cannot change that, so nobody is loaded.

    Only while the value has one epoch and the newcomer falls into it, and nobody asks about the value otherwise.
    """
    verdicts: dict[tuple[int, int, int], Held] = {}
    open_values = set(stirred)
    for signature in touch.new:
        for link, level in valid_links(signature):
            row = values.get(link.value)
            if row is not None and _stays_generic(row, link, level, signature):
                state = GENERIC if level else VOID
                verdicts[signature.id, link.value, link.cls] = Held(link.value, link.cls, level, link.space, 0, state)
            else:
                open_values.add(link.value)
    return {key: held for key, held in verdicts.items() if key[1] not in open_values}


def _stays_generic(row: ValueRow, link: Link, level: int, signature: Signature) -> bool:
    if row.epochs != 1 or not row.generic:
        return False
    if link.cls == CARD_PENDING:
        return False
    if not level or not (row.generic >> level) & 1:
        return False
    return is_within_window(signature, level, row.first_day, row.last_day)


def _load(app: App, touch: Touch, judged: set[int], values: dict[int, ValueRow]) -> Known:
    held = [value for value in judged if value in values]
    told = [*touch.signatures, *touch.seen_again, *touch.alike]
    given = {"values": array(held), "signatures": array(told)}
    # Who brings only what nobody held concerns nobody.
    found = app.db.execute(SQL.reaches_of_holders, given).fetchall() if held or told else []
    reaches = {reach for (reach,) in found}
    rows = app.db.execute(SQL.signatures_of_reaches, {"reaches": array(reaches)}).fetchall() if reaches else []
    verdicts, links = links_of(app, [row[0] for row in rows])
    signatures = {row[0]: Signature(row[0], tuple(links.get(row[0], ())), *row[7:]) for row in rows}
    standing = {row[0]: write.Standing(*row[1:7]) for row in rows}
    customers = {signature: row.customer for signature, row in standing.items() if signature not in touch.joined}
    customers |= touch.gone
    signatures |= {signature.id: signature for signature in touch.new}
    loaded = Loaded(
        signatures=signatures,
        links=verdicts,
        decisions=decisions_about(app, signatures, {*judged, *touch.values}),
        alike=pairs.load(app, signatures.values()),
    )
    return Known(loaded=loaded, customers=customers, rows=standing, reaches=reaches, values=values)


def links_of(app: App, signatures: list[int]) -> tuple[dict[tuple[int, int, int], Held], dict[int, list[Link]]]:
    """Standing verdicts by (signature, value, class), and the links they are about."""
    held: dict[tuple[int, int, int], Held] = {}
    links: dict[int, list[Link]] = {}
    if not signatures:
        return held, links
    rows = app.db.execute(SQL.links_of_signatures, {"ids": array(signatures)}).fetchall()
    for signature, value, cls, level, space, epoch, state in rows:
        held[signature, value, cls] = Held(value, cls, level, space, epoch, state)
        links.setdefault(signature, []).append(Link(value, cls, space))
    return held, links


def reaches_around(app: App, ids: Collection[int]) -> tuple[dict[int, Signature], dict[tuple[int, int, int], Held]]:
    """Whole reaches of these signatures, with the verdicts that stand."""
    rows = app.db.execute(SQL.mates_of, {"ids": array(ids)}).fetchall()
    held, links = links_of(app, [row[0] for row in rows])
    return {row[0]: Signature(row[0], tuple(links.get(row[0], ())), *row[7:]) for row in rows}, held


def decisions_about(app: App, signatures: Iterable[int], values: Iterable[int]) -> list[Decision]:
    """All versions of every decision that touches these."""
    rows = app.db.execute(SQL.decisions_about, {"signatures": array(signatures), "values": array(values)}).fetchall()
    return [decision_of(row) for row in rows]


def decision_of(row: tuple[Any, ...]) -> Decision:
    """A row of the decision table."""
    subject, version, kind, signatures, leaving, value, day, minters, minted = row
    return Decision(
        subject=subject,
        version=version,
        kind=kind,
        signatures=tuple(signatures),
        leaving=tuple(leaving),
        value=value,
        day=day,
        minters=tuple(minters),
        minted=tuple(minted),
    )


def _values_of(app: App, signatures: list[int]) -> set[int]:
    held, _ = links_of(app, signatures)
    return {value for _, value, _ in held}


def _gapped_values_of(app: App, signatures: list[int]) -> set[int]:
    """Values whose epochs these signatures' days may move; with one epoch a longer span changes nothing."""
    if not signatures:
        return set()
    return {value for (value,) in app.db.execute(SQL.gapped_values, {"signatures": signatures})}


def _told_beside(app: App, touch: Touch, stirred: Collection[int]) -> set[int]:
    """Values that may end each other: those that sources keep current for the logins of what changed."""
    fresh = [one for one in touch.new if kept_current(one)]
    told = {value for one in fresh for value in kept_current(one)}
    logins = {link.value for one in fresh for link in one.links if link.cls == LOGIN} | set(stirred)
    if not logins:
        return told
    return told | {value for (value,) in app.db.execute(SQL.told_beside, {"logins": array(logins)})}


def _value_rows(app: App, values: set[int]) -> dict[int, ValueRow]:
    rows = app.db.execute(SQL.value_states, {"ids": array(values)}).fetchall() if values else []
    return {row[0]: ValueRow(*row[1:]) for row in rows}


def _customers(advanced: Advanced) -> dict[int, int | None]:
    answer: dict[int, int | None] = {}
    for settled in advanced.settled:
        answer |= dict.fromkeys([*settled.unidentified, *(ghost for ghost, _ in settled.ghosts)])
        for group in settled.groups:
            answer |= dict.fromkeys(group.signatures, group.id)
    return answer
