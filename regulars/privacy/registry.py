"""Which table holds what about people: each room says it in its own `personal.py`, found by place."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from typing import cast

import regulars
from regulars.model import Holding, Impersonal

MODULE = "personal"


@cache
def declared() -> dict[str, tuple[Holding | Impersonal, ...]]:
    """What every folder of the package says of the tables it writes, by the folder's name."""
    found: dict[str, tuple[Holding | Impersonal, ...]] = {}
    for folder in pkgutil.iter_modules(regulars.__path__):
        if folder.ispkg and _has_module(folder.name):
            module = importlib.import_module(f"regulars.{folder.name}.{MODULE}")
            found[folder.name] = cast(tuple[Holding | Impersonal, ...], module.DECLARED)
    return found


def holdings() -> list[Holding]:
    """Every table that holds something about people, in the order of the folders' names."""
    return [one for said in declared().values() for one in said if isinstance(one, Holding)]


def _has_module(folder: str) -> bool:
    return importlib.util.find_spec(f"regulars.{folder}.{MODULE}") is not None
