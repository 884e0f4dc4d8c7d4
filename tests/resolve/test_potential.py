"""What joins what: counted from the links that stand, so that fillers and strangers join nobody."""

from __future__ import annotations

from typing import Any

import pytest

from regulars import collect, resolve
from regulars.app import App


@pytest.fixture
def town(app: App) -> App:
    """A CRM, tills and a call center, before anything happened."""
    with app.transaction() as inside:
        for name, kind in (("crm", "crm"), ("tills", "tills"), ("calls", "calls")):
            collect.register(inside, name, kind, name)
    return app


def tell(app: App, source: str, *messages: dict[str, Any]) -> None:
    with app.transaction() as inside:
        found = collect.source_by_name(inside, source)
        assert found is not None
        whole = [{"messageId": f"{source}-{place}"} | message for place, message in enumerate(messages)]
        assert collect.accept(inside, found, whole, received_at=app.clock.now()).accepted == len(messages)


def person(number: int, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": f"C{number}", "traits": traits}


def order(number: int, dollars: float = 10.0, **properties: Any) -> dict[str, Any]:
    told = {"order_id": f"o{number}", "revenue": dollars} | properties
    return {"type": "track", "event": "Order Completed", "anonymousId": f"till-{number}", "properties": told}


def audited(app: App) -> resolve.Audit:
    """Everything carried, copied, read and measured."""
    while True:
        with app.transaction() as inside:
            batch = collect.claim(inside, 5_000)
            if batch is None:
                break
            resolve.identify(inside, batch)
            collect.advance(inside, batch)
    collect.flush(app)
    resolve.prepare(app)
    with app.transaction() as inside:
        return resolve.audit(inside)


def found(app: App, source: str, kind: str) -> tuple[int, int, dict[str, int]]:
    match = audited(app).match(source, kind)
    return (match.carried, match.joins, match.joins_with) if match else (0, 0, {})


def test_records_join_by_a_value_that_another_source_carries_however_it_is_written(town: App) -> None:
    tell(town, "crm", person(1, loyalty_card="62-000 111"), person(2, loyalty_card="62000222"))
    tell(town, "tills", order(1, loyalty_card="62000111"), order(2, loyalty_card="62000111"), order(3))

    assert found(town, "tills", "card") == (2, 2, {"crm": 2})
    assert found(town, "crm", "card") == (2, 1, {"tills": 1})


def test_a_filler_joins_nobody(town: App) -> None:
    tell(town, "crm", person(1, email="none@none.com"), person(2, email="ada@corner.example"))
    tell(town, "tills", order(1, email="none@none.com"), order(2, email="ADA@corner.example"))

    assert found(town, "tills", "email") == (1, 1, {"crm": 1})


def test_what_stays_within_one_source_joins_nothing(town: App) -> None:
    tell(town, "tills", order(1, payment_token="tok_1234"), order(2, payment_token="tok_1234"))
    tell(town, "crm", person(1, email="ada@corner.example"))

    assert found(town, "tills", "payment") == (2, 0, {})


def test_people_who_share_a_phone_meet_and_are_said_to_be_kept_apart(town: App) -> None:
    tell(town, "crm", person(1, phone="518-555-0142", first_name="Ada", birth_date="1950-01-02"))
    tell(town, "calls", person(7, phone="+15185550142", first_name="Tom", birth_date="1990-05-06"))

    match = audited(town).match("calls", "phone")

    assert match is not None
    assert (match.joins, match.same) == (1, 0)


def test_revenue_has_a_name_where_its_buyer_is_known(town: App) -> None:
    tell(town, "crm", person(1, loyalty_card="62000111"))
    tell(town, "tills", order(1, 30.0, loyalty_card="62000111"), order(2, 10.0))

    audit = audited(town)

    assert audit.named_share == pytest.approx(0.75)
    assert {one.type: one.revenue_cents for one in audit.recognized} == {"card": 3_000, "": 1_000}


def test_the_measure_follows_what_is_withdrawn(town: App) -> None:
    tell(town, "crm", person(1, loyalty_card="62000111"))
    tell(town, "tills", order(1, loyalty_card="62000111"))
    assert found(town, "tills", "card")[1] == 1

    with town.transaction() as inside:
        collect.withdraw(inside, [(1, 1)], "Ines", "a test")

    assert found(town, "tills", "card")[1] == 0


def test_findings_name_one_next_step_and_the_most_pressing_comes_first(town: App) -> None:
    tell(town, "crm", *[person(n, email="nobody" if n % 2 else f"p{n}@corner.example") for n in range(60)])

    findings = audited(town).findings

    assert [one.kind for one in findings][:3] == ["silent", "silent", "invalid"]
    assert all(one.what and one.next for one in findings)
    assert '30 of 60 values of "email" in identify are not valid (50%)' in [one.what for one in findings]


def test_the_csv_holds_every_field_and_no_formula(town: App) -> None:
    tell(town, "crm", *[person(n, **{"=cmd|calc": "@SUM(A1)", "tier": "-1+1"}) for n in range(9)])

    lines = resolve.as_csv(audited(town)).splitlines()

    cells = [cell.strip('"') for line in lines[1:] for cell in line.split(",")]
    assert len(lines) == 1 + 3
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
