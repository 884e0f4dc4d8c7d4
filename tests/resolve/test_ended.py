"""A source that keeps an address current ends the former one: from the journal to the customer's explanation."""

from datetime import timedelta
from typing import Any

import pytest

from regulars import collect, resolve
from regulars.app import App
from regulars.collect.errors import SourceRefused
from tests.conftest import START
from tests.engage.town import carry, message, tell

BEGIN = START - timedelta(days=90)
OLD, NEW = "old@shop.example", "new@shop.example"


def said(login: str | None, day: int, mailbox: str) -> dict[str, Any]:
    traits = {"email": mailbox}
    return message("identify", login or "", BEGIN + timedelta(days=day), traits=traits) | (
        {} if login else {"userId": None, "anonymousId": f"c{day}"}
    )


def holder(app: App, mailbox: str) -> list[int]:
    """Who holds an address, earliest first."""
    with app.transaction() as inside:
        rows = inside.db.execute(
            "select distinct customer from customer_identifier where value = %s order by 1", [mailbox]
        ).fetchall()
    return [customer for (customer,) in rows]


def ended(app: App, customer: int) -> list[tuple[str, str, int, bool]]:
    with app.transaction() as inside:
        found = resolve.explain(inside, customer).ended
    return [(one.value, one.source, (one.day - BEGIN.date()).days, one.is_hers) for one in found]


def town(app: App, current: list[str]) -> None:
    """Somebody changes her address in the CRM on day 10; on day 30 a stranger comes by the former one."""
    with app.transaction() as inside:
        collect.register(inside, "crm", "crm", None, current)
    tell(app, "crm", [said("u8", 0, OLD), said("u8", 10, NEW)])
    tell(app, "web", [said(None, 30, OLD)], "web")
    carry(app)


def test_who_comes_by_an_address_that_the_crm_says_is_given_up_is_another_customer_and_both_pages_say_why(
    app: App,
) -> None:
    town(app, ["email"])

    hers, stranger = holder(app, OLD)

    assert holder(app, NEW) == [hers]
    assert ended(app, hers) == [(OLD, "crm", 10, True)]
    assert ended(app, stranger) == [(OLD, "crm", 10, False)]


def test_a_source_that_does_not_say_so_ends_nothing_and_may_say_so_later_for_what_comes_then(app: App) -> None:
    town(app, [])
    [hers] = holder(app, OLD)
    assert ended(app, hers) == []

    with app.transaction() as inside:
        collect.keep_current(inside, "crm", ["email"])
    tell(app, "crm", [said("u8", 40, NEW), said("u8", 50, "third@shop.example")])
    tell(app, "web", [said(None, 60, NEW)], "web")
    carry(app)

    assert len(holder(app, NEW)) == 2
    assert ended(app, hers) == [(NEW, "crm", 50, True)]


def test_what_was_taken_before_the_source_was_declared_ends_nothing_however_late_it_is_carried(app: App) -> None:
    tell(app, "crm", [said("u8", 0, OLD), said("u8", 10, NEW)])
    tell(app, "web", [said(None, 30, OLD)], "web")

    with app.transaction() as inside:
        collect.keep_current(inside, "crm", ["email"])
    carry(app)

    [hers] = holder(app, OLD)
    assert ended(app, hers) == []


def test_an_event_keeps_what_its_source_was_when_it_came_through_every_change_and_reading(app: App) -> None:
    declared: tuple[list[str], ...] = (["email"], ["email", "phone"], ["phone"], [], ["email"])
    tell(app, "crm", [said("u8", 0, OLD)])
    for day, fields in enumerate(declared, 1):
        with app.transaction() as inside:
            assert collect.keep_current(inside, "crm", fields) == fields
        tell(app, "crm", [said("u8", day, f"e{day}@shop.example")])

    with app.transaction() as inside:
        batch = collect.claim(inside, 10)
        assert batch
        again = collect.events_at(inside, [event.seq for event in batch.events])
        [shown] = [use.current for use in collect.list_sources(inside) if use.source.name == "crm"]

    assert [list(event.current) for event in batch.events] == [[], *declared]
    assert again == batch.events
    assert shown == ["email"]


@pytest.mark.parametrize("field", ["card", ""])
def test_a_field_that_no_source_keeps_current_is_refused(app: App, field: str) -> None:
    with app.transaction() as inside, pytest.raises(SourceRefused, match="keeps"):
        collect.register(inside, "crm", "crm", None, [field])
