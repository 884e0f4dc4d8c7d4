"""Expressions as text and back: how a declaration that the code no longer holds is remembered. Pure.

Typed trees and never code: what is read can only become one of the kinds below.
"""

from __future__ import annotations

from dataclasses import fields as parts_of
from typing import Any, cast

import msgspec

from regulars.analyze.expressions import (
    COPIED,
    LEAVES,
    Expression,
    Facts,
    Literally,
    Op,
    Root,
    Since,
    Today,
    Week,
    When,
)

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (*LEAVES, *COPIED, Facts, Literally, Op, Root, Since, Today, Week, When)
}
KIND = "is"


def written(expression: Expression) -> str:
    """The same expression has the same text, whoever writes it."""
    return msgspec.json.encode(_plain(expression)).decode()


def read(text: str) -> Expression:
    """What `written` wrote."""
    found = _made(msgspec.json.decode(text))
    assert isinstance(found, Expression), "only expressions are written"
    return found


def replaced(expression: Any, by: dict[Expression, Expression]) -> Any:
    """The expression with parts of it in the place of others."""
    if isinstance(expression, Expression) and expression in by:
        return by[expression]
    if type(expression).__name__ not in KINDS:
        return expression
    return type(expression)(**{name: replaced(part, by) for name, part in _parts(expression).items()})


def _plain(value: Any) -> Any:
    if type(value).__name__ in KINDS:
        return {KIND: type(value).__name__} | {name: _plain(part) for name, part in _parts(value).items()}
    return [_plain(one) for one in cast(tuple[Any, ...], value)] if isinstance(value, tuple) else value


def _made(value: Any) -> Any:
    if isinstance(value, dict):
        given = cast(dict[str, Any], value)
        return KINDS[given[KIND]](**{name: _made(part) for name, part in given.items() if name != KIND})
    return tuple(_made(one) for one in cast(list[Any], value)) if isinstance(value, list) else value


def _parts(value: Any) -> dict[str, Any]:
    return {part.name: getattr(value, part.name) for part in parts_of(value)}
