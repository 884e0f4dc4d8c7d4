"""A model as Splink writes it to JSON, checked once, before anybody asks it. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Chance = Annotated[float, Meta(ge=0, le=1)]
Prior = Annotated[float, Meta(gt=0, lt=1)]
Condition = Annotated[str, Meta(max_length=5_000)]
PLACE = re.compile(
    r"(?P<fault>.*) - at `\$(?:\.comparisons\[(?P<comparison>\d+)\])?(?:\.comparison_levels\[(?P<level>\d+)\])?"
    r"\.?(?P<name>.*)`"
)


class Level(msgspec.Struct, frozen=True):
    """One level of a comparison."""

    sql_condition: Condition
    m_probability: Chance | None = None
    """None: of a level that says nothing, only."""
    u_probability: Chance | None = None
    is_null_level: bool = False
    label_for_charts: str | None = None
    tf_adjustment_column: str | None = None
    tf_adjustment_weight: Chance = 1.0
    tf_minimum_u_value: Chance = 0.0
    disable_tf_exact_match_detection: bool = False

    @property
    def is_else(self) -> bool:
        """It holds when no other does."""
        return self.sql_condition.strip().upper() == "ELSE"


class Comparison(msgspec.Struct, frozen=True):
    """One comparison."""

    output_column_name: str
    comparison_levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=100)]


class Settings(msgspec.Struct, frozen=True):
    """The parts of Splink's settings that a score needs."""

    probability_two_random_records_match: Prior
    comparisons: Annotated[tuple[Comparison, ...], Meta(min_length=1, max_length=100)]
    linker_uid: str = ""


def checked(data: Any) -> Settings:
    """The settings in this JSON. Raises ValueError that names the comparison, its level and what is wrong."""
    try:
        told = msgspec.convert(data, Settings)
    except msgspec.ValidationError as fault:
        raise ValueError(_said(data, str(fault))) from None
    for comparison in told.comparisons:
        for place, level in enumerate(comparison.comparison_levels):
            if not level.is_null_level and (level.m_probability is None or level.u_probability is None):
                raise ValueError(f"{_words(comparison.output_column_name, place)} lacks m_probability or u_probability")
    return told


def _said(data: Any, fault: str) -> str:
    """A fault with the name of the comparison that stands at its place."""
    found = PLACE.fullmatch(fault)
    if found is None or found["comparison"] is None:
        return fault
    at = int(found["comparison"])
    try:
        name = str(data["comparisons"][at]["output_column_name"])
    except (KeyError, TypeError):
        name = f"number {at + 1}"
    level = None if found["level"] is None else int(found["level"])
    return f"{_words(name, level)}: {found['name']} {found['fault']}"


def _words(comparison: str, level: int | None) -> str:
    """Where in the model; levels are counted from 1."""
    return f"comparison '{comparison}'" + ("" if level is None else f", level {level + 1}")
