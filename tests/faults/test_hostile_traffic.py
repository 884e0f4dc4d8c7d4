"""F22: traffic made from the published OpenAPI document, by every kind of caller, to break the gateway and the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import SkipTest

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from regulars import collect, privacy, resolve, web
from regulars.app import App
from regulars.collect.errors import RequestTooLarge
from regulars.collect.http import answers
from regulars.engage import catcher
from regulars.kit.clock import ManualClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.web import access, accounts
from tests.collect.door_server import Serving, basic, lane_of
from tests.conftest import START, stored
from tests.databases import Databases
from tests.engage import town
from tests.faults.furniture import BUYERS, BUYS, SEGMENT, furnish_analysis, undo

EXAMPLES = 100 if os.environ.get("REGULARS_TEST_LOAD_SIZE") == "full" else 3
"""Of what an operation may be sent, and as many of what it may not."""
TURNED_AWAY = 1
"""So many of each are enough for somebody who is turned away before anything is read."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SECRET = "a secret that both know"
LETTER = "letter-0"
# What is there, for the fields of paths by their names; `name` means something else in each room.
THERE: dict[str, Any] = {
    "customer": 1,
    "number": 1,
    "seq": 1,
    "trait": "orders",
    "source": "shop",
    "ident": 1,
    "stage": "nurture",
}
THERE |= {"space": "default", "identifier": "user_id:ann"}
NAMED = {
    "segments": "lapsing_regulars",
    "traits": "orders",
    "journeys": "win-back",
    "reports": "purchase_trends",
    "mail": LETTER,
    "scores": "channel_breadth",
    "surveys": "found-it",
    "practices": "coupons",
    "expectations": "returns",
    "opportunities": "overdue_regulars",
}
# The demo's own segments are not edited, this one is.
MADE = "/api/segments/{name}"
ASKED: dict[str, dict[str, Any]] = {
    "get /api/moment": {"card": "4711"},
    "get /api/audit": {"source": "till"},
    "delete /api/systems": {"name": "Ledger"},
}
SENT: dict[str, Any] = {
    "put /api/systems": {"name": "Ledger", "kind": "CRM", "channel": "phone"},
    "post /api/count": [{"trait": "orders", "sign": ">", "value": 0}],
    "post /api/refusals/try": {"like": 1, "mends": [{"do": "set", "field": "event", "value": "Seen"}]},
    "post /api/refusals/replay": {"like": 1},
    "post /api/refusals/{number}/clear": {"reason": "Somebody asked what we hold"},
    "post /api/live/{seq}/clear": {"reason": "Somebody asked what we hold"},
    "post /api/customers/{number}/export": {"reason": "She asked what we hold"},
    "post /api/privacy/requests": {"kind": "access", "regime": "GDPR", "contact": "ann@example.com"},
    "post /api/privacy/requests/{number}/steps": {"action": "note", "note": "She called"},
    "post /api/privacy/retention": {},
    "post /api/surveys/{name}/ask": {"customer": 1},
    "post /api/follow-ups/{ident}/done": {"note": "Called her"},
    "post /api/personas/{ident}": {"name": "Night owls"},
    "post /api/shifts/{ident}/acknowledge": {"note": "The new till"},
    "post /api/segments/draft": {"rule": BUYS},
    "post /api/segments": {"title": BUYERS, "rule": BUYS},
    "put /api/segments/{name}": {
        "title": "Made here",
        "rule": BUYS,
    },
    "post /api/segments/{name}/archive": {"reason": "Nobody asks for it"},
    "post /api/segments/{name}/restore": {"reason": "Somebody asks for it"},
    "post /hooks/{source}": {"id": 1},
    "post /v1/spaces/{space}/collections/users/profiles/batch": {"profiles": ["user_id:ann", "email:x@example.com"]},
}
PICTURES = ("/pixel/", "/i", "/com.snowplowanalytics", "/beacon/")


@dataclass(frozen=True)
class Caller:
    """Somebody who sends, and where that is answered with success, by method and path."""

    headers: dict[str, str]
    reaches: Callable[[str], bool] = lambda operation: False


@dataclass(frozen=True)
class Brand:
    """An installation with something in every room, served whole."""

    app: App
    url: str
    callers: dict[str, Caller] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    """Bodies that hold something of this installation, by operation."""


def is_api(operation: str) -> bool:
    return "/api/" in operation or "/v1/spaces/" in operation


def is_moment(operation: str) -> bool:
    return operation == "get /api/moment"


def is_read(operation: str) -> bool:
    return is_api(operation) and operation.startswith("get ")


def takes_events(operation: str) -> bool:
    return not is_api(operation) and any(f" {start}" in operation for start in ("/v1/", *PICTURES))


