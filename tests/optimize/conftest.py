"""A small lake whose answers are known."""

from collections.abc import Sequence

import pytest

from regulars.app import App
from regulars.collect.facts import FACT_COLUMNS
from tests.optimize.little_lake import Lake, Order, fact

PATH = "facts/day=2026-03-02/1-9.parquet"


@pytest.fixture
def lake(app: App) -> Lake:
    """Writes orders (at 11:00 UTC, one product each) as facts of the lake, and each record as the customer it is."""

    def write(orders: Sequence[Order]) -> None:
        types = {"signature": "bigint"} | {column.name: column.type for column in FACT_COLUMNS}
        events = (("Order Completed", 0), ("Order Line", 1))
        facts = [fact(seq, line, name, order) for seq, order in enumerate(orders, 1) for name, line in events]
        written = app.lake.write(PATH, types, [[each.get(name) for name in types] for each in facts])
        records = sorted({order[0] for order in orders})
        with app.transaction() as inside:
            inside.db.execute(
                "insert into lake_file (kind, day, path, rows, size_bytes, sha256, from_seq, to_seq, written_at)"
                " values ('facts', 0, %s, %s, %s, %s, 1, 9, '2026-03-02')",
                [PATH, len(facts), written.size_bytes, written.sha256],
            )
            inside.db.execute(
                "insert into signature (id, customer, reach, first_seq, first_day, last_day)"
                " select id, id, id, id, 0, 0 from unnest(%s::bigint[]) as s (id)",
                [records],
            )

    return write
