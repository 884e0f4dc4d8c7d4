"""Profiles as programs ask for them: by any identifier, as far as the key may see, no more often than they change."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from psycopg import Rollback

from regulars import analyze, collect, flow, resolve
from regulars.profile import HeldEvent
from regulars.web import add_server_key
from regulars.web.api import profiles as api
from regulars.web.keys import SCOPES

from . import seed
from .site import Site

BASE = "/v1/spaces/default/collections/users/profiles"
NUMBER = 5
PERSON = seed.person(NUMBER)


def asking(site: Site, *scopes: str) -> httpx.Client:
    """A program as Segment's clients ask: the key is the user of basic authentication."""
    with site.app.transaction() as inside:
        key = add_server_key(inside, "profiles", list(scopes), collect.RATE_MAX).key
    return httpx.Client(base_url=site.url, auth=(key, ""), timeout=30)


@pytest.fixture(scope="module")
def clear(site: Site) -> Generator[httpx.Client, None, None]:
    with asking(site, "profiles:read", "customers:read") as client:
        yield client


@pytest.fixture(scope="module")
def masked(site: Site) -> Generator[httpx.Client, None, None]:
    with asking(site, "profiles:read") as client:
        yield client


def get(client: httpx.Client, identifier: str, part: str = "traits", **asked: Any) -> dict[str, Any]:
    answer = client.get(f"{BASE}/{identifier}/{part}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_profile_is_found_by_every_identifier_it_has(clear: httpx.Client) -> None:
    ways = [f"user_id:u{NUMBER}", f"email:{PERSON['email']}", f"phone:{PERSON['phone']}", "phone:(212) 555-0005"]
    ways += [f"loyalty_card:{PERSON['loyalty_card']}"]
    metadata = [get(clear, way, "metadata")["metadata"] for way in ways]

    assert {each["profile_id"] for each in metadata} == {metadata[0]["profile_id"]}
    own = get(clear, metadata[0]["profile_id"])
    assert own["traits"] == get(clear, f"regulars_id:{metadata[0]['profile_id'][4:]}")["traits"]
    assert metadata[0]["first_message_id"] == f"crm-{NUMBER}"
    assert metadata[0]["first_source_id"] == "crm"


def test_traits_are_golden_fields_computed_traits_and_segments_page_by_page(clear: httpx.Client) -> None:
    pages, after = dict[str, Any](), ""
    while True:
        answer = get(clear, f"user_id:u{NUMBER}", limit=7, next=after)
        pages |= answer["traits"]
        after = answer["cursor"]["next"]
        assert len(answer["traits"]) == 7 or not answer["cursor"]["has_more"]
        if not answer["cursor"]["has_more"]:
            break
    whole = get(clear, f"user_id:u{NUMBER}", limit=200)["traits"]
    by_class = {of: get(clear, f"user_id:u{NUMBER}", **{"class": of, "limit": 200})["traits"] for of in
                ("trait", "computed_trait", "audience")}  # fmt: skip

    assert pages == whole == by_class["trait"] | by_class["computed_trait"] | by_class["audience"]
    assert list(whole) == sorted(whole)
    assert (whole["first_name"], whole["address"]["city"]) == (PERSON["first_name"], "Albany")
    assert whole["orders"] > 0
    assert set(get(clear, f"user_id:u{NUMBER}", include="orders,email")["traits"]) == {"orders", "email"}
    verbose = get(clear, f"user_id:u{NUMBER}", include="email", verbose="true")["traits"]["email"]
    assert (verbose["value"], verbose["source_id"]) == (PERSON["email"], "crm")


def test_a_brands_own_field_of_a_traits_name_hides_neither(site: Site) -> None:
    with site.app.transaction() as inside, inside.db.transaction():
        (customer,) = resolve.find(inside, [resolve.Named("user_id", f"u{NUMBER}")])
        inside.db.execute(
            "create temporary table own on commit drop as select * from profile_field where field = 'email'"
        )
        inside.db.execute("update own set field = 'orders', value = 'on Fridays'")
        inside.db.execute("insert into profile_field select * from own")
        assert customer is not None
        told = api.traits_of(inside, [customer], is_clear=True)[customer]
        raise Rollback

    assert told["orders"][0] == "computed_trait"
    assert (told["field_orders"][0], told["field_orders"][1].value) == ("trait", "on Fridays")


def test_segments_are_traits_of_a_class_and_a_list_with_their_titles(site: Site, clear: httpx.Client) -> None:
    with site.app.transaction() as inside:
        member = analyze.members(inside, "lapsing_regulars")[0]
    segments = get(clear, f"use_{member.customer}", "segments")["data"]
    audiences = get(clear, f"use_{member.customer}", **{"class": "audience"}, verbose="true")["traits"]

    (lapsing,) = (one for one in segments if one["segment"] == "lapsing_regulars")
    assert lapsing["title"] == "Lapsing regulars"
    assert audiences["lapsing_regulars"] == {"value": True, "source_id": "regulars", "updated_at": lapsing["since"]}
    assert list(audiences) == [one["segment"] for one in segments]


def test_a_key_that_may_not_read_customers_gets_what_names_nobody(masked: httpx.Client, clear: httpx.Client) -> None:
    whose = f"user_id:u{NUMBER}"
    hidden, shown = (get(client, whose, limit=200)["traits"] for client in (masked, clear))
    ids = [one["id"] for one in get(masked, whose, "external_ids")["data"]]
    said = str([get(masked, whose, part) for part in ("traits", "external_ids", "events", "metadata")])

    assert hidden["orders"] == shown["orders"] > 0
    assert hidden["email"] == "h…5@e…m" != shown["email"]
    assert all("…" in one or set(one) == {"•"} for one in ids)
    for secret in (PERSON["email"], PERSON["phone"], PERSON["loyalty_card"], PERSON["last_name"], "Mill Street"):
        assert secret not in said


def test_an_address_in_the_name_of_an_event_is_shown_to_nobody_who_may_not_read_customers() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    held = HeldEvent(seq=1, message_id="m", source="web", kind="track", name="Mailed ann@example.com", at=at, body={})

    told = [api.event(api.Asker(customer=1, is_clear=clear, url=""), held).event for clear in (False, True)]

    assert told == ["Mailed a…n@e…m", "Mailed ann@example.com"]


def test_external_ids_say_their_type_and_how_strong_they_are(clear: httpx.Client) -> None:
    found = get(clear, f"user_id:u{NUMBER}", "external_ids", verbose="true")["data"]
    one_page = get(clear, f"user_id:u{NUMBER}", "external_ids", limit=1)
    emails = get(clear, f"user_id:u{NUMBER}", "external_ids", include="email")["data"]

    assert (found[0]["type"], found[0]["id"], found[0]["strength"]) == ("user_id", f"u{NUMBER}", "login")
    assert {"email", "phone", "loyalty_card"} <= {one["type"] for one in found}
    assert (len(one_page["data"]), one_page["cursor"]["has_more"], one_page["cursor"]["next"]) == (1, True, "1")
    assert [one["id"] for one in emails] == [PERSON["email"]]


def test_events_come_in_either_order_filtered_and_page_by_page(clear: httpx.Client) -> None:
    whose = f"user_id:u{NUMBER}"
    newest, oldest = (get(clear, whose, "events", sort=sort, limit=100)["data"] for sort in ("desc", "asc"))
    paged, after = list[str](), ""
    while True:
        answer = get(clear, whose, "events", limit=4, next=after)
        paged += [one["message_id"] for one in answer["data"]]
        after = answer["cursor"]["next"]
        if not answer["cursor"]["has_more"]:
            break
    orders = get(clear, whose, "events", include="Order Completed", limit=100)["data"]
    others = get(clear, whose, "events", exclude="Order Completed", limit=100)["data"]
    until = seed.FIRST + timedelta(weeks=3)
    early = get(clear, whose, "events", end=until.isoformat(), limit=100)["data"]

    assert paged == [one["message_id"] for one in newest] == [one["message_id"] for one in reversed(oldest)]
    assert {one["event"] for one in orders} == {"Order Completed"}
    assert len(orders) + len(others) == len(newest)
    assert orders[0]["properties"]["products"]
    assert oldest[0]["type"] == "identify"
    assert oldest[0]["external_ids"][0] == {"collection": "users", "type": "user_id", "id": "u5", "encoding": "none"}
    assert 0 < len(early) < len(newest)
    assert get(clear, whose, "events", start="2100-01-01")["data"] == []


def test_whoever_has_the_answer_already_is_told_so(clear: httpx.Client) -> None:
    path = f"{BASE}/user_id:u{NUMBER}/traits"
    first = clear.get(path)
    again = clear.get(path, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    other = clear.get(path, headers={"if-none-match": first.headers["etag"]}, params={"limit": 3})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert other.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"


def test_a_question_that_cannot_be_read_or_is_too_long_or_without_a_key_says_which(
    site: Site, clear: httpx.Client
) -> None:
    deep = clear.post(f"{BASE}/batch", content="[" * 100_000, headers={"content-type": "application/json"})
    many = clear.post(f"{BASE}/batch", json={"profiles": [], "include": ["email"] * 201})
    known = clear.post(f"{BASE}/batch", json={"profiles": []}, headers={"if-none-match": "*"})
    other = clear.delete(f"{BASE}/user_id:u{NUMBER}/traits")
    nobody = httpx.get(f"{site.url}{BASE}/user_id:u{NUMBER}/traits", auth=("rk_server_x", ""))

    assert (deep.status_code, "nested too deep" in deep.text) == (400, True)
    assert (many.status_code, "at most 200" in many.text) == (400, True)
    assert (known.status_code, other.status_code) == (200, 405)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="regulars"')
    assert "server key" in nobody.text


def test_an_unknown_identifier_or_a_bad_question_is_answered_in_the_documented_form(
    site: Site, clear: httpx.Client
) -> None:
    unknown = ["user_id:nobody", "email:x@nowhere.example", "shoe_size:44", "regulars_id:999999999", "use_x", "plain"]
    answers = [clear.get(f"{BASE}/{one}/traits") for one in unknown]
    answers += [clear.get("/v1/spaces/other/collections/users/profiles/user_id:u5/traits")]
    wrong = [
        clear.get(f"{BASE}/user_id:u5/{part}")
        for part in ("traits?limit=0", "traits?class=odd", "events?start=soon", "events?next=x", "links?limit=21")
    ]
    with httpx.Client(base_url=site.url) as nobody, asking(site, "health:read") as other:
        shut = [client.get(f"{BASE}/user_id:u5/traits") for client in (nobody, other)]

    assert {(one.status_code, one.json()["error"]["code"]) for one in answers} == {(404, "not_found")}
    assert {(one.status_code, one.json()["error"]["code"]) for one in wrong} == {(400, "invalid_request_error")}
    assert [one.status_code for one in shut] == [401, 403]
    assert {one.json()["error"]["code"] for one in shut} == {"authentication_error"}


def test_many_profiles_are_looked_up_at_once_in_the_order_asked_for(clear: httpx.Client) -> None:
    asked = [f"user_id:u{NUMBER}", "email:x@nowhere.example", f"phone:{seed.person(9)['phone']}", f"user_id:u{NUMBER}"]
    answer = clear.post(f"{BASE}/batch", json={"profiles": asked, "include": ["email", "orders"]}).json()["data"]
    too_many = clear.post(f"{BASE}/batch", json={"profiles": asked * 26})

    assert [one["identifier"] for one in answer] == asked
    assert [one["traits"].get("email") for one in answer] == [
        PERSON["email"], None, seed.person(9)["email"], PERSON["email"],
    ]  # fmt: skip
    assert answer[1]["profile_id"] is None
    assert (too_many.status_code, too_many.json()["error"]["code"]) == (400, "invalid_request_error")


def test_a_merged_id_leads_to_whoever_it_is_now_and_accounts_are_linked(site: Site, clear: httpx.Client) -> None:
    at = site.app.clock.now()
    said = [
        {"type": "identify", "userId": "ina", "traits": {"email": "ina@two.example"}},
        {"type": "identify", "anonymousId": "cookie-of-ina", "traits": {"phone": "+12125557001"}},
        {"type": "group", "userId": "ina", "groupId": "acme", "traits": {"name": "Acme"}},
    ]
    tell(site, said)
    before = [get(clear, one, "metadata")["metadata"]["profile_id"] for one in ("user_id:ina", "phone:+12125557001")]
    tell(site, [{"type": "identify", "userId": "ina", "anonymousId": "cookie-of-ina"}])
    after = get(clear, before[1], "metadata")["metadata"]
    links = get(clear, before[0], "links")["data"]
    answer = clear.get(f"{BASE}/{before[1]}/traits")

    assert before[0] != before[1]
    assert {after["profile_id"], *after["merged_ids"]} == set(before)
    assert answer.headers["content-location"] == f"{BASE}/{after['profile_id']}/traits"
    assert [(one["to_collection"], one["external_ids"][0]["id"]) for one in links] == [("accounts", "acme")]
    assert get(clear, "anonymous_id:cookie-of-ina", "metadata")["metadata"]["profile_id"] == after["profile_id"]
    assert at == site.app.clock.now()


def tell(site: Site, said: list[dict[str, Any]]) -> None:
    """Through the door and the flow."""
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "profiles", "web")
        at = site.app.clock.now()
        messages = [one | {"messageId": f"profiles-{at}-{place}-{len(said)}"} for place, one in enumerate(said)]
        collect.accept(inside, source, messages, received_at=at)
    while True:
        with site.app.transaction() as inside:
            batch = collect.claim(inside, 1_000)
            if batch is None:
                return
            flow.on_events(inside, batch)
            collect.advance(inside, batch)


def test_every_type_of_identifier_is_offered_and_the_scope_says_what_it_reaches() -> None:
    assert {"user_id", "anonymous_id", "email", "phone", "loyalty_card", "device_id"} <= set(resolve.ID_TYPES)
    assert "masked" in SCOPES["profiles:read"]
