"""What may be published."""

import msgspec
import pytest

from regulars import design
from regulars.app import App
from regulars.design import Branch, End, Graph, HoldOut, JourneyRefused, Send, Wait, faults
from regulars.design.graph import Node
from regulars.design.win_back import WIN_BACK

END = End(title="over")


def journey(start: str, **nodes: Node) -> Graph:
    return msgspec.structs.replace(WIN_BACK, name="test", start=start, nodes={"end": END, **nodes})


def wait(then: str, seconds: int | None = 60) -> Wait:
    return Wait(title="wait", seconds=seconds, then=then)


def mail(then: str) -> Send:
    return Send(title="mail", channel="email", purpose="marketing", template="t", then=then, valid_seconds=60)


def test_the_journey_we_ship_may_be_published() -> None:
    assert faults(WIN_BACK) == []


def test_a_wait_without_a_limit_is_refused() -> None:
    assert faults(journey("w", w=wait("end", None))) == ["'w' waits without a limit: say how long at most"]


def test_a_circle_without_a_wait_is_refused_and_one_with_a_wait_is_not() -> None:
    split = Branch(title="again?", measure="m", at_least=1, yes="m", no="end")

    assert any("circle" in fault for fault in faults(journey("m", m=mail("b"), b=split)))
    calm = journey("m", m=mail("w"), w=wait("b"), b=split)
    assert faults(calm) == []


def test_a_path_that_never_ends_is_refused() -> None:
    endless = journey("a", a=wait("b"), b=wait("a"))

    assert "No path from 'a' ever ends" in faults(endless)
    assert "No path leads to 'end'" in faults(endless)


def test_a_node_that_is_not_there_is_named() -> None:
    assert faults(journey("m", m=mail("nowhere"))) == ["'m' leads to 'nowhere', which is not there"]


def test_everybody_cannot_be_held_out() -> None:
    assert any("holds out" in fault for fault in faults(journey("h", h=HoldOut(title="h", share=1.0, then="end"))))


def test_all_faults_are_named_at_once_and_nothing_is_published(app: App) -> None:
    bad = journey("w", w=wait("h", None), h=HoldOut(title="h", share=0.0, then="end"))

    with app.transaction() as inside:
        with pytest.raises(JourneyRefused, match=r"without a limit.*holds out"):
            design.publish(inside, bad)
        assert [row.name for row in design.journeys(inside)] == ["win-back"]
