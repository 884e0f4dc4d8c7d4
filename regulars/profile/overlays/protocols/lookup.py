"""One question for each key: GET of an address with the hash in it, answered with a JSON object, or 404 for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regulars.profile.overlays.protocols import Asking, Protocol, Question, protocols
from regulars.profile.overlays.protocols.answers import json_at, record

KEY = "{key}"


class Lookup(Asking, frozen=True, kw_only=True):
    """Where one person is looked up; `{key}` in the address is her hash."""

    record: str = ""
    """Path of her values in an answer; empty: the answer itself."""


def question(ask: Lookup, keys: Sequence[str]) -> Question:
    """About the one key."""
    (key,) = keys
    return Question("GET", ask.url.replace(KEY, key), b"", {"accept": "application/json"})


def answer(ask: Lookup, keys: Sequence[str], body: bytes) -> dict[str, dict[str, Any]]:
    """What it says about her; nothing there: nobody is known."""
    found = json_at(body, ask.record)
    return {} if found is None else {keys[0]: record(found)}


def wrong(ask: Lookup) -> str:
    """Without a place for the hash everybody would be asked about at once."""
    return "" if KEY in ask.url else f"the url of a lookup holds {KEY} where the hash goes"


protocols.add("lookup")(Protocol(Lookup, 1, question, answer, wrong, knows_nobody=frozenset({404})))
