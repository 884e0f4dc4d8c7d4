"""What a source is: its kind, its logins, what it sent and what was refused of it."""

from __future__ import annotations

from typing import Any

from litestar import Request

from regulars.app import App
from regulars.collect import SourceUse
from regulars.web.pages.collect.tabs import Tab, tabs


def given(app: App, request: Request[Any, Any, Any], use: SourceUse) -> dict[str, object]:
    """Nothing the frame does not know."""
    del app, request, use
    return {}


tabs.add("about")(Tab("About", 90, "pages/collect/tabs/about.html", given))
