"""Rows of everybody's numbers out of PostgreSQL into narrow columns in DuckDB: some seconds and 300 MB for a million.

Numbers travel in binary and stand in the narrowest type that holds them; texts travel as CSV. What reads them sees a
view of the declared types, so that nothing overflows in between.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from tempfile import NamedTemporaryFile

import msgspec
from psycopg import sql

from regulars.analyze import compiled
from regulars.analyze.plan import Plan
from regulars.analyze.schema import Ready
from regulars.app import App
from regulars.lake import binary, duckdb

TYPES = {"whole": "bigint", "fraction": "double", "text": "varchar", "truth": "boolean"}

READ = {
    "whole": sql.SQL("coalesce({}, {}::bigint)"),
    "truth": sql.SQL("coalesce({}::int::bigint, {}::bigint)"),
    "fraction": sql.SQL("coalesce({}, 'nan'::float8)"),
}


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A table of everybody's numbers, and the view that is read."""

    table: str
    words: int
    plan: Plan

    @property
    def wide(self) -> str:
        """The view: columns of their declared types."""
        return f"{self.table}_wide"

    def drop(self, engine: duckdb.Engine) -> None:
        """Let go of both."""
        engine.drop(self.wide)
        engine.drop(self.table)

    def read_again(self, app: App, engine: duckdb.Engine, customers: Sequence[int], rows: int) -> bool:
        """These anew, in place; False: that is not enough, everybody has to be read."""
        fresh = f"{self.table}_fresh"
        engine.drop(fresh)
        _read(app, engine, self, fresh, customers)
        types = "select column_name, data_type from information_schema.columns where table_name = $name"
        wide = dict(engine.rows(types, {"name": self.table}))
        if any(_bits(type_) > _bits(wide[name]) for name, type_ in engine.rows(types, {"name": fresh})):
            return False
        engine.run(
            f"begin; delete from {self.table} where customer in (select unnest({list(customers)}::bigint[]));"
            f" insert into {self.table} by name select * from {fresh}; commit"
        )
        engine.drop(fresh)
        return engine.rows(f"select count(*) from {self.table}")[0][0] == rows


def read_rows(app: App, engine: duckdb.Engine, catalogue: Ready, table: str) -> Rows:
    """Everybody, in a table of this name."""
    words = 1 + max(catalogue.bits.values(), default=0) // compiled.WORD_BITS
    made = Rows(table=table, words=words, plan=catalogue.plan)
    _read(app, engine, made, table, None)
    cast = [f"word{place}::bigint as word{place}" for place in range(words)]
    cast += [f'"{name}"::{TYPES[leaf.kind]} as "{name}"' for leaf, name in made.plan.columns.items()]
    engine.view(made.wide, f"select customer::bigint as customer, known = 1 as known, {', '.join(cast)} from {table}")
    return made


def _bits(type_: str) -> int:
    return {"SMALLINT": 16, "INTEGER": 32}.get(type_, 64)


def _read(app: App, engine: duckdb.Engine, made: Rows, table: str, customers: Sequence[int] | None) -> None:
    """Rows of these customers (None: of everybody), numbers first, texts beside them."""
    columns: dict[str, binary.Number] = {"customer": "whole", "known": "whole"}
    read: list[sql.Composable] = [sql.SQL("customer"), sql.SQL("known::int::bigint")]
    for place in range(made.words):
        columns[f"word{place}"] = "whole"
        read.append(sql.SQL("coalesce(word[{}], 0)").format(sql.Literal(place + 1)))
    texts: list[str] = []
    for leaf, name in made.plan.columns.items():
        if leaf.kind == "text":
            texts.append(name)
            continue
        columns[name] = "fraction" if leaf.kind == "fraction" else "whole"
        read.append(READ[leaf.kind].format(sql.Identifier(name), sql.Literal(str(binary.ABSENT))))
    only = sql.SQL("") if customers is None else sql.SQL(" where customer = any({}::bigint[])").format(list(customers))
    fields = sql.SQL(", ").join(read)
    with app.db.cursor().copy(
        sql.SQL("copy (select {} from trait_state{}) to stdout (format binary)").format(fields, only)
    ) as stream:
        binary.fill(engine, table if not texts else f"{table}_numbers", columns, stream)
    if texts:
        with _as_csv(app, texts, only) as path:
            listed = ", ".join(f"'{name}': 'varchar'" for name in texts)
            beside = f"read_csv('{path}', header = false, auto_detect = false, nullstr = '', allow_quoted_nulls = false, columns = {{'customer': 'bigint', {listed}}})"  # noqa: E501
            engine.make(table, f"select * from {table}_numbers left join {beside} using (customer)")
        engine.drop(f"{table}_numbers")


@contextmanager
def _as_csv(app: App, texts: Sequence[str], only: sql.Composable) -> Generator[str]:
    """A file of texts by customer that is gone afterwards."""
    names = sql.SQL(", ").join([sql.Identifier(name) for name in texts])
    statement = sql.SQL("copy (select customer, {} from trait_state{}) to stdout (format csv)").format(names, only)
    with NamedTemporaryFile(prefix="regulars-mirror-", suffix=".csv") as file:
        with app.db.cursor().copy(statement) as stream:
            for piece in stream:
                file.write(piece)
        file.flush()
        yield os.fspath(file.name).replace("'", "''")
