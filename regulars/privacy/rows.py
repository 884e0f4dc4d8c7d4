"""The rows of one person in any table that a room declared, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, LiteralString, cast

from sqlglot import exp, select

from regulars import resolve
from regulars.app import App
from regulars.model import EVERY_COLUMN, Hangs, Holding
from regulars.privacy.scope import Scope
from regulars.store import queries

SQL = queries(__package__ or "")
# Rows that wait in memory while a stream is read.
ROWS_AT_ONCE = 500
# Channels whose address is of this type of identifier.
TYPE_OF_CHANNEL = {"email": "email", "sms": "phone", "phone": "phone"}
# What is shorter stands in too many texts by chance.
NEEDLE_MIN_CHARACTERS = 6
NEEDLE_TYPES = ("email", "phone", "card", "login", "payment", "order")
SOURCE = "source_id"
Row = dict[str, Any]


class Rows:
    """Reads what is about one customer; inside one transaction."""

    def __init__(self, app: App, scope: Scope) -> None:
        self._app = app
        self._scope = scope

    @cached_property
    def positions(self) -> list[int]:
        """Where her events stand in the journal."""
        return resolve.positions_of(self._app, self._scope.customer)

    @cached_property
    def _signatures(self) -> list[int]:
        return [one for (one,) in self._app.db.execute(SQL.signatures_of, {"customer": self._scope.customer})]

    @cached_property
    def _values(self) -> list[int]:
        return [one for (one,) in self._app.db.execute(SQL.own_values, {"customer": self._scope.customer})]

    @cached_property
    def _sources(self) -> dict[int, str]:
        return dict(self._app.db.execute(SQL.source_names).fetchall())

    def told(self, holding: Holding) -> Iterator[Row]:
        """What an export tells of this table, row by row; nothing for tables it does not give."""
        if not holding.told:
            return
        given = self._given(holding)
        if any(not values for values in given.values()):
            return
        columns = (*(holding.keys if holding.hangs is Hangs.RECORD else ()), *holding.told)
        columns = tuple(dict.fromkeys(self._there(holding) if EVERY_COLUMN in columns else columns))
        with self._app.db.cursor(name="told") as stream:
            stream.itersize = ROWS_AT_ONCE
            for row in stream.execute(statement(holding, columns), given):
                yield self._named(dict(zip(columns, row, strict=True)))

    def _there(self, holding: Holding) -> list[str]:
        """Columns that came after the migration, as those of traits do: all but the keys and what is kept."""
        found = self._app.db.execute(SQL.columns_of, {"table": holding.table}).fetchall()
        return [name for (name,) in found if name not in (*holding.keys, *holding.kept)]

    def _named(self, row: Row) -> Row:
        if SOURCE in row:
            row = {("source" if name == SOURCE else name): value for name, value in row.items()}
            row["source"] = self._sources.get(row["source"])
        return row

    def _given(self, holding: Holding) -> dict[str, list[Any]]:
        match holding.hangs:
            case Hangs.CUSTOMER | Hangs.ROW:
                return {"keys": self._scope.ids}
            case Hangs.RECORD:
                return {"keys": self.positions}
            case Hangs.SIGNATURE | Hangs.SIGNATURES:
                return {"keys": self._signatures}
            case Hangs.NAME:
                return {"keys": [f"customer:{one}" for one in self._scope.ids]}
            case Hangs.ADDRESS:
                addresses = self._scope.own(*set(TYPE_OF_CHANNEL.values()))
                return {"keys": list(TYPE_OF_CHANNEL), "others": addresses}
            case Hangs.CONTENT:
                own = {value for value in self._scope.own(*NEEDLE_TYPES) if len(value) >= NEEDLE_MIN_CHARACTERS}
                return {"keys": [f"%{_plain(value)}%" for value in sorted(own)]}
            case Hangs.VALUE:
                return {"keys": self._values}
            case Hangs.MESSAGE:
                raise AssertionError(f"{holding.table} hangs by {holding.hangs}, of which nothing is told")


def statement(holding: Holding, columns: tuple[str, ...]) -> LiteralString:
    """The SELECT of these columns of the rows that are hers. Pure; names are ours, values are bound."""
    query = select(*(exp.column(name, quoted=True) for name in columns)).from_(exp.to_table(holding.table))
    match holding.hangs:
        case Hangs.ADDRESS:
            channel, address = holding.keys
            condition: exp.Condition = exp.and_(_among(channel), _among(address, "others"))
        case Hangs.ROW:
            mine = select(exp.column("id")).from_(exp.to_table(holding.of)).where(_among("customer"))
            condition = exp.column(holding.keys[0], quoted=True).isin(query=mine)
        case Hangs.SIGNATURES:
            condition = exp.or_(*map(_overlaps, holding.keys))
        case Hangs.CONTENT:
            texts = [exp.cast(_column(key), "text") for key in holding.keys]
            condition = exp.or_(*(exp.ILike(this=text, expression=_any("keys")) for text in texts))
        case _:
            condition = exp.or_(*map(_among, holding.keys))
    # The names come from our own declarations: the text is as literal as SQL in a file would be.
    return cast(LiteralString, query.where(condition).order_by(_column(columns[0])).sql("postgres"))


def _column(name: str) -> exp.Column:
    return exp.column(name, quoted=True)


def _bound(name: str) -> exp.Condition:
    return exp.Placeholder(this=name)


def _any(name: str) -> exp.Condition:
    return exp.Any(this=exp.Paren(this=_bound(name)))


def _among(column: str, name: str = "keys") -> exp.Condition:
    return exp.EQ(this=_column(column), expression=_any(name))


def _overlaps(column: str) -> exp.Condition:
    return exp.ArrayOverlaps(this=_column(column), expression=exp.cast(_bound("keys"), "bigint[]", dialect="postgres"))


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
