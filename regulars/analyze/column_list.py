"""All traits as one query with a column each, for whoever reads them as a table."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from regulars.analyze import compiled
from regulars.analyze.plan import COLUMN_TYPES
from regulars.analyze.schema import ready
from regulars.analyze.statements import AS_OF
from regulars.app import App
from regulars.lake.dialect import POSTGRES, column, named, render


class TraitColumn(NamedTuple):
    """A trait as a column: name, title, type of PostgreSQL, unit."""

    name: str
    title: str
    type: str
    unit: str


def trait_columns(app: App) -> list[TraitColumn]:
    """Every trait in the order of the catalogue."""
    return [
        TraitColumn(trait.name, trait.title, COLUMN_TYPES[trait.expression.kind].partition(" collate")[0], trait.unit)
        for trait in ready(app).plan.traits
    ]


def traits_as_query(app: App) -> str:
    """A query for PostgreSQL: customer, known, and every trait as of the day that windows end with."""
    plan = ready(app).plan
    values = [
        named(compiled.finish(trait.expression, lambda leaf: column(plan.columns[leaf]), AS_OF), trait.name)
        for trait in plan.traits
    ]
    return render(exp.select(column("customer"), column("known"), *values).from_("trait_state"), POSTGRES)
