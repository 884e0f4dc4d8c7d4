"""How well the house recognized the people of the demo, and its audit the data: the only reader of the truth."""

# pyarrow has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportUnknownParameterType=false, reportMissingTypeStubs=false, reportMissingTypeArgument=false
from __future__ import annotations

from typing import NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars import resolve
from regulars.app import App
from regulars.demo.errors import DemoRefused
from regulars.demo.truth import truth_path
from regulars.lake.duckdb import engine
from regulars.store import queries

SQL = queries(__package__ or "")


def evaluate(app: App) -> resolve.Evaluation:
    """Pairwise quality of the customers against the planted truth.

    Judged are records: an event with evidence of a person, where equal evidence of one person is one record (a card
    shown a hundred times proves its point once). Page views with nothing but a cookie, fillers, and receipts that say
    nothing are left out.
    """
    path = truth_path(app)
    if not path.exists():
        raise DemoRefused("There is no truth to compare with", "Load the demo to its end first")
    table = pq.read_table(path)
    table = table.filter(pc.and_(table["counted"], pc.greater(table["person"], 0)))
    rows = zip(*(table[name].to_pylist() for name in ("source", "message_id", "person", "evidence")), strict=True)
    with app.transaction() as inside:
        inside.db.execute(SQL.make_truth)
        with inside.db.cursor().copy(SQL.fill_truth) as copy:
            for row in rows:
                copy.write_row(row)
        inside.db.execute("analyze demo_truth")
        judged = inside.db.execute(SQL.judged_records).fetchall()
    return resolve.evaluate([customer for _, _, customer in judged], [person for person, _, _ in judged])


class TrueMatch(NamedTuple):
    """What the audit should find of one source and one type of identifier."""

    source: str
    type: str
    carried: int
    """Its records that carry an identifier of their person; fillers are nobody's."""
    joins: int
    """Of these, records whose person truly appears in another source under the same identifier."""


def true_matches(app: App) -> list[TrueMatch]:
    """The planted match potential of every source and type of identifier."""
    path = truth_path(app)
    if not path.exists():
        raise DemoRefused("There is no truth to compare with", "Load the demo to its end first")
    with engine() as duck:
        return [TrueMatch(*row) for row in duck.rows(SQL.true_matches, {"path": str(path)})]
