"""Values that a source ended by naming others: a CRM says that her e-mail is another one now. Pure.

Whoever brings the former address later is another person, so her next holders stand in another epoch, as after a
steward's close. Derived from the assertions alone, in order of their days and whatever order they came in: a value is
replaced on the first day on which the source says another one of the same login, after the last on which it said this
one. On one day it may have said both in any order, so neither ends the other. Between the first and the last day of
equal evidence the source counts as saying it all the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Span = tuple[int, int]


class Telling(NamedTuple):
    """A source says that a login has this value, from a day until another."""

    about: tuple[int, bool, int, int]
    """Source, e-mail or phone, login."""
    value: int
    first_day: int
    last_day: int


def closes_of(tellings: Iterable[Telling]) -> dict[int, tuple[int, ...]]:
    """The days that end each value. Without any where values are told of one login and none has ended the other yet:
    there days may decide tomorrow."""
    told: dict[tuple[int, bool, int, int], dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for about, value, first, last in tellings:
        told[about][value].append((first, last))
    days: dict[int, set[int]] = defaultdict(set)
    for spans_by_value in told.values():
        runs = {value: _joined(spans) for value, spans in spans_by_value.items()}
        for value in runs if len(runs) > 1 else ():
            others = [span for other, some in runs.items() if other != value for span in some]
            days[value].update(_replaced(runs[value], others))
    return {value: tuple(sorted(some)) for value, some in days.items()}


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same days without overlaps, in order."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _replaced(runs: Sequence[Span], others: Sequence[Span]) -> Iterator[int]:
    for place, (_, last) in enumerate(runs):
        replaced = min((max(last, first) for first, until in others if until > last), default=None)
        again = runs[place + 1][0] if place + 1 < len(runs) else None
        if replaced is not None and (again is None or replaced < again):
            yield replaced
