"""What speaks of people is hidden by one rule: by the name of a field, by what it stands in, by how a value looks."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars import collect

NAMES = (
    *("email", "email_address", "emailAddress", "phone", "phone_number", "phoneNumber", "mobile", "cell", "tel", "fax"),
    *("zip", "zipcode", "postal_code", "postcode", "full_name", "first_name", "firstName", "firstname", "surname"),
    *("dob", "birthdate", "birth_date", "date_of_birth", "birthday", "street", "address", "address1", "address_line_2"),
    *("city", "billing_address_1", "customer_email", "recipient_name", "shipping-phone", "ip", "userAgent", "userId"),
    *("loyalty_card", "payment_token", "card_number", "note", "latitude", "gender", "ssn", "iban", "review_body"),
)
VALUES = ("1984-05-02", "Clementine", "41.5067812", 12125550142, 4.5067812, "10001-2345")
LOOKS = (
    *("clem@example.com", "+1 212 555 0142", "(212) 555-0142", "2125550142", 12125550142, 12125550142.0),
    *("4111 1111 1111 1111", "4111111111111111", 4111111111111111, 378282246310005, "203.0.113.9", "2001:db8::8a2e"),
    *("write to clem@example.com today", "call 212-555-0142 after six", "it was 4111-1111-1111-1111, I think"),
)
PLAIN = {
    "event": "Order Completed",
    "messageId": "node-next-1711111111-7f2a",
    "timestamp": "2026-03-02T15:04:05+02:00",
    "created": 1711111111,
    "received_ms": 1711111111123,
    "order_id": "10452",
    "id": 820982911946154508,
    "order_number": "2125550142",
    "revenue": 39.98,
    "total": "1234567.50",
    "sku": "CT-18LB",
    "platform": "ios",
    "relation": "late",
    "version": "10.15.7.1",
    "email_sent_at": "2026-03-02T15:04:05Z",
    "verified": True,
    "url": "https://shop.example/p/981760?size=xl",
    "library": {"name": "@segment/analytics-node"},
    "products": [{"product_id": "981760", "name": "Dry cat food, 18 lb", "price": 21.49}],
    "page": {"name": "Winter sale", "title": "Winter sale"},
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", VALUES)
def test_a_field_that_is_named_like_personal_data_is_hidden_text_or_number(name: str, value: object) -> None:
    for message in ({name: value}, {"properties": {"more": [{name: [value]}]}}, {"traits": {"deep": {name: value}}}):
        assert str(value) not in json.dumps(collect.hidden(message))


@pytest.mark.parametrize("name", ["address", "billing_address", "addresses", "phone", "emails", "userId", "full_name"])
def test_what_stands_below_such_a_field_is_hidden_too(name: str) -> None:
    shown = json.dumps(collect.hidden({"traits": {name: [{"kind": {"deep": "Clementine"}, "n": 12345}]}}))

    assert "Clementine" not in shown
    assert "12345" not in shown


@pytest.mark.parametrize("value", LOOKS)
def test_a_value_that_looks_like_personal_data_is_hidden_whatever_its_field_is_called(value: object) -> None:
    shown = json.dumps(collect.hidden({"properties": {"x": [value], "y": {"z": value}}}))

    assert not [part for part in ("clem@", "555", "41111", "1111 1", "822463", "203.0", "8a2e") if part in shown]


def test_what_says_nothing_of_a_person_stays_as_it_is() -> None:
    assert collect.hidden(PLAIN) == PLAIN


def test_a_name_is_hidden_unless_it_is_that_of_a_thing() -> None:
    said = {
        "traits": {"name": "Clementine Sorrel"},
        "properties": {"callback": {"name": "Clementine Sorrel"}, "customer_name": "Clementine Sorrel"},
        "context": {"device": {"name": "Clementine Sorrel's phone"}},
    }

    assert "Sorrel" not in json.dumps(collect.hidden(said))
    assert collect.hidden({"product_name": "Mug", "campaign": {"name": "June"}})["product_name"] == "Mug"


@pytest.mark.parametrize("beside", ["title", "url", "path", "referrer"])
def test_a_name_beside_a_job_title_or_an_address_is_that_of_a_person(beside: str) -> None:
    for above in ("traits", "customer", "lead", "properties"):
        assert "Sorrel" not in json.dumps(collect.hidden({above: {"name": "Clementine Sorrel", beside: "VP"}}))


def test_a_name_that_no_page_screen_or_group_says_of_itself_is_hidden() -> None:
    form = {"name": "Clementine Sorrel", "email": "clem@example.com"}

    assert collect.hidden(form)["name"] == "C…l"
    assert collect.hidden(form | {"type": "lead"})["name"] == "C…l"
    assert collect.hidden({"type": "page", "name": "Winter sale"})["name"] == "Winter sale"


@pytest.mark.parametrize(
    "text", [' {"name": "%s"}', '{"note": "a\nb", "name": "%s"}', '{"name": "%s", "cut": "h', "[%s"]
)
def test_json_in_a_text_is_hidden_whatever_stands_before_it_and_wherever_it_was_cut(text: str) -> None:
    assert (
        "Clementine" not in collect.hidden({"properties": {"data": text % "Clementine Sorrel"}})["properties"]["data"]
    )


def test_json_in_a_text_and_arguments_in_an_address_are_hidden_like_any_other() -> None:
    said = {"data": '{"email": "clem@example.com", "size": 4}', "u": "/p?email=clem%40example.com&color=blue"}

    shown = collect.hidden({"properties": said})["properties"]

    assert shown["data"] == '{"email": "c…m@e…m", "size": 4}'
    assert shown["u"] == "/p?email=c…m@e…m&color=blue"


@pytest.mark.parametrize("mark", "?&;#")
def test_the_name_of_an_argument_ends_where_another_begins_so_marks_in_a_row_are_read_once(mark: str) -> None:
    said = {"properties": {"u": f"/p?email{mark}color=blue", "more": "=" + mark * 32_000}}

    assert collect.hidden(said) == said


def test_the_first_argument_is_hidden_where_nothing_stands_before_it() -> None:
    said = {"u": "first_name=Clementine&last_name=Sorrel", "v": "write to clem@example.com, a=1"}

    assert collect.hidden({"properties": said})["properties"] == {
        "u": "first_name=C…e&last_name=S…l",
        "v": "w…m@e…1",
    }


def test_of_special_data_not_even_the_ends_are_shown() -> None:
    assert collect.hidden({"traits": {"gender": "female", "religion": "none"}}) == {
        "traits": {"gender": "…", "religion": "…"}
    }


def test_what_nobody_can_read_into_fields_is_hidden_as_a_whole() -> None:
    assert collect.hidden_text("email=clem@example.com") == "(22 bytes that are no JSON: masked as a whole)"
    assert "clem" not in collect.hidden_text('{"type": "track", "traits": {"email": "clem@example.com"}… (cut: …)')
    assert collect.hidden_text('{"email": "clem@example.com", "n": NaN}') == '{"email":"c…m@e…m","n":NaN}'


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("clem@example.com"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=6), inside, max_size=3),
    max_leaves=12,
)


@given(ANY, ANY)
def test_whatever_a_message_holds_it_is_shown_without_an_address(one: Any, other: Any) -> None:
    assert "clem@example.com" not in json.dumps(collect.hidden({"x": one}))
    changes = collect.differences({"x": one}, {"x": other}, collect.hidden)
    assert "clem@example.com" not in json.dumps([(each.before, each.after) for each in changes])


def test_a_difference_hides_what_the_message_hides_and_is_told_all_the_same() -> None:
    before = {"traits": {"address": {"street": "1 Pine Road", "unit": "4b"}, "children": [{"name": "Theodora"}]}}
    after = {"traits": {"address": {"street": "1 Pane Road"}, "children": [{"name": "Thessalia"}]}}

    changes = collect.differences(before, after, collect.hidden)

    assert [(each.path, each.before, each.after) for each in changes] == [
        ("traits.address.street", '"1…d"', '"1…d"'),
        ("traits.address.unit", '"…"', None),
        ("traits.children.0.name", '"T…a"', '"T…a"'),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Mail to clem@example.com opened", "Mail to c…m@e…m opened"),
        ("mail_clem%40example.com", "m…m"),
        ("Called 212-555-0142", "Called 2…2"),
        ("call +12125550142", "call +…2"),
        ("SMS 2125550142", "SMS 2…2"),
        ("Order Completed", "Order Completed"),
        ("Step 3 of 4, variant 10.2", "Step 3 of 4, variant 10.2"),
        ("campaign 20260302", "campaign 20260302"),
        ("4111111111111111", "4…1"),
        ("Card 4111 1111 1111 1111", "Card 4…1"),
        ("4111-1111-1111-1111 declined", "4…1 declined"),
        ("DE89370400440532013000", "D…0"),
        ("to GB29 NWBK 6016 1331 9268 19", "to G…9"),
        ("id4155550190", "id4…0"),
        ("call_4155550190", "call_4…0"),
        ("call_415.555.0190_now", "call_4…0_now"),
        ("Due 2026-11-23", "Due 2026-11-23"),
        ("order 12345 2026-11-23 10:15:00", "order 12345 2026-11-23 10:15:00"),
        ("AB12 SALE CODE", "AB12 SALE CODE"),
    ],
)
def test_an_address_in_a_name_is_masked_and_the_name_stays_readable(name: str, shown: str) -> None:
    assert collect.shown_name(name) == shown
    assert list(collect.hidden({name: 1})) == [shown]


FORMER_EMAIL = re.compile(r"[^\s<>()\[\]\"',;:]+(?:@|%40)[^\s<>()\[\]\"',;:]+")


# Fewer digits than a telephone has: those are masked as a number, which is judged above.
@given(st.text(alphabet="ab@%40 ,<>:.", max_size=24).filter(lambda name: sum(map(str.isdigit, name)) < 7))
def test_an_address_in_a_name_is_masked_from_one_mark_to_the_next(name: str) -> None:
    assert collect.shown_name(name) == FORMER_EMAIL.sub(lambda found: collect.masked(found[0]), name)


def test_a_long_name_is_masked_without_being_read_from_each_of_its_signs() -> None:
    long = "a" * 100_000

    assert collect.shown_name(long + "@") == long + "@"
    assert collect.shown_name(f"{long}@example.com") == "a…a@e…m"
    assert collect.shown_name(f"mail%40{long}@") == "m…a@…"
    assert collect.shown_name("4 " * 50_000) == "4…4 "
