"""The shelf of pulls: places that do not send, so their rows are fetched, those behind a cursor only.

A plug-in is a `Pull`, registered under the kind that a definition names: `pulls.add("sql")(Pull(SqlTable, rows))`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, NamedTuple

import msgspec

from regulars.collect.errors import PullRefused
from regulars.kit.registry import Shelf


class Connect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every definition says of its rows; a plug-in adds how to connect."""

    key: str
    """Column that tells rows apart."""
    cursor: str
    """Column that only grows when a row is added or changed: a time, a number, a text, an UUID or bytes."""
    look_back: Annotated[float, msgspec.Meta(ge=0)] = 0
    """Of a cursor that is a number: so much is read again each time, for rows that are committed late."""
    look_back_minutes: Annotated[float, msgspec.Meta(ge=0)] = 0
    """The same of a cursor that is a time."""


class Pull(NamedTuple):
    """What fetches rows."""

    settings: type[Connect]
    """What the table `connect` of a definition must say."""
    rows: Callable[[Any, object], Iterator[dict[str, Any]]]
    """The rows from this cursor value on (None: all), the cursor's own included, and those without a cursor."""
    is_ordered: bool
    """Rows come in the order of the cursor, so each batch may move it; else it moves when all have come."""


def no_column(wanted: str, names: Iterable[str]) -> PullRefused:
    """Why a pull cannot run whose key or cursor is no column."""
    return PullRefused(f"There is no column '{wanted}'", f"Choose one of: {', '.join(names)}")


pulls: Shelf[Pull] = Shelf("pulls", __name__)
