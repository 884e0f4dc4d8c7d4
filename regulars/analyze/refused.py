"""Kinds of traits that people ask for and that are no fold: each is refused by name, with the nearest that is. Pure."""

from __future__ import annotations

from typing import NoReturn

from regulars.analyze.errors import TraitRefused

NEAREST = {
    "quantile of an expression": "median(facts) or quantile(facts, percent) of one value, or total(a) / total(b)",
    "mode": "top(..., by=key) for the most frequent key",
    "rank": "a score: it needs all customers, so it is fitted by the tick",
    "quintile": "a score: cut points are fitted by the tick, and RFM is one",
    "sequence": "the part 'sequence' of a segment's rule, or since(a) < since(b) for the order of the latest ones",
    "visits": "gaps(...).days() for days with such facts: a visit has no end until nobody comes any more",
    "attribution": "first(..., carry='campaign') or latest(..., carry='campaign')",
    "moving average": "total(...).within(days=n) / count(...).within(days=n)",
}


def refuse(kind: str) -> TraitRefused:
    """The refusal of a kind of trait that is no fold, naming the nearest that is."""
    return TraitRefused(f"'{kind}' is not a fold", f"Use {NEAREST[kind]}")


def mode(*_: object) -> NoReturn:
    """Refused: the most frequent value of anything may have as many candidates as there are facts."""
    raise refuse("mode")


def rank(*_: object) -> NoReturn:
    """Refused: a place among all customers is no value of one."""
    raise refuse("rank")


def quintile(*_: object) -> NoReturn:
    """Refused: the same, by fifths."""
    raise refuse("quintile")


def sequence(*_: object) -> NoReturn:
    """Refused: interleaving two histories makes sequences that neither had."""
    raise refuse("sequence")


def visits(*_: object) -> NoReturn:
    """Refused: pauses inside a day depend on all that came between."""
    raise refuse("visits")


def attribution(*_: object) -> NoReturn:
    """Refused: which touch a sale belongs to depends on both."""
    raise refuse("attribution")


def moving_average(*_: object) -> NoReturn:
    """Refused: as a series; its newest point is a quotient of two windows."""
    raise refuse("moving average")
