"""What cannot be answered is refused in words, on the page as in its JSON twin; and small claims of pages are true."""

from __future__ import annotations

import re

import pytest

from regulars import collect, design
from regulars.app import App
from regulars.kit.clock import ManualClock, day_number
from regulars.web.accounts import Role
from regulars.web.api.analyze import Comparison
from regulars.web.api.design import Journey, effect
from regulars.web.api.engage import Tally
from regulars.web.api.home import is_open
from regulars.web.api.vocabulary import Known
from regulars.web.pages.analyze import comparison
from regulars.web.pages.design import draw
from regulars.web.pages.vocabulary import event_title
from tests.conftest import START

from .site import Site

HUGE = "1" + "0" * 20
UNREADABLE = [
    f"/refusals?before={HUGE}",
    f"/api/refusals?before={HUGE}",
    f"/access?before={HUGE}",
    f"/customers/1/timeline?before={HUGE}",
    f"/api/customers/1/timeline?before={HUGE}",
    f"/api/outbox?customer={HUGE}",
    f"/api/moment?customer={HUGE}",
    "/api/moment?card=%00",
    "/api/outbox?before=%00",
    "/api/outbox?status=%00",
    "/outbox?before=%00",
    "/customers/1/traits/%00",
    "/traits/count?trait=top_category&is==&value=%00",
    "/reports/purchase_trends?until=0001-01-01",
    "/api/reports/purchase_trends?until=0001-01-01",
    "/api/reports/spend_quintiles?start=2026-01-01&until=2025-01-01",
]
MISSING = [
    f"/mail/{'a' * 300}",
    f"/api/mail/{'a' * 300}",
    f"/mail/{'a' * 300}/body",
    "/segments/lapsing_regulars/why/999999",
    "/api/segments/lapsing_regulars/why/999999",
    "/reports/nothing_like_it",
    "/api/reports/nothing_like_it",
    "/reports/nothing_like_it/rows.csv",
]


@pytest.mark.parametrize("path", UNREADABLE)
def test_what_cannot_even_be_looked_up_is_refused_and_breaks_nothing(site: Site, path: str) -> None:
    with site.client(Role.ADMIN) as client:
        answer = client.get(path)

    # A count says inside its page that it cannot run.
    assert answer.status_code in ((200,) if "/traits/count" in path else (400, 404)), path
    assert "Something broke" not in answer.text


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there_is_not_found_on_the_page_and_in_its_twin(site: Site, path: str) -> None:
    with site.client(Role.ADMIN) as client:
        assert client.get(path).status_code == 404, path


