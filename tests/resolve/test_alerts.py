"""What a broken feed looks like in the log: an identifier that is nobody's, and too much that hangs together."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from regulars import analyze, resolve
from regulars.app import App
from regulars.resolve import advance, write
from regulars.resolve.partition import reaches
from tests.engage.town import tell
from tests.resolve.notation import Rec
from tests.resolve.test_decisions import load
from tests.resolve.test_stream import owners
from tests.worker.place import drain


class Told:
    """A log that is read."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def warning(self, event: str, **about: Any) -> None:
        self.lines.append((event, about))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    log = Told()
    monkeypatch.setattr(write, "LOG", log)
    return log


def test_a_card_that_a_feed_writes_on_everybody_is_told_with_its_sources_and_holders(app: App) -> None:
    analyze.ensure_schema(app)
    said = [message(f"r{n}", f"{n}@two.example") for n in range(14)]
    tell(app, "tills", said, "tills")
    drain(app)

    with app.transaction() as inside:
        health = resolve.health(inside)

    assert health is not None
    [generic] = health.generics
    assert (generic.type, generic.holders, generic.customers, generic.sources) == ("card", 14, 14, ["tills"])


def message(ident: str, email: str) -> dict[str, Any]:
    traits = {"email": email, "loyalty_card": "9999001"}
    return {"type": "identify", "messageId": ident, "timestamp": "2026-03-01T10:00:00Z", "traits": traits}


def test_too_much_that_hangs_together_loses_its_weakest_links_and_says_so(
    app: App, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advance, "reaches", partial(reaches, limit=4))
    chain = [Rec(f"r{n}", n, f"u{n // 2} " + f"c{(n + 1) // 2}") for n in range(4)]

    load(app, *chain, Rec("x", 9, "u0 c9"), Rec("y", 9, "u1 c9"))

    assert [(event, about["levels"]) for event, about in told.lines] == [("reach_over_limit", [11])] * 2
    assert owners(app) == {1: 1, 2: 1, 3: 3, 4: 3, 5: 1, 6: 3}
    with app.transaction() as inside:
        assert resolve.rebuild(inside).merged == []
