"""Asking a provider over real HTTP: hashes of those it is allowed for go out, and no more money than a day may cost."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from regulars import flow, profile, resolve
from regulars.app import App
from regulars.cli import main
from regulars.kit.clock import ManualClock
from regulars.kit.errors import RegularsError
from regulars.kit.outward import AddressRefused
from regulars.profile import ProviderAway
from regulars.profile.overlays.asking import SQL
from regulars.profile.overlays.protocols import protocols
from tests.conftest import START
from tests.engage.town import carry, customer_of, message, person, tell

YES = {"channel": "email", "purpose": "profiling"}
PEOPLE = ("ann", "ben", "cleo", "dan", "eve")
DECLARED = """
title: Household demographics
provider: Acme Data
key: email
ask: {{protocol: {protocol}, url: "{url}", headers: {{Authorization: "file:{secret}"}}, {more}}}
fields:
  income: {{title: Income, type: choice, choices: [low, middle, high], reads: [house.inc]}}
  rooms: {{type: number}}
license: {{text: One year}}
cost_cents_per_match: {cents}
expires_after_days: 365
purpose: {purpose}
"""


def sha(login: str) -> str:
    return hashlib.sha256(f"{login}@example.com".encode()).hexdigest()


class Provider:
    """Knows everybody but Eve; says what it was told to say first."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], Any]] = []
        self.first: list[tuple[int, dict[str, str], bytes]] = []
        self.known = {sha(login): {"house": {"inc": "High"}, "rooms": 4} for login in PEOPLE if login != "eve"}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.heard.append((self.path, dict(self.headers), body))
                people = [{"key": key, **outer.known[key]} for key in body["keys"] if key in outer.known]
                self.answer(200, {"records": [*people, {"key": sha("stranger"), "rooms": 1}]})

            def do_GET(self) -> None:
                outer.heard.append((self.path, dict(self.headers), None))
                found = outer.known.get(self.path.rpartition("/")[2])
                self.answer(404 if found is None else 200, {"person": found})

            def answer(self, status: int, content: Any) -> None:
                headers, body = dict[str, str](), json.dumps(content).encode()
                if outer.first:
                    status, headers, body = outer.first.pop(0)
                self.send_response(status)
                for name, value in (headers | {"content-length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/people"

    @property
    def keys(self) -> list[str]:
        """All hashes it was asked about, in that order."""
        return [key for _, _, body in self.heard for key in body["keys"]]


@pytest.fixture
def provider() -> Generator[Provider, None, None]:
    one = Provider()
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


@pytest.fixture
def town(app: App) -> App:
    """All said yes to profiling, but Dan."""
    at = START - timedelta(days=9)
    told = [person(login, at) for login in PEOPLE]
    yes = [message("track", one, at, event="Consent Given", properties=YES) for one in PEOPLE if one != "dan"]
    tell(app, "crm", [*told, *yes])
    carry(app)
    app.settings.home_path.mkdir(parents=True, exist_ok=True)
    app.settings.home_path.joinpath("acme").write_text("Bearer open sesame\n")
    return replace(app, settings=msgspec.structs.replace(app.settings, callback_hosts="127.0.0.1"))


def declare(app: App, url: str, more: str = "", protocol: str = "batch", purpose: str = "profiling", cents: float = 0):
    folder = app.settings.home_path / "overlays"
    folder.mkdir(parents=True, exist_ok=True)
    secret = app.settings.home_path / "acme"
    text = DECLARED.format(url=url, more=more, protocol=protocol, purpose=purpose, cents=cents, secret=secret)
    (folder / "acme.yaml").write_text(text)


def ask(app: App) -> profile.overlays.Asked:
    return profile.overlays.ask(app, "acme")


def standing(app: App) -> profile.overlays.Progress:
    with app.transaction() as inside:
        return profile.overlays.askings(inside)["acme"]


def bought(app: App, login: str) -> dict[str, str]:
    customer = customer_of(app, login)
    with app.transaction() as inside:
        return {one.field: one.value for one in profile.overlays.bought(inside, customer)}


def test_only_hashes_of_those_who_said_yes_leave_and_answers_stand_as_a_loaded_file_would(
    town: App, provider: Provider
) -> None:
    declare(town, provider.url, "keys_per_request: 2")

    done = ask(town)

    assert (done.asked, done.matched) == (4, 3)
    assert sorted(provider.keys) == sorted(sha(one) for one in PEOPLE if one != "dan")
    assert [len(body["keys"]) for _, _, body in provider.heard] == [2, 2]
    assert {headers["Authorization"] for _, headers, _ in provider.heard} == {"Bearer open sesame"}
    assert b"@" not in json.dumps([body for _, _, body in provider.heard]).encode()
    assert bought(town, "ann") == {"income": "high", "rooms": "4"}
    assert bought(town, "eve") == bought(town, "dan") == {}
    with town.transaction() as inside:
        (one,) = profile.overlays.bought(inside, customer_of(town, "ann"))[:1]
    assert (one.provider, one.loaded_at.date(), one.license.text) == ("Acme Data", START.date(), "One year")
    assert (standing(town).state, standing(town).without_yes) == ("waiting", 1)


def test_nobody_is_asked_about_twice_until_what_was_bought_expires(
    town: App, provider: Provider, clock: ManualClock
) -> None:
    declare(town, provider.url)
    ask(town)
    assert ask(town).asked == 0
    tell(town, "crm", [message("track", "dan", START, event="Consent Given", properties=YES)])
    carry(town)
    assert ask(town).asked == 1

    clock.move_to(START + timedelta(days=366))

    assert ask(town).asked == 5


def test_no_day_costs_more_than_declared_and_the_next_day_goes_on(
    town: App, provider: Provider, clock: ManualClock
) -> None:
    declare(town, provider.url, "cost_cents_per_key: 1, daily_cost_cents: 7", purpose="receipt", cents=2)
    provider.known[sha("eve")] = {"rooms": 1}

    first = ask(town)

    # Two may match for 6 cents, and a third might cost more than is left.
    assert (first.asked, first.is_at_limit) == (2, True)
    assert spent(town) == 6
    with town.transaction() as inside:
        assert profile.overlays.due(inside) == []
    clock.move_to(standing(town).next_at)
    with town.transaction() as inside:
        assert profile.overlays.due(inside) == ["acme"]
    ask(town)
    assert (len(provider.keys), spent(town)) == (4, 12)


def spent(app: App) -> float:
    with app.transaction() as inside:
        return sum(one.cost_cents + one.open_cents for one in profile.overlays.loads(inside))


def test_a_run_that_is_cut_off_after_asking_counts_what_it_may_have_cost_and_asks_again(
    town: App, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(town, provider.url, "daily_cost_cents: 100", purpose="receipt", cents=2)

    class Killed(BaseException):
        """As kill -9 would end it."""

    def dies(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("regulars.profile.overlays.asking._kept", dies)
        with pytest.raises(Killed):
            ask(town)
    assert (standing(town).state, spent(town), bought(town, "ann")) == ("cut off", 10, {})

    done = ask(town)

    assert (done.asked, done.matched) == (5, 4)
    assert spent(town) == 10 + 8
    assert bought(town, "ann") == {"income": "high", "rooms": "4"}


def test_a_provider_that_is_busy_is_asked_again_when_it_says_and_given_up_after_the_declared_tries(
    town: App, provider: Provider, clock: ManualClock
) -> None:
    declare(town, provider.url, "tries: 3")
    provider.first = [(429, {"retry-after": "40"}, b""), (503, {}, b"")]
    before = clock.now()

    assert ask(town).matched == 3
    assert 40 <= (clock.now() - before).total_seconds() < 60

    clock.move_to(START + timedelta(days=366))
    provider.first = [(503, {}, b"")] * 3
    with pytest.raises(ProviderAway, match="asked 3 times: it answered 503"):
        ask(town)
    assert standing(town).state == "failed"
    assert standing(town).next_at > clock.now()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, b"", r"does not let us in \(401\)"),
        (302, b"", "answered 302"),
        (200, b"<html>", "it is no JSON"),
        (200, b'{"records": 3}', "no list at 'records'"),
    ],
)
def test_an_answer_that_cannot_be_used_ends_the_run_and_says_why(
    town: App, provider: Provider, status: int, body: bytes, why: str
) -> None:
    declare(town, provider.url)
    provider.first = [(status, {"location": provider.url}, body)]

    with pytest.raises(ProviderAway, match=why):
        ask(town)

    assert len(provider.heard) == 1
    assert standing(town).fault is not None
    assert ask(town).matched == 3


def promised(app: App) -> float:
    """What counts as spent on asking today, dropped or not."""
    with app.transaction() as inside:
        said = "select coalesce(sum(cost_cents + open_cents), 0) from overlay_load where is_asked"
        return inside.db.execute(said).fetchall()[0][0]


def test_what_may_have_been_billed_stays_spent_and_what_was_turned_away_does_not(town: App, provider: Provider) -> None:
    declare(town, provider.url, "tries: 1, daily_cost_cents: 100", cents=2)
    expected = {302: 0, 401: 0, 403: 0, 404: 0, 429: 0, 503: 0, 400: 8, 500: 8, 502: 8, 504: 8}
    found: dict[int, float] = {}

    for status in expected:
        before = promised(town)
        provider.first = [(status, {}, b"")]
        with pytest.raises(ProviderAway, match=str(status)):
            ask(town)
        found[status] = promised(town) - before

    assert found == expected


def test_what_never_left_the_house_costs_nothing(
    town: App, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody there proves who he is.
    declare(town, provider.url.replace("http:", "https:"), "tries: 1, daily_cost_cents: 100", cents=2)
    with pytest.raises(ProviderAway, match="there was no connection"):
        ask(town)
    assert promised(town) == 0

    def leads_inside(*_: Any, **__: Any) -> Any:
        raise AddressRefused("It leads into our own network", "Give another")

    monkeypatch.setattr("regulars.profile.overlays.asking.send", leads_inside)
    with pytest.raises(AddressRefused):
        ask(town)
    assert (promised(town), provider.heard) == (0, [])


def test_a_broken_file_of_another_overlay_stops_no_asking(town: App, provider: Provider, clock: ManualClock) -> None:
    declare(town, provider.url)
    (town.settings.home_path / "overlays" / "broken.yaml").write_text("title: [")

    assert ask(town).matched == 3

    clock.move_to(standing(town).next_at)
    with town.transaction() as inside:
        assert profile.overlays.due(inside) == ["acme"]


def test_failures_that_spend_the_money_of_the_day_stand_as_a_fault_and_stay_until_somebody_answers(
    town: App, provider: Provider
) -> None:
    declare(town, provider.url, "daily_cost_cents: 9", cents=2)
    provider.first = [(504, {}, b"")]

    with pytest.raises(ProviderAway, match="asked 1 times: it answered 504"):
        ask(town)
    assert ask(town).is_at_limit

    assert (standing(town).state, standing(town).faults) == ("failed", 2)


def test_dropping_an_overlay_gives_nothing_of_the_day_back_and_a_file_takes_nothing_of_it(
    town: App, provider: Provider, clock: ManualClock
) -> None:
    declare(town, provider.url, "daily_cost_cents: 8", cents=2)
    ask(town)
    with town.transaction() as inside:
        assert profile.overlays.drop(inside, "acme") == 4
        assert profile.overlays.loads(inside) == []
        inside.db.execute("update overlay_load set cost_cents = 8")

    assert (ask(town).asked, ask(town).is_at_limit) == (0, True)

    with town.transaction() as inside:
        inside.db.execute("update overlay_load set is_asked = false")
    assert ask(town).asked == 4
    clock.move_to(START + timedelta(days=3))
    with town.transaction() as inside:
        profile.overlays.lapse(inside, clock.now())
        assert inside.db.execute("select count(*) from overlay_load where is_gone").fetchall() == [(0,)]


def test_a_run_that_is_dropped_stops_though_another_one_began(town: App, provider: Provider) -> None:
    declare(town, provider.url, "keys_per_request: 2")

    def begin_anew(_: object) -> None:
        with town.transaction() as inside:
            profile.overlays.drop(inside, "acme")
            given = {"overlay": "acme", "now": town.clock.now()}
            inside.db.execute(SQL.add_asking, given)

    assert profile.overlays.ask(town, "acme", begin_anew).asked == 2
    assert standing(town).ended_at is None


def test_values_that_cannot_be_read_are_left_out_and_counted(town: App, provider: Provider) -> None:
    provider.known[sha("ann")] = {"house": {"inc": "enormous"}, "rooms": 3}
    declare(town, provider.url)

    assert ask(town).unread == 1
    assert bought(town, "ann") == {"rooms": "3"}


def test_a_control_character_in_one_answer_spoils_neither_it_nor_the_batch(town: App, provider: Provider) -> None:
    provider.known[sha("ann")] = {"house": {"inc": "High"}, "motto": "on\0ward and\tup"}
    declare(town, provider.url)
    (path,) = town.settings.home_path.glob("overlays/*.yaml")
    path.write_text(path.read_text().replace("{type: number}", "{type: text, reads: [motto]}"))

    assert ask(town).matched == 3
    assert bought(town, "ann") == {"income": "high", "rooms": "onward and up"}


def test_an_object_by_hash_in_capital_letters_matches_as_a_list_does() -> None:
    protocol = protocols["batch"]
    how = msgspec.convert({"protocol": "batch", "url": "https://acme.example/x"}, protocol.settings)

    body = json.dumps({"records": {sha("ann").upper(): {"rooms": 4}}}).encode()

    assert protocol.answer(how, [sha("ann"), sha("ben")], body) == {sha("ann"): {"rooms": 4}}


def test_one_is_looked_up_after_the_other_at_the_declared_pace(
    town: App, provider: Provider, clock: ManualClock
) -> None:
    declare(town, f"{provider.url}/{{key}}", "record: person, requests_per_minute: 6", protocol="lookup")
    before = clock.now()

    assert ask(town).matched == 3
    assert sorted(path.rpartition("/")[2] for path, _, _ in provider.heard) == sorted(
        sha(one) for one in PEOPLE if one != "dan"
    )
    assert (clock.now() - before).total_seconds() == 30


def test_who_was_erased_while_the_provider_was_asked_leaves_no_answer_behind(
    town: App, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(town, provider.url)
    keep = profile.overlays.asking._kept  # pyright: ignore

    def erases_first(app: App, *rest: Any) -> Any:
        with app.transaction() as inside:
            flow.on_erasure(inside, resolve.erase(inside, customer_of(app, "ann"), START, 1), 1)
        return keep(app, *rest)

    monkeypatch.setattr("regulars.profile.overlays.asking._kept", erases_first)
    ask(town)

    with town.transaction() as inside:
        assert inside.db.execute("select count(*) from overlay_value").fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("url", "more", "cents", "why"),
    [
        ("http://acme.example/x", "", 0, "not a public machine over https"),
        ("https://acme.example/x", "token: abc", 0, "holds a secret itself"),
        ("https://acme.example/x?api_key=abc", "", 0, "a password or a token in it"),
        ("https://acme.example/x", "", 2, "has a limit a day"),
        ("https://acme.example/x", "colour: red", 0, "colour"),
    ],
)
def test_what_could_leak_or_cost_without_limit_is_refused(
    town: App, url: str, more: str, cents: float, why: str
) -> None:
    declare(town, url, more, cents=cents)

    with pytest.raises(RegularsError, match=why), town.transaction() as inside:
        profile.overlays.outlook(inside, "acme")


def test_the_command_line_says_what_asking_would_cost_before_it_asks(
    town: App, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(town, provider.url, "daily_cost_cents: 100", cents=2)
    for name, value in {"HOME": town.settings.home, "DATABASE_URL": town.settings.database_url}.items():
        monkeypatch.setenv(f"REGULARS_{name}", value)
    monkeypatch.setenv("REGULARS_CALLBACK_HOSTS", "127.0.0.1")

    tried = CliRunner().invoke(main, ["overlay", "try", "acme"])
    assert "4 may be asked about at 127.0.0.1, for at most 0.08. Nothing was sent" in tried.output
    assert "1 are not asked about: 1 without a yes" in tried.output
    assert provider.heard == []
    asked = CliRunner().invoke(main, ["overlay", "ask", "acme"])
    assert "Done: 4 asked about, 3 matched for 0.06" in asked.output
    assert "waiting, 4 of 4" in CliRunner().invoke(main, ["overlay", "list"], env={"COLUMNS": "200"}).output
