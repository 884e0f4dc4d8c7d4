"""Every room's API and pages, found by place: a new module with `routes` needs no list to edit."""

from __future__ import annotations

import importlib
import pkgutil

from litestar.types import ControllerRouterHandler

from regulars.web import api, pages


def routes() -> list[ControllerRouterHandler]:
    """All handlers of both shelves, in the order of their names."""
    found: list[ControllerRouterHandler] = []
    for package in (api, pages):
        for module in pkgutil.iter_modules(package.__path__):
            found += importlib.import_module(f"{package.__name__}.{module.name}").routes
    return found
