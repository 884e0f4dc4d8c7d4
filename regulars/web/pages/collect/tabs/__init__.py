"""Shelf of tabs on the page of one source, `/sources/{name}?tab=…`: one file and its template are one tab.

A tab's template extends `pages/collect/source.html` and fills the block `tab`. What it needs to know comes from
`given`; what it does (forms, parts that htmx asks for) are handlers of its own in `routes`, below `/sources/{name}/`.
Handlers that fail or show something once answer with `page`: the whole page, opened at their tab.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.types import ControllerRouterHandler

from regulars import collect
from regulars.app import App
from regulars.collect import SourceUse
from regulars.kit.errors import NotFound
from regulars.kit.registry import Shelf
from regulars.web import render
from regulars.web.pages.collect.kinds import KINDS


def everywhere(use: SourceUse) -> bool:
    """A tab that every source has."""
    del use
    return True


class Tab(NamedTuple):
    """One tab. `given` is called inside a transaction and gives what its template says besides the frame's words."""

    title: str
    place: int
    """Its order in the row, from the left; the first one opens by itself."""
    template: str
    given: Callable[[App, Request[Any, Any, Any], SourceUse], dict[str, object]]
    is_for: Callable[[SourceUse], bool] = everywhere
    """Sources that have this tab."""
    routes: tuple[ControllerRouterHandler, ...] = ()


tabs: Shelf[Tab] = Shelf("source_tab", __name__)


def page(
    app: App, request: Request[Any, Any, Any], name: str, tab: str = "", status: int = 200, **more: object
) -> Response[str]:
    """The page of a source, opened at this tab (else at its first); `more` is added to what the tab's template gets."""
    with app.transaction() as inside:
        use = source_use(inside, name)
        row = row_for(use)
        chosen = tab if tab in row else next(iter(row))
        given = row[chosen].given(inside, request, use)
    frame = {"use": use, "kind": KINDS[use.source.kind], "row": row, "tab": chosen}
    return render.page(app, row[chosen].template, request, status, **(frame | given | more))


def source_use(app: App, name: str) -> SourceUse:
    """The source of this name with its use, our own among them. Raises NotFound."""
    found = next((use for use in collect.list_sources(app) if use.source.name == name), None)
    if found is None:
        raise NotFound(f"There is no source '{name}'", "Look at /sources")
    return found


def row_for(use: SourceUse) -> dict[str, Tab]:
    """The tabs of this source by name, from the left."""
    fitting = [(name, tab) for name, tab in tabs.items() if tab.is_for(use)]
    return dict(sorted(fitting, key=lambda one: (one[1].place, one[0])))