def test_an_unknown_report_is_answered_with_the_questions_there_are(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        text = client.get("/api/reports/nothing_like_it").text

    assert "Is the brand selling more, and why?" in text
    assert "purchase_trends" not in text


def test_an_account_with_a_character_no_text_holds_is_refused(site: Site) -> None:
    form = {"name": "Eve\0", "login": "eve", "role": "admin", "form_token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        assert client.post("/access", data=form).status_code == 400


@pytest.mark.parametrize(
    "rule",
    [
        [{"trait": "orders", "sign": ">", "value": 1}] * 5_000,
        [{"trait": "top_category", "sign": "=", "value": "\0"}],
        [{"trait": "orders", "sign": "=", "value": "many"}],
        [{"trait": "orders", "sign": ">", "value": 1e300}],
    ],
    ids=["long", "nul", "text", "huge"],
)
def test_a_rule_that_cannot_be_counted_is_refused(site: Site, rule: list[dict[str, object]]) -> None:
    with site.client(Role.ADMIN) as client:
        answer = client.post("/api/count", json=rule, headers={"x-form-token": site.form_token(Role.ADMIN)})

    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or rule[0]["value"] == 1e300


def test_the_catalogue_says_of_every_trait_what_kind_it_is(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        page, traits = client.get("/traits").text, client.get("/api/traits").json()

    assert "number or text" not in page
    assert {one["name"]: one["kind"] for one in traits}["top_category"] == "text"


def test_a_measure_that_drives_nothing_is_not_called_unknown(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        text = client.get("/reports/purchase_trends").text

    assert "No driver" in text
    assert "Not known" not in text


@pytest.mark.parametrize(("typed", "cents"), [("39.88", 3_988), ("$1,234.57", 123_457), ("0.29", 29), ("8", 800)])
def test_money_typed_into_a_rule_is_exactly_that_money(typed: str, cents: int) -> None:
    assert comparison("spend_cents", "=", typed) == Comparison(trait="spend_cents", sign="=", value=cents)


def test_a_week_is_over_when_its_sunday_is(app: App, clock: ManualClock) -> None:
    monday = day_number(clock.now(), app.settings.zone)  # Monday 2 March 2026
    sunday = monday - 1

    assert not is_open(sunday, today=monday)
    assert is_open(sunday, today=sunday)
    assert is_open(monday, today=monday)
    assert is_open(sunday - 3, today=monday)
    assert not is_open(None, today=monday)


def test_what_may_still_be_sent_is_not_counted_as_not_sent(app: App) -> None:
    with app.transaction() as inside:
        row = next(each for each in design.journeys(inside) if each.name == "win-back")
        counts = design.journey_counts(inside, "win-back")
    node = next(name for name, each in counts.graph.nodes.items() if type(each).__name__ == "Send")
    states = {
        "sent": 1,
        "ready": 2,
        "later": 4,
        "sending": 8,
        "suppressed": 16,
        "held": 32,
        "failed": 64,
        "unknown": 128,
    }
    wishes = [Tally(state=state, reason=state, why=None, count=count) for state, count in states.items()]

    flow = draw(Journey(row=row, counts=counts, effect=effect({}, {}), wishes={node: wishes}))

    said = [step.skipped for each in flow for step in (each, *each.side) if step.skipped]
    assert said[0].startswith("Not sent to 240: ")


@pytest.mark.parametrize("query", ["delimiter=ab", "delimiter=,&encoding=idna", "delimiter=,&encoding=nothing"])
def test_a_spelling_that_the_form_does_not_offer_is_none(site: Site, query: str) -> None:
    token = {"x-form-token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        key = client.put("/imports/upload?name=a.csv", content=b"email\nx@corner.example\n", headers=token).json()[
            "key"
        ]

        answer = client.get(f"/imports/preview?file={key}&{query}")

    assert answer.status_code == 200


def test_an_event_has_its_page_whatever_signs_its_name_holds(site: Site) -> None:
    name = "Menu/Opened ? now"
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "slashes", "web")
        said = {"type": "track", "event": name, "userId": "u1", "messageId": "slash"}
        collect.accept(inside, source, [said], received_at=site.app.clock.now())
    watch = collect.Watch(site.app)
    while watch.step():
        pass

    with site.client(Role.ADMIN) as client:
        listed = client.get("/vocabulary").text
        link = re.search(r'href="(/vocabulary/event\?name=Menu[^"]*)"', listed)
        assert link is not None
        answer = client.get(link[1])

    assert answer.status_code == 200
    assert name in answer.text


def test_who_looks_at_a_group_of_refusals_is_in_the_audit_log(site: Site) -> None:
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "odd", "web")
        collect.accept(inside, source, [{"type": "odd", "userId": "u1"}], received_at=site.app.clock.now())
        like = collect.refusal_groups(inside, collect.RefusalSearch(source="odd"))[0].like
    token = {"x-form-token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        answers = [
            client.get(f"/refusals/mend?like={like}"),
            client.post("/api/refusals/try", json={"like": like}, headers=token),
            client.put("/api/systems", json={"name": "Wi-Fi", "kind": "behavioral", "channel": "store"}, headers=token),
            client.delete("/api/systems?name=Wi-Fi", headers=token),
        ]

    with site.app.transaction() as inside:
        lines = inside.db.execute("select object from audit_log order by id desc limit 4").fetchall()
    assert [answer.status_code for answer in answers] == [200, 200, 200, 204]
    assert [line[0] for line in reversed(lines)] == [f"refusal:{like}"] * 2 + ["system:Wi-Fi"] * 2


@pytest.mark.parametrize(("ways", "said"), [(1, "in 1 way"), (199, "in 199 ways"), (200, "in at least 200 ways")])
def test_ways_to_break_the_plan_beyond_those_listed_are_said_to_be_more(ways: int, said: str) -> None:
    use = collect.EventUse("till", "tills", "track", "Sale", 999, START)
    sale = Known(name="Sale", group="", origin="", meaning="", is_planned=True, declared=None, uses=[use], broken=999)

    assert event_title(sale, ways) == f"Sale breaks the plan {said}"
