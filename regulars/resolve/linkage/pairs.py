"""Records that meet under a key, each pair once. In DuckDB."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb


def meet(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> int:
    """Make the table `candidate` (left_number < right_number) of all that share a key; how many pairs."""
    parts: list[str] = []
    for place, name in enumerate(names):
        met_before = "".join(f" and coalesce(l.{earlier} <> r.{earlier}, true)" for earlier in names[:place])
        parts.append(
            f"from keyed as l join keyed as r on l.{name} = r.{name} and l.number_ < r.number_{met_before}"
            " select l.number_ as left_number, r.number_ as right_number"
        )
    connection.execute("create or replace table candidate as " + " union all ".join(parts))
    return connection.execute("from candidate select count(*)").fetchall()[0][0]
