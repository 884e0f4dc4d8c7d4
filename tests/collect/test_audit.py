"""The audit: every field counted as it stands, whatever the journal is cut into, and nothing personal kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import FieldAudit, Source, System
from regulars.collect.audit import fields, look, stretches
from regulars.collect.errors import SystemRefused
from regulars.web.pages.collect.kinds import KINDS

JUDGES = {"email": lambda text: text.endswith("@corner.example"), "phone": lambda text: text.startswith("+1518")}
SECRETS = ("hazel@corner.example", "+15185550123", "Hazel", "4 Elm Street", "C-0001", "1971-03-04")


@pytest.fixture
def crm(app: App) -> Source:
    with app.transaction() as inside:
        return collect.register(inside, "crm", "crm")[0]


def send(app: App, source: Source, *messages: dict[str, Any]) -> None:
    """Messages with ids of their own, carried and copied to the lake."""
    with app.transaction() as inside:
        before = inside.db.execute("select count(*) from journal").fetchall()[0][0]
        whole = [{"messageId": f"m{before + place}"} | message for place, message in enumerate(messages)]
        receipt = collect.accept(inside, source, whole, received_at=app.clock.now())
        assert receipt.accepted == len(messages), receipt.refusals
    for _ in batches(app):
        pass
    collect.flush(app)


def batches(app: App) -> Iterator[None]:
    while True:
        with app.transaction() as inside:
            batch = collect.claim(inside, 5_000)
            if batch is None:
                return
            collect.advance(inside, batch)
        yield


def person(number: int, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": f"C-{number:04}", "traits": traits}


def order(number: int, *prices: float) -> dict[str, Any]:
    lines = [{"price": price, "sku": f"S{price}"} for price in prices]
    return {"type": "track", "event": "Order Completed", "userId": f"C-{number:04}", "properties": {"products": lines}}


def read(app: App) -> dict[tuple[str, str], FieldAudit]:
    """Every field of every source, read to the end."""
    collect.read_lake(app, JUDGES)
    with app.transaction() as inside:
        report = collect.field_report(inside)
    return {(field.event, field.field): field for source in report.sources for field in source.fields}


def test_a_field_is_as_full_as_the_events_that_carry_a_value(app: App, crm: Source) -> None:
    send(app, crm, person(1, email="hazel@corner.example"), person(2, email=" "), person(3, email=None), person(4))

    email = read(app)["identify", "traits.email"]

    assert (email.filled, email.among, email.different, email.is_exact) == (1, 4, 1, True)


def test_valid_is_what_the_cleaner_of_its_kind_lets_through(app: App, crm: Source) -> None:
    send(app, crm, person(1, email="hazel@corner.example"), person(2, email="none"), person(3, email="none"))

    email = read(app)["identify", "traits.email"]

    assert (email.valid, email.valid_share, email.looks_like) == (1, pytest.approx(1 / 3), "E-mail")


def test_items_of_a_list_are_counted_among_the_items(app: App, crm: Source) -> None:
    send(app, crm, order(1, 5.0, 6.0), order(2, 5.0), order(3))

    price = read(app)["Order Completed", "properties.products[].price"]

    assert (price.filled, price.among, price.different, price.looks_like, price.valid) == (3, 3, 2, "Number", 3)


def test_what_is_nested_deeper_is_found_where_it_stands(app: App, crm: Source) -> None:
    send(app, crm, person(1, address={"street": "4 Elm Street", "at/home~": True}))

    found = read(app)

    assert found["identify", "traits.address.street"].personal == "contact"
    assert found["identify", "traits.address.at/home~"].looks_like == "Yes or no"


def test_the_answer_is_the_same_however_the_journal_is_cut(
    app: App, crm: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(app, crm, *[person(n, email=f"p{n % 7}@corner.example", tier="gold" if n % 3 else None) for n in range(40)])
    whole = read(app)

    forget(app)
    monkeypatch.setattr(stretches, "STRETCH_MAX_POSITIONS", 7)
    cut = read(app)

    assert stretches_of(app) == 6
    assert counts(cut) == counts(whole)


def forget(app: App) -> None:
    """As if nothing had been read."""
    with app.transaction() as inside:
        inside.db.execute("delete from audit_stretch")


def counts(found: dict[tuple[str, str], FieldAudit]) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        key: (one.filled, one.among, one.different, one.valid, one.first_at, one.last_at) for key, one in found.items()
    }


def stretches_of(app: App) -> int:
    with app.transaction() as inside:
        return inside.db.execute("select count(*) from audit_stretch").fetchall()[0][0]


def test_many_distinct_values_over_stretches_are_known_within_the_stated_error(
    app: App, crm: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "STRETCH_MAX_POSITIONS", 1_500)
    send(app, crm, *[person(n, nick=f"n{n}") for n in range(4_000)])

    nick = read(app)["identify", "traits.nick"]

    assert not nick.is_exact
    assert nick.different == pytest.approx(4_000, rel=4 * collect.DISTINCT_ERROR)


def test_the_overview_says_of_every_field_what_the_whole_audit_says_but_how_many_values_differ(
    app: App, crm: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "STRETCH_MAX_POSITIONS", 15)
    send(app, crm, *[person(n, email=f"p{n}@corner.example", tier="gold" if n % 3 else None) for n in range(40)])
    whole = read(app)

    with app.transaction() as inside:
        report = collect.field_overview(inside)

    found = {(field.event, field.field): field for source in report.sources for field in source.fields}
    assert [f for f in found.values() if f.is_exact] == []
    uncounted = {key: msgspec.structs.replace(one, different=0, is_exact=False) for key, one in whole.items()}
    assert {key: msgspec.structs.replace(one, different=0) for key, one in found.items()} == uncounted


def test_only_what_is_new_is_read_again(app: App, crm: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "STRETCH_MAX_POSITIONS", 10)
    monkeypatch.setattr(stretches, "STRETCH_GROWN_POSITIONS", 10)
    send(app, crm, *[person(n) for n in range(25)])

    first = collect.read_lake(app, JUDGES)
    idle = collect.read_lake(app, JUDGES)
    send(app, crm, person(99))
    more = collect.read_lake(app, JUDGES)

    assert (first, idle, more) == (3, 0, 1)


@pytest.mark.parametrize(
    ("made", "until", "cut"),
    [
        ([], 0, []),
        ([], 7, [(0, 7)]),
        ([], 25, [(0, 10), (10, 20), (20, 25)]),
        ([(0, 7)], 9, [(0, 7), (7, 9)]),
        ([(0, 3)], 9, [(0, 9)]),
        ([(0, 7), (7, 9)], 30, [(0, 7), (7, 17), (17, 27), (27, 30)]),
        ([(0, 7), (7, 9)], 9, [(0, 7), (7, 9)]),
        ([(0, 7), (8, 20)], 20, [(0, 7), (7, 17), (17, 20)]),
        ([(0, 7), (7, 17)], 9, [(0, 7), (7, 9)]),
    ],
)
def test_a_stretch_stays_as_it_was_read_and_only_the_last_one_grows(
    monkeypatch: pytest.MonkeyPatch, made: list[stretches.Place], until: int, cut: list[stretches.Place]
) -> None:
    monkeypatch.setattr(stretches, "STRETCH_MAX_POSITIONS", 10)
    monkeypatch.setattr(stretches, "STRETCH_GROWN_POSITIONS", 5)

    assert stretches.cut(made, until) == cut


def test_items_are_found_in_lists_of_any_name_and_counted_one_by_one(app: App, crm: Source) -> None:
    things = [{"a": 1}, {"a": 1}, {"a": None, "b": [2]}, 7, "x", None]
    lists = dict.fromkeys(("plain", 'quo"te', "back\\slash", "do.t", "st*r", "sla/sh~", "*", ""), things)
    send(app, crm, person(1, **lists), person(2, plain={"a": 1}), person(3, plain="[1]"))

    found = read(app)

    for name in lists:
        a, b = found["identify", f"traits.{name}[].a"], found["identify", f"traits.{name}[].b"]
        assert (a.filled, a.among, a.different, b.filled, b.sample) == (2, 6, 1, 1, ["[…]"]), name
    assert found["identify", "traits.plain.a"].filled == 1
    assert found["identify", "traits.plain"].filled == 3


def test_an_event_with_more_fields_than_are_read_is_cut_by_name(
    app: App, crm: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "FIELDS_MAX", 3)
    send(app, crm, person(1, **dict.fromkeys("dcba", 1)))

    assert {field for _, field in read(app)} == {"userId", "traits.a", "traits.b"}


def test_withdrawn_events_leave_the_audit(app: App, crm: Source) -> None:
    send(app, crm, person(1, tier="gold"), person(2, tier="silver"), person(3, tier="gold"))
    assert read(app)["identify", "traits.tier"].filled == 3

    with app.transaction() as inside:
        collect.withdraw(inside, [(1, 1)], "Ines", "a test")

    tier = read(app)["identify", "traits.tier"]
    assert (tier.filled, tier.among) == (2, 2)


def test_nothing_that_names_a_person_is_kept(app: App, crm: Source) -> None:
    hazel = person(1, email=SECRETS[0], phone=SECRETS[1], first_name="Hazel", birth_date="1971-03-04", tier="gold")
    hazel["traits"]["address"] = {"street": "4 Elm Street"}
    send(app, crm, *[hazel | {"messageId": f"h{n}"} for n in range(9)])

    found = read(app)

    with app.transaction() as inside:
        kept = json.dumps(inside.db.execute("select event, field, sample, forms from audit_cell").fetchall())
    assert [secret for secret in SECRETS if secret in kept] == []
    assert found["identify", "traits.tier"].sample == ["gold"]


def test_a_value_of_one_person_is_masked_even_where_the_field_is_harmless(app: App, crm: Source) -> None:
    send(app, crm, person(1, remark="moved to Elm Street"))

    assert read(app)["identify", "traits.remark"].sample == ["m…t"]


@pytest.mark.parametrize(
    ("field", "forms", "looks_like", "personal"),
    [
        ("traits.email", {}, "E-mail", "contact"),
        ("properties.callerPhone", {}, "Phone", "contact"),
        ("userId", {}, "Login", "identifier"),
        ("context.device.id", {}, "Device", "identifier"),
        ("traits.date-of-birth", {}, "Date of birth", "sensitive"),
        ("traits.consent.email", {"truth": 100}, "Yes or no", "none"),
        ("properties.products[].name", {}, "Text", "none"),
        ("properties.remark", {"email": 20}, "E-mail", "contact"),
        ("properties.remark", {"email": 5}, "Text", "none"),
        ("properties.remark", {"card_number": 20}, "Payment card number", "sensitive"),
        ("properties.remark", {"health": 1}, "Text", "sensitive"),
        ("properties.products[].category", {"health": 90}, "Text", "none"),
        ("properties.revenue", {"number": 100}, "Number", "none"),
    ],
)
def test_a_field_is_classed_by_its_name_and_else_by_its_values(
    field: str, forms: dict[str, int], looks_like: str, personal: str
) -> None:
    found = fields.nature(field, 100, forms)

    assert (found.looks_like, found.personal) == (looks_like, personal)
    assert bool(found.why) == (personal != "none")


@pytest.mark.parametrize(
    ("text", "is_card"),
    [("4111 1111 1111 1111", True), ("4111111111111112", False), ("0000000000000000", False), ("42", False)],
)
def test_a_payment_card_is_told_by_its_check_digit(text: str, is_card: bool) -> None:
    assert fields.is_payment_card(text) is is_card


def test_the_inventory_holds_what_is_connected_and_what_people_stated(app: App, crm: Source) -> None:
    with app.transaction() as inside:
        collect.add_system(inside, System(name="Delivery", kind="transactional", channel="delivery", owner="Ines"))
        found = {system.name: system for system in collect.inventory(inside)}

    assert (found["crm"].status, found["crm"].source, found["Delivery"].status) == ("connected", "crm", "wanted")
    absent = {each.name for each in collect.missing(list(found.values()))}
    assert "Tills" in absent
    assert not {"Delivery partner", "CRM or loyalty program"} & absent


def test_describing_a_source_takes_its_line_and_removing_that_gives_it_back(app: App, crm: Source) -> None:
    with app.transaction() as inside:
        collect.add_system(inside, System(name="Loyalty", kind="CRM", channel="store", source="crm", owner="Maya"))
        described = [(system.name, system.status) for system in collect.inventory(inside)]
        collect.remove_system(inside, "Loyalty")
        after = [system.name for system in collect.inventory(inside)]

    assert (described, after) == ([("Loyalty", "connected")], ["crm"])


def test_every_fault_of_a_system_is_named_at_once(app: App) -> None:
    with app.transaction() as inside, pytest.raises(SystemRefused) as fault:
        collect.add_system(inside, System(name=" ", kind="tills", channel="sea", source="nobody"))

    assert [
        part for part in ("name", "kind 'tills'", "channel 'sea'", "source 'nobody'") if part not in str(fault.value)
    ] == []
    with app.transaction() as inside, pytest.raises(SystemRefused, match="RG-1180"):
        collect.remove_system(inside, "Nothing")


@pytest.mark.parametrize("kind", collect.SOURCE_KINDS)
def test_a_source_of_every_kind_stands_in_the_inventory_and_has_its_words(app: App, kind: str) -> None:
    with app.transaction() as inside:
        collect.register(inside, "one", kind)
        [system] = collect.inventory(inside)

    assert (system.source, system.status) == ("one", "connected")
    assert (system.kind in collect.SYSTEM_KINDS, system.channel in collect.CHANNELS) == (True, True)
    assert KINDS[kind]


def test_a_source_is_described_by_one_system_only_and_a_second_is_told_by_which(app: App) -> None:
    with app.transaction() as inside:
        collect.register(inside, "tills", "tills")
        collect.add_system(inside, System(name="tills", kind="transactional", channel="store", source="tills"))

    with app.transaction() as inside, pytest.raises(SystemRefused, match="described by the system 'tills'"):
        collect.add_system(inside, System(name="Other", kind="transactional", channel="store", source="tills"))
