"""Why these records are one person: a path of links from record to record, and where the rule refused to go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from regulars.app import App
from regulars.resolve.alike.scoring import Part
from regulars.resolve.ended import Ended, ended_of
from regulars.resolve.errors import CustomerUnknown
from regulars.resolve.look_up import current
from regulars.resolve.policy import CLASS_NAMES, EDGE, PAIR, RULE_VERSION
from regulars.store import queries

SQL = queries(__package__ or "")


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """Two records that carry one identifier. Records are named by the first one of their signature."""

    from_record: int
    to_record: int
    type: str
    value: str
    strength: str
    """The weaker class of the two links, in words."""
    bits: float | None = None
    """Of a hop by likeness: the score of the two records, by the model in force. An identifier needs none."""
    waterfall: list[Part] = []
    """What that score is made of."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was not followed: both sides would have become one person otherwise."""

    strength: str
    value: str
    reason: str
    one: int | None
    other: int | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One customer, explained."""

    customer: int
    founder_record: int
    records: list[int]
    """First record of each of her signatures."""
    hops: list[Hop]
    """A tree from the founder: every record is reached by exactly one path."""
    by_steward: list[int]
    """Records that neither identifier nor score reaches: a steward merged them."""
    refusals: list[Refusal]
    ended: list[Ended]
    """Identifiers that changed hands because a source named others."""
    rule: int
    """Version of the rule that says so."""
    model: int | None
    """Model of likeness in force; None: none is."""
    auto_bits: float | None
    """From how many bits on it joins."""


Score = tuple[int, int, float, list[Any]]
"""Two records, the bits between them, and what these are made of."""


class Tie(msgspec.Struct, frozen=True):
    """A link that counts: of which record, to which value, at which level."""

    record: int
    value: int
    type: str
    shown: str
    level: int
    epoch: int


def explain(app: App, customer: int) -> Explanation:
    """Why she is one person. Raises CustomerUnknown for an id that never was one."""
    found = current(app, customer)
    if found is None:
        raise CustomerUnknown(f"Nobody has the customer id {customer}", "Search by name, e-mail or card")
    rows = app.db.execute(SQL.evidence_of_customer, {"customer": found}).fetchall()
    records = sorted({row[1] for row in rows})
    links = [Tie(row[1], row[4], row[5], row[6], row[7], row[8]) for row in rows if row[9] == EDGE]
    scores = app.db.execute(SQL.scores_within, {"customer": found}).fetchall()
    model, auto_bits = app.db.execute(SQL.model_now).fetchone() or (None, None)
    [(_, founder)] = app.db.execute(SQL.founders, {"customers": [found]}).fetchall()
    hops = path(founder, links, scores)
    reached = {founder, *(hop.to_record for hop in hops)}
    cuts = app.db.execute(SQL.cuts_around, {"customer": found}).fetchall()
    return Explanation(
        customer=found,
        founder_record=founder,
        records=records,
        hops=hops,
        by_steward=[record for record in records if record not in reached],
        refusals=[
            Refusal(strength=CLASS_NAMES[level], value=value, reason=reason, one=one, other=other)
            for level, value, reason, one, other in cuts
            if one != other
        ],
        ended=ended_of(app, found),
        rule=RULE_VERSION,
        model=model,
        auto_bits=auto_bits,
    )


def path(start: int, links: list[Tie], scores: Sequence[Score] = ()) -> list[Hop]:
    """A tree of hops from `start` over shared values, strongest class first; over scores (highest first) where no value
    leads on. Pure.
    """
    holders: dict[tuple[int, int], list[Tie]] = defaultdict(list)
    carried: dict[int, list[Tie]] = defaultdict(list)
    for link in sorted(links, key=lambda link: (link.level, link.value, link.record)):
        holders[link.value, link.epoch].append(link)
        carried[link.record].append(link)
    hops: list[Hop] = []
    seen, waiting = {start}, [start]
    for record in waiting:
        for link in carried[record]:
            for other in holders[link.value, link.epoch]:
                if other.record not in seen:
                    seen.add(other.record)
                    waiting.append(other.record)
                    hops.append(_hop(link, other))
        if record == waiting[-1] and (bridge := _bridge(seen, scores)) is not None:
            seen.add(bridge.to_record)
            waiting.append(bridge.to_record)
            hops.append(bridge)
    return hops


def _bridge(seen: Collection[int], scores: Sequence[Score]) -> Hop | None:
    """The highest score that leads from what is reached to what is not."""
    for one, other, bits, waterfall in scores:
        if (one in seen) != (other in seen):
            ends = (one, other) if one in seen else (other, one)
            told = CLASS_NAMES[PAIR]
            return Hop(
                from_record=ends[0], to_record=ends[1], type=told, value="", strength=told, bits=round(bits, 3),
                waterfall=msgspec.convert(waterfall, list[Part]),
            )  # fmt: skip
    return None


def _hop(link: Tie, other: Tie) -> Hop:
    return Hop(
        from_record=link.record,
        to_record=other.record,
        type=link.type,
        value=link.shown,
        strength=CLASS_NAMES[max(link.level, other.level)],
    )
