"""Events taken back: bare for every reader, once, and free to come again."""

from typing import Any

import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import WithdrawalRefused
from tests.conftest import START


def page(number: int) -> dict[str, Any]:
    """A page view with an id of its own."""
    return {"type": "page", "messageId": f"p{number}", "anonymousId": "a", "name": f"page {number}"}


@pytest.fixture
def web(app: App) -> collect.Source:
    """A source that may send."""
    with app.transaction() as inside:
        return collect.register(inside, "web", "web")[0]


def send(app: App, source: collect.Source, *numbers: int) -> collect.Receipt:
    """These pages, in one transaction."""
    with app.transaction() as inside:
        return collect.accept(inside, source, [page(number) for number in numbers], received_at=START)


def withdraw(app: App, *ranges: tuple[int, int]) -> collect.Withdrawal:
    """Taken back by somebody."""
    with app.transaction() as inside:
        found = collect.withdrawal(inside, collect.withdraw(inside, ranges, "anna@shop.example", "a test"))
        assert found is not None
        return found


def kinds(app: App) -> list[str]:
    """What a reader of the journal gets."""
    with app.transaction() as inside:
        batch = collect.claim(inside, 100)
        return [event.kind for event in batch.events] if batch else []


def test_withdrawn_events_are_read_bare_from_the_commit_on(app: App, web: collect.Source) -> None:
    send(app, web, 1, 2, 3, 4)

    withdrawn = withdraw(app, (2, 3))

    assert kinds(app) == ["page", "aside", "aside", "page"]
    assert (withdrawn.events, withdrawn.source, withdrawn.followed) == (2, "web", 0)


def test_what_was_read_ahead_before_a_withdrawal_is_read_again(app: App, web: collect.Source) -> None:
    send(app, web, 1, 2, 3, 4)
    ahead = collect.ReadAhead(app, 2, lambda app, events: events)
    with app.transaction() as inside:
        first = ahead.claim(inside)
        assert first is not None
        collect.advance(inside, first)
    withdraw(app, (3, 4))

    with app.transaction() as inside:
        second = ahead.claim(inside)
    ahead.close()

    assert second is not None
    assert [event.kind for event in second.events] == ["aside", "aside"]


def test_what_was_taken_back_is_not_counted_for_its_source(app: App, web: collect.Source) -> None:
    def counted() -> list[int]:
        with app.transaction() as inside:
            return [use.events for use in collect.list_sources(inside) if use.source.name == "web"]

    send(app, web, 1, 2, 3, 4)
    withdraw(app, (2, 3))
    withdraw(app, (1, 3))
    after = counted()
    send(app, web, 2)

    assert (after, counted()) == ([1], [2])


def test_withdrawing_the_same_positions_twice_takes_them_once(app: App, web: collect.Source) -> None:
    send(app, web, 1, 2, 3)
    withdraw(app, (1, 2))

    again, rest = withdraw(app, (1, 2)), withdraw(app, (1, 3))

    assert (again.events, again.followed_at, rest.events) == (0, START, 1)
    assert kinds(app) == ["aside"] * 3


def test_a_message_may_come_again_after_it_was_withdrawn_and_is_a_duplicate_only_then(
    app: App, web: collect.Source
) -> None:
    send(app, web, 1, 2)
    withdraw(app, (1, 1))

    back, repeated = send(app, web, 1, 2, 3), send(app, web, 1)

    assert (back.accepted, back.duplicates, repeated.accepted, repeated.duplicates) == (2, 1, 0, 1)
    assert kinds(app) == ["aside", "page", "page", "page"]


def test_events_of_several_sources_or_our_own_are_refused(app: App, web: collect.Source) -> None:
    send(app, web, 1)
    with app.transaction() as inside:
        collect.announce(
            inside, [collect.Announcement(message_id="x", name="Segment Entered", customer=1, occurred_at=START)]
        )
        collect.publish(inside)

    for ranges in [(1, 99)], [(2, 99)], [(5, 4)]:
        with pytest.raises(WithdrawalRefused):
            withdraw(app, *ranges)


def test_a_withdrawn_event_never_reaches_the_lake(app: App, web: collect.Source) -> None:
    send(app, web, 1, 2, 3)
    withdraw(app, (2, 2))
    with app.transaction() as inside:
        batch = collect.claim(inside, 10)
        assert batch is not None
        collect.advance(inside, batch)

    report = collect.flush(app)

    assert (report.events, report.facts, report.up_to) == (2, 2, 3)
