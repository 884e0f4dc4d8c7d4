"""A list that a web service gives page by page, read through dlt's client of REST services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from regulars.collect.errors import PullRefused
from regulars.collect.pulls import Connect, Pull, pulls
from regulars.collect.pulls.sql import away, library
from regulars.kit.secret import secret


class RestList(Connect, frozen=True, kw_only=True):
    """Where the list is."""

    url: str
    """Address of the service."""
    path: str
    """Of the list, below the address."""
    records: str = ""
    """JSON path of the rows in an answer; empty: found by dlt."""
    since: str = ""
    """Query parameter that takes the cursor; empty: all are fetched each time, to no harm."""
    token: str = ""
    """Bearer token as `file:/path` or `env:NAME`."""
    parameters: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Of every request; one that is secret as `file:/path` or `env:NAME`."""
    paging: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """A paginator of dlt, such as `{type = "page_number", total_path = "pages"}`; empty: found by dlt."""


def rows(connect: RestList, since: object) -> Iterator[dict[str, Any]]:
    """All rows that the service gives behind `since`, page by page."""
    source = library("sources.rest_api")
    # Its client tries again after 429 and 5xx. A session of our own: the shared one is never closed.
    session = library("sources.helpers.requests").Client(raise_for_status=False).session
    client: dict[str, Any] = {"base_url": connect.url, "session": session}
    if connect.token:
        client["auth"] = {"type": "bearer", "token": secret(connect.token, PullRefused)}
    if connect.paging:
        client["paginator"] = connect.paging
    behind = {connect.since: str(since)} if connect.since and since is not None else {}
    asked = {name: secret(value, PullRefused) for name, value in connect.parameters.items()}
    endpoint: dict[str, Any] = {"path": connect.path, "params": asked | behind}
    if connect.records:
        endpoint["data_selector"] = connect.records
    try:
        config = {"client": client, "resources": [{"name": "rows", "endpoint": endpoint}]}
        for resource in source.rest_api_resources(config):
            yield from resource
    except Exception as fault:
        raise away(connect.path, fault) from None
    finally:
        session.close()


pulls.add("rest")(Pull(RestList, rows, is_ordered=False))
