"""An answer that is computed when it is read, a batch at a time."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types.)

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from typing import Any

from regulars.ask.errors import LibraryMissing
from regulars.lake.arrow import pa

SHOWN_ROWS = 10
SHOWN_CHARACTERS = 32


class Answer:
    """Rows of a question. Nothing is asked before they are wanted, and each way of reading asks anew.

    >>> import regulars as rg
    >>> with rg.connect() as brand:
    ...     brand.sql("select 1 as one union all select 2 order by one")
    one
    ---
      1
      2
    """

    def __init__(self, ask: Callable[[int | None], Iterator[Any]], statement: str) -> None:
        self._ask, self.statement = ask, statement

    def batches(self) -> Iterator[Any]:
        """PyArrow record batches as they arrive, at least one: for answers of any size, in bounded memory."""
        return self._ask(None)

    def reader(self) -> Any:
        """The same as a `pyarrow.RecordBatchReader`, which DuckDB, Polars and Parquet writers take."""
        parts = self.batches()
        first = next(parts)
        return pa.RecordBatchReader.from_batches(first.schema, chain([first], parts))

    def to_arrow(self) -> Any:
        """All rows as a `pyarrow.Table`."""
        return self.reader().read_all()

    def rows(self) -> list[dict[str, Any]]:
        """All rows as dicts of Python values."""
        return self.to_arrow().to_pylist()

    def head(self, rows_max: int = SHOWN_ROWS) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns and the first so many rows; no more is computed than they need."""
        found = pa.Table.from_batches(list(self._ask(rows_max)))
        return found.column_names, list(zip(*[each.to_pylist() for each in found.columns], strict=True))

    def polars(self) -> Any:
        """All rows as a `polars.DataFrame`. Raises LibraryMissing."""
        return _library("polars").from_arrow(self.to_arrow())

    def pandas(self) -> Any:
        """All rows as a `pandas.DataFrame`. Raises LibraryMissing."""
        _library("pandas")
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        return _drawn(*self.head(SHOWN_ROWS + 1))


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as fault:
        if fault.name != name:
            raise
        raise LibraryMissing(
            f"{name} is not installed", f"Install it (pip install {name}), or use to_arrow(), rows() or batches()"
        ) from None


def _drawn(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    """A table for people, the first SHOWN_ROWS of it."""
    lines = [names, *[[_cell(value) for value in row] for row in rows[:SHOWN_ROWS]]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(names))]
    lines.insert(1, ["-" * width for width in widths])
    is_number = [any(isinstance(row[place], int | float) for row in rows) for place in range(len(names))]
    drawn = ["  ".join(_put(*each) for each in zip(line, widths, is_number, strict=True)).rstrip() for line in lines]
    return "\n".join(drawn + (["…"] if len(rows) > SHOWN_ROWS else []))


def _cell(value: Any) -> str:
    if value is None:
        return "not known"
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= SHOWN_CHARACTERS else plain[: SHOWN_CHARACTERS - 1] + "…"


def _put(text: str, width: int, is_number: bool) -> str:
    return text.rjust(width) if is_number else text.ljust(width)
