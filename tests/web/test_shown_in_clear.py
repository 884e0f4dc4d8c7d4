"""What speaks of people is masked on every page, and shown in the clear to an administrator who says why."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from regulars import collect
from regulars.web.accounts import Role

from .site import Site

MAIL = "clementine.sorrel@example.org"
SAID = {"phone_number": 12125550142, "zip": "10001-7788", "form": {"callback": [{"name": "Clementine Sorrel"}]}}
SECRETS = (MAIL, "12125550142", "10001-7788", "Sorrel")
REASON = "Ticket 4711"


class Shown(NamedTuple):
    """Where an event and a refusal of the same person stand."""

    event: int
    refusal: int
    conflict: int


@pytest.fixture(scope="module")
def shown(site: Site) -> Shown:
    """An event, another body under its id, and a message that was refused."""
    said = {"type": "track", "event": f"Callback for {MAIL}", "messageId": "masked-1", "userId": "u1", "traits": SAID}
    said |= {"properties": {"email": MAIL, f"asked by {MAIL}": 1, **SAID}}
    other = said | {
        "properties": {
            f"asked by {MAIL}": 1,
            **SAID,
            "email": f"b.{MAIL}",
            "form": {"callback": [{"name": "Sorrel Clementine"}]},
        }
    }
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "callbacks", "web")
        for message in (said, other, said | {"type": "odd", "messageId": "masked-2"}):
            collect.accept(inside, source, [message], received_at=site.app.clock.now())
        row = inside.db.execute("select seq from journal where message_id = 'masked-1'").fetchall()
        rows = inside.db.execute("select id from refusal where source_id = %s order by id", [source.id]).fetchall()
    return Shown(row[0][0], rows[1][0], rows[0][0])


def paths(shown: Shown) -> list[str]:
    number = shown.refusal
    return [
        f"/live/{shown.event}",
        f"/refusals/{number}",
        f"/refusals/{shown.conflict}",
        f"/refusals/mend?like={number}",
    ]


def test_no_page_and_no_answer_that_is_read_shows_anybody(site: Site, shown: Shown) -> None:
    twins = [
        f"/api/live/{shown.event}",
        f"/api/refusals/{shown.refusal}",
        "/api/refusals?source=callbacks",
        "/api/live",
    ]
    tricks = [f"/live/{shown.event}?unmasked=1&reason=x", f"/refusals/{shown.refusal}?clear=1&reason=x"]
    with site.client(Role.ADMIN) as client:
        answers = {path: client.get(path) for path in [*paths(shown), *twins, *tricks]}
        token = {"x-form-token": site.form_token(Role.ADMIN)}
        answers["try"] = client.post("/api/refusals/try", json={"like": shown.refusal}, headers=token)

    for path, answer in answers.items():
        assert answer.status_code == 200, path
        assert not [each for each in SECRETS if each in answer.text], path
    changes = answers[f"/api/live/{shown.event}"].json()["event"]["contradictions"][0]["changes"]
    assert {change["path"] for change in changes} == {"properties.email", "properties.form.callback.0.name"}


def test_a_rewritten_message_that_is_refused_again_shows_what_was_typed_and_no_more(site: Site) -> None:
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "hand-sent", "web")
        refused = {"type": "odd", "messageId": MAIL, "userId": "u1"}
        collect.accept(inside, source, [refused], received_at=site.app.clock.now())
        (row,) = inside.db.execute("select id from refusal where source_id = %s", [source.id]).fetchall()

    with site.client(Role.ADMIN) as client:
        form = {"body": '{"type": "odder", "userId": "u2"}', "form_token": site.form_token(Role.ADMIN)}
        answer = client.post(f"/refusals/{row[0]}/send", data=form)

    assert (answer.status_code, "odder" in answer.text, MAIL in answer.text) == (200, True, False)


MOVED = [
    ("rename", "properties.email", "properties.code"),
    ("rename", "traits.form.callback", "properties.codes"),
    ("rename", "traits.zip", "timestamp"),
    ("rename", "properties.email", "type"),
    ("cast", "traits.phone_number", "text"),
    ("replace", '"zip"', '"day"'),
    ("replace", '"phone_number"', '"n"'),
    ("replace", "@", " at "),
    ("replace", '"odd"', '"track"'),
]


@pytest.mark.parametrize(("do", "field", "value"), MOVED)
def test_no_mend_carries_a_value_out_of_its_mask(site: Site, shown: Shown, do: str, field: str, value: str) -> None:
    mends = [{"do": do, "field": field, "value": value}, {"do": "set", "field": "messageId", "value": "masked-3"}]
    mends += [{"do": "set", "field": "type", "value": "track"}] if value != "type" else []
    address = {"like": str(shown.refusal), "do1": do, "field1": field, "value1": value}
    with site.client(Role.ADMIN) as client:
        token = {"x-form-token": site.form_token(Role.ADMIN)}
        tried = client.post("/api/refusals/try", json={"like": shown.refusal, "mends": mends}, headers=token)
        page = client.get("/refusals/mend", params=address)

    assert tried.json()["would_pass"] == (value not in ("timestamp", "type"))
    for text in (tried.text, page.text):
        assert not [each for each in (*SECRETS, "sorrel") if each in text]


def test_an_id_that_names_somebody_is_masked_beside_the_message_as_in_it(site: Site) -> None:
    said = {"type": "track", "event": "Signup", "messageId": f"signup-{MAIL}", "userId": "u1"}
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "signups", "web")
        for message in (said, said | {"type": "odd"}):
            collect.accept(inside, source, [message], received_at=site.app.clock.now())
        rows = inside.db.execute("select max(id) from refusal").fetchall()
        rows += inside.db.execute("select max(seq) from journal").fetchall()
    paths = [f"/refusals/{rows[0][0]}", f"/live/{rows[1][0]}", "/refusals?source=signups", "/live?source=signups"]
    with site.client(Role.ADMIN) as client:
        texts = [client.get(prefix + path).text for path in paths for prefix in ("", "/api")]

    for text in texts:
        assert MAIL not in text
        assert "s…l@e…g" in text


def test_a_refusal_that_is_kept_in_part_is_not_offered_for_rewriting_whether_masked_or_not(site: Site) -> None:
    said = {"type": "odd", "event": "Signup", "userId": "u1", "properties": {"n": "x" * 40_000}}
    with site.app.transaction() as inside:
        source, _ = collect.register(inside, "signups", "web")
        collect.accept(inside, source, [said], received_at=site.app.clock.now())
        rows = inside.db.execute("select max(id) from refusal").fetchall()
    form = {"reason": REASON, "form_token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        path = f"/refusals/{rows[0][0]}"
        masked, clear = client.get(path).text, client.post(f"{path}/clear", data=form).text

    assert ["Only its first 16 KB are kept" in text for text in (masked, clear)] == [True, True]
    assert "To rewrite it" not in masked


def test_it_is_shown_in_the_clear_for_a_reason_which_is_written_down(site: Site, shown: Shown) -> None:
    token = {"x-form-token": site.form_token(Role.ADMIN)}
    things = {f"/live/{shown.event}": f"event:{shown.event}", f"/refusals/{shown.refusal}": f"refusal:{shown.refusal}"}
    with site.client(Role.ADMIN) as client:
        for path, thing in things.items():
            page = client.post(f"{path}/clear", data={"reason": REASON}, headers=token)
            twin = client.post(f"/api{path}/clear", json={"reason": REASON}, headers=token)

            assert not [each for each in SECRETS if each not in page.text or each not in json.dumps(twin.json())]
            with site.app.transaction() as inside:
                lines = inside.db.execute(
                    "select who, object, note from audit_log where action = 'saw personal data in the clear'"
                    " order by id desc limit 2"
                ).fetchall()
            assert lines == [("Administrator", thing, REASON)] * 2


@pytest.mark.parametrize("reason", ["", "   ", "\0"])
def test_without_a_reason_nothing_is_shown_or_written(site: Site, shown: Shown, reason: str) -> None:
    token = {"x-form-token": site.form_token(Role.ADMIN)}
    count = "select count(*) from audit_log where action = 'saw personal data in the clear'"
    with site.app.transaction() as inside:
        before = inside.db.execute(count).fetchone()
    with site.client(Role.ADMIN) as client:
        for path in (f"/live/{shown.event}/clear", f"/refusals/{shown.refusal}/clear"):
            answers = [
                client.post(path, data={"reason": reason}, headers=token),
                client.post(f"/api{path}", json={"reason": reason}, headers=token),
            ]
            assert [answer.status_code for answer in answers] == [400, 400]
            assert MAIL not in "".join(answer.text for answer in answers)

    with site.app.transaction() as inside:
        assert inside.db.execute(count).fetchone() == before


def test_an_associate_sees_nobody_in_the_clear(site: Site, shown: Shown) -> None:
    form = {"reason": REASON, "form_token": site.form_token(Role.ASSOCIATE)}
    with site.client(Role.ASSOCIATE) as client:
        answers = [client.post(f"{path}/clear", data=form) for path in paths(shown)[:2]]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_refusal_is_rewritten_once_it_is_shown_in_the_clear(page: Page, shown: Shown) -> None:
    page.goto(f"/refusals/{shown.refusal}")
    expect(page.get_by_role("button", name="Send it")).to_have_count(0)
    page.get_by_label("Why you need it in the clear").fill(REASON)
    page.get_by_role("button", name="Show in the clear").click()
    text = page.get_by_label("The message as JSON")
    text.fill(text.input_value().replace('"odd"', '"track"'))
    page.get_by_role("button", name="Send it").click()

    expect(page.get_by_text("It is accepted")).to_be_visible()


def test_a_file_is_looked_at_without_showing_anybody_in_it(site: Site) -> None:
    head, row = "E-Mail,Cell,Full name,Zip,Orders", f"{MAIL},12125550142,Clementine Sorrel,10001-7788,3"
    token = {"x-form-token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        put = client.put("/imports/upload?name=people.csv", content=f"{head}\n{row}\n".encode(), headers=token)
        file = put.json()["key"]
        page, preview = client.get(f"/imports/new?file={file}").text, client.get(f"/imports/preview?file={file}").text

    for text in (page, preview):
        assert "c…l@e…g" in text
        assert not [each for each in SECRETS if each in text]