@pytest.fixture(scope="module")
def brand(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Generator[Brand, None, None]:
    home = tmp_path_factory.mktemp("hostile")
    with databases.lent() as url, stored(url) as store:
        made = Settings(home=str(home), database_url=url, brand_name="Corner Market")
        app = App(settings=made, store=store, lake=Lake(home / "lake"), clock=ManualClock(START), dice=SeededDice(1))
        whole = web.create_app(app)
        callers = furnish(app)
        sent = {"post /api/surveys/answers": {"url": furnish_analysis(app, 1), "score": 1}}
        with Serving(whole, lane_of(whole.gateway)) as served:
            yield Brand(app, served.url, callers, sent)


def furnish(app: App) -> dict[str, Caller]:
    """Something in every room, and everybody who may call."""
    at = app.clock.now()
    ann = town.person("ann", at)
    ann["traits"]["loyalty_card"] = "4711"
    town.tell(app, "crm", [ann, town.order("ann", at)])
    town.carry(app)
    with app.transaction() as inside:
        till, key = collect.register(inside, "till", "tills")
        collect.accept(inside, till, [{"type": "track", "userId": "ann"}], received_at=at)
        asked = {"kind": "access", "regime": "GDPR", "contact": "", "received_at": at, "actor": "Ada"}
        assert privacy.open_request(inside, **asked) == 1
        collect.add_webhook(inside, "custom", "shop", SECRET, {"scheme": "token", "header": "x-secret"})
    collect.flush(app)
    resolve.prepare(app)
    (app.settings.home_path / "retention.yaml").write_text("classes: {browsing: {events: [page], keep: 90 days}}")
    privacy.retention.try_out(app)
    folder = catcher.folder_of(app.settings)
    folder.mkdir(parents=True)
    (folder / f"{LETTER}.eml").write_text("From: a@example.com\nTo: b@example.com\nSubject: Hello\n\nHello")
    assert key is not None
    return callers_of(app, key)


def callers_of(app: App, write_key: str) -> dict[str, Caller]:
    """Every kind of caller."""
    with app.transaction() as inside:
        admin = accounts.add_account(inside, "Ada", "ada", web.Role.ADMIN)
        associate = accounts.add_account(inside, "Tom", "tom", web.Role.ASSOCIATE)
        tokens = {name: access.open_session(inside, who) for name, who in (("admin", admin), ("till", associate))}
        ended = access.open_session(inside, admin)
        reach = {web.Role.ADMIN: list(web.SCOPES), web.Role.ASSOCIATE: ["moment:read"]}
        keys = {
            role: web.add_server_key(inside, f"key of {role}", scopes, collect.RATE_MAX).key
            for role, scopes in reach.items()
        }
    visitors = {name: access.by_cookie(app, token) for name, token in tokens.items()}
    gone = access.by_cookie(app, ended)
    assert gone is not None
    with app.transaction() as inside:
        access.close_session(inside, gone)

    def session(token: str, form_token: str = "") -> dict[str, str]:
        return {"Cookie": f"regulars_session={token}"} | ({"X-Form-Token": form_token} if form_token else {})

    def bearer(key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"}

    tokens_of_forms = {name: visitor.form_token for name, visitor in visitors.items() if visitor}
    return {
        "nobody": Caller({}),
        "write key": Caller(basic(write_key), takes_events),
        "unknown write key": Caller(basic("rk_live_write_0000000000_0")),
        "vendor": Caller({"X-Secret": SECRET}, lambda operation: "/hooks/" in operation),
        "administrator": Caller(session(tokens["admin"], tokens_of_forms["admin"]), is_api),
        "administrator on a page that is not ours": Caller(session(tokens["admin"]), is_read),
        "associate": Caller(session(tokens["till"], tokens_of_forms["till"]), is_moment),
        "session that has ended": Caller(session(ended)),
        "key of an administrator": Caller(bearer(keys[web.Role.ADMIN]), is_api),
        "key of an associate": Caller(bearer(keys[web.Role.ASSOCIATE]), is_moment),
        "unknown server key": Caller(bearer("rk_server_whoever")),
    }


@dataclass(frozen=True)
class Operation:
    """One operation of the document: a request that is answered with success, and what else it may get."""

    label: str
    scope: str
    """What a server key needs for it, as the document says."""
    right: Case
    others: list[Case]


@pytest.fixture(scope="module")
def operations(brand: Brand) -> list[Operation]:
    document = requests.get(
        brand.url + "/api/openapi.json", headers=brand.callers["administrator"].headers, timeout=30
    ).json()
    found = [result.ok() for result in schemathesis.openapi.from_dict(document).get_all_operations()]
    return [
        Operation(
            label=label_of(one),
            scope=one.definition.raw.get("x-scope", ""),
            right=right(one, SENT | brand.sent),
            others=[case for mode in MODES for case in made(one, mode)],
        )
        for one in found
    ]


def label_of(operation: Any) -> str:
    return f"{operation.method} {operation.path}"


def right(operation: Any, sent: dict[str, Any]) -> Case:
    """The request with which an operation does its work."""
    label = label_of(operation)
    room = next((name for part, name in NAMED.items() if part in operation.path), "")
    if MADE in label and not label.startswith("get "):
        room = SEGMENT
    given: dict[str, Any] = {"query": ASKED.get(label, {})}
    if "{" in operation.path:
        given["path_parameters"] = THERE | {"name": room}
    if operation.body:
        given |= {"body": sent.get(label, {"batch": [], "data": []}), "media_type": operation.body[0].media_type}
    return operation.Case(**given)


def made(operation: Any, mode: GenerationMode) -> list[Case]:
    """What may be sent to it, or what may not."""
    found: list[Case] = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def keep(case: Case) -> None:
        found.append(case)

    with suppress(SkipTest, Unsatisfiable):  # nothing can be wrong with a request that asks for nothing
        keep()
    return found


def attack(brand: Brand, caller: Caller, operations: list[Operation]) -> set[str]:
    """Send everything as this caller; where that was answered with success. Raises on the first wrong answer."""
    answered: set[str] = set()
    with requests.Session() as session:
        for operation in operations:
            undo(brand.app, operation.label)
            others = operation.others if caller.reaches(operation.label) else operation.others[:TURNED_AWAY]
            for case in [operation.right, *others]:
                answer = case.call_and_validate(
                    base_url=brand.url, headers=caller.headers, checks=CHECKS, session=session, timeout=60
                )
                if answer.status_code < 300:
                    answered.add(operation.label)
    return answered


KINDS = (
    "nobody",
    "write key",
    "unknown write key",
    "vendor",
    "administrator",
    "administrator on a page that is not ours",
    "associate",
    "session that has ended",
    "key of an administrator",
    "key of an associate",
    "unknown server key",
)


@pytest.mark.parametrize("kind", KINDS)
def test_f22_no_caller_breaks_anything_or_gets_beyond_what_is_documented_and_theirs(
    brand: Brand, operations: list[Operation], kind: str
) -> None:
    caller = brand.callers[kind]

    answered = attack(brand, caller, operations)

    # What is missing here, and may be theirs, wants a request of its own in SENT or ASKED.
    theirs = {one.label for one in operations if caller.reaches(one.label)}
    assert answered == theirs | {"get /health"}


@pytest.mark.parametrize("scope", web.SCOPES)
def test_f22_a_key_of_one_scope_gets_exactly_what_the_document_says_of_it(
    brand: Brand, operations: list[Operation], scope: str
) -> None:
    with brand.app.transaction() as inside:
        key = web.add_server_key(inside, f"only {scope}", [scope], collect.RATE_MAX).key
    caller = Caller({"Authorization": f"Bearer {key}"})

    answered = attack(brand, caller, [replace(one, others=[]) for one in operations])

    theirs = {one.label for one in operations if one.scope == scope}
    assert theirs
    assert answered == theirs | {"get /health"}


def test_f22_a_key_over_its_rate_is_told_so_as_documented_and_a_revoked_one_gets_nothing(
    brand: Brand, operations: list[Operation]
) -> None:
    with brand.app.transaction() as inside:
        slow = web.add_server_key(inside, "slow", list(web.SCOPES), 1).key
        gone = web.add_server_key(inside, "gone", list(web.SCOPES), collect.RATE_MAX)
        web.revoke_server_key(inside, gone.id)
    once = [replace(one, others=[]) for one in operations]

    over = attack(brand, Caller({"Authorization": f"Bearer {slow}"}), once)
    nothing = attack(brand, Caller({"Authorization": f"Bearer {gone.key}"}), once)

    assert 1 < len(over) < len([one for one in operations if is_api(one.label)])
    assert nothing == {"get /health"}


def test_f22_every_kind_of_caller_calls(brand: Brand) -> None:
    assert set(brand.callers) == set(KINDS)


def some(operations: list[Operation], label: str) -> list[Operation]:
    return [one for one in operations if one.label == label]


def test_f22_a_gateway_that_says_something_else_than_documented_is_caught(
    brand: Brand, operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "success", lambda counts: b'{"ok":1}')

    with pytest.raises(FailureGroup, match="violates schema"):
        attack(brand, brand.callers["write key"], some(operations, "post /v1/cloudevents"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [(ZeroDivisionError(), "Server error"), (RequestTooLarge("no", "less"), "Undocumented status code")],
)
def test_f22_an_api_that_breaks_or_answers_what_is_not_documented_is_caught(
    brand: Brand, operations: list[Operation], monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str
) -> None:
    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr(collect, "inventory", broken)

    with pytest.raises(FailureGroup, match=said):
        attack(brand, brand.callers["administrator"], some(operations, "get /api/systems"))


def test_f22_an_api_that_lets_everybody_in_is_caught(
    brand: Brand, operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = access.Visitor(account=1, name="Ada", role=web.Role.ADMIN, form_token="", session=b"")
    monkeypatch.setattr(access, "visitor_of", lambda connection: ada)
    nobody = brand.callers["nobody"]

    answered = attack(brand, nobody, some(operations, "get /api/sources"))

    assert {one for one in answered if not nobody.reaches(one)} == {"get /api/sources"}
