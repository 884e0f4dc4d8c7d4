"""A rule that nobody saved yet: its sentence, and what it says of everybody now.

What the rows of customers keep is counted over the mirror. A number that nothing keeps yet ("cat food in the last 77
days") is computed once from the lake and kept beside the mirror while the rule is edited; saved, it becomes state.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars.analyze.segments import mirror, spoken, tree
from regulars.analyze.segments.making import vocabulary
from regulars.app import App


class DraftCount(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft says of everybody we know."""

    sentence: str
    """Goes on after "Everybody"."""
    people: int
    known: int
    parts: list[int]
    """People for whom each leaf holds alone, in reading order."""
    spend_cents: int
    base_cents: int
    overlap: dict[str, int]
    titles: dict[str, str]
    """Of segments, by name."""
    sample: list[int]
    read_at: datetime
    took_ms: float


def draft(app: App, rule: tree.Rule, sample: int = 0) -> DraftCount:
    """This rule counted, exactly, as of `read_at`. Raises RuleRefused."""
    known = vocabulary(app)
    claim = tree.claimed(rule, known)
    parts = [leaf.claim(known) for leaf in tree.leaves(rule)]
    found = mirror.counted(app, claim, parts, sample)
    return DraftCount(
        sentence=spoken.said(rule, known),
        people=found.people,
        known=found.known,
        parts=found.parts,
        spend_cents=found.spend_cents,
        base_cents=found.base_cents,
        overlap=found.overlap,
        titles=dict(known.titles),
        sample=found.sample,
        read_at=found.read_at,
        took_ms=found.took_ms,
    )
