"""Many keys in one question: POST of a JSON list of hashes, answered with a list of records or an object by hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from regulars import collect
from regulars.profile.overlays.protocols import Asking, Protocol, Question, Unreadable, protocols
from regulars.profile.overlays.protocols.answers import json_at, record

KEYS_MAX = 1_000


class Batch(Asking, frozen=True, kw_only=True):
    """How the list is sent and the records come back."""

    keys: str = "keys"
    """Name of the list of hashes in what is sent."""
    beside: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """What is sent beside it, such as the product that is asked for."""
    records: str = "records"
    """Path of the list of records, or of the object by hash; empty: the answer itself."""
    key: str = "key"
    """Path of the hash in a record of a list."""


def question(ask: Batch, keys: Sequence[str]) -> Question:
    """About all of them at once."""
    headers = {"content-type": "application/json", "accept": "application/json"}
    return Question("POST", ask.url, msgspec.json.encode(ask.beside | {ask.keys: keys}), headers)


def answer(ask: Batch, keys: Sequence[str], body: bytes) -> dict[str, dict[str, Any]]:
    """What is known, by hash; hashes that nobody asked about are not looked at."""
    found = json_at(body, ask.records)
    if isinstance(found, dict):
        by_key = {key.lower(): one for key, one in cast(dict[str, Any], found).items()}
    elif isinstance(found, list):
        listed = [record(one) for one in cast(list[Any], found)]
        by_key = {str(collect.paths.value_at(one, ask.key)).lower(): one for one in listed}
    else:
        raise Unreadable(f"it has no list at '{ask.records}'")
    return {key: record(by_key[key]) for key in keys if by_key.get(key) is not None}


protocols.add("batch")(Protocol(Batch, KEYS_MAX, question, answer))
