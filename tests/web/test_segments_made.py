"""Segments by program: drafts, making, changing, archiving, export; every act is in the audit."""

from io import BytesIO
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from regulars import analyze, collect
from regulars.web import add_server_key, words
from regulars.web.accounts import Role
from regulars.web.api import segments

from .site import Site

BOUGHT: dict[str, Any] = {"kind": "trait", "trait": "orders", "is": ">=", "value": 1}


def settle(site: Site) -> None:
    while analyze.adopt(site.app):
        pass


def test_a_segment_is_made_changed_archived_and_every_act_is_written_down(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        token = {"x-form-token": site.form_token(Role.ADMIN)}
        made = client.post("/api/segments", json={"title": "Api buyers", "rule": BOUGHT}, headers=token)
        assert (made.status_code, made.json()) == (201, {"name": "api_buyers", "version": 1})
        again = client.post("/api/segments", json={"title": "Api buyers", "rule": BOUGHT}, headers=token)
        assert again.json()["code"] == "RG-1470"
        settle(site)
        listed = {one["segment"]["name"]: one["segment"] for one in client.get("/api/segments").json()}
        assert (listed["api_buyers"]["made"]["state"], listed["api_buyers"]["size"] > 0) == ("live", True)

        change = {"title": "Api buyers", "rule": BOUGHT | {"value": 2}, "reason": "too many", "based_on": 1}
        assert client.put("/api/segments/api_buyers", json=change, headers=token).json()["version"] == 2
        assert client.put("/api/segments/api_buyers", json=change, headers=token).status_code == 409
        assert [v["reason"] for v in client.get("/api/segments/api_buyers/versions").json()] == ["too many", ""]
        gone = client.post("/api/segments/api_buyers/archive", json={"reason": "a test"}, headers=token)
        assert gone.json()["version"] == 3
        settle(site)
        assert "api_buyers" not in {one["segment"]["name"] for one in client.get("/api/segments").json()}

    with site.app.transaction() as app:
        rows = app.db.execute("select action from audit_log where object = 'segment:api_buyers' order by id").fetchall()
    assert [row[0] for row in rows] == ["saved a segment", "saved a segment", "archived a segment"]


def test_a_draft_is_counted_exactly_and_said(site: Site) -> None:
    rule = {"kind": "all", "of": [BOUGHT, {"kind": "none", "of": [BOUGHT | {"value": 10}]}]}
    with site.client(Role.ADMIN) as client:
        token = {"x-form-token": site.form_token(Role.ADMIN)}
        told = client.post("/api/segments/draft", json={"rule": rule}, headers=token).json()
        wrong = client.post("/api/segments/draft", json={"rule": BOUGHT | {"is": "?"}}, headers=token)

    with site.app.transaction() as app:
        exact = app.db.execute(
            "select count(*), sum(spend_365_cents)::bigint from trait_state where known and orders between 1 and 9"
        ).fetchone()
    assert (told["people"], told["spend_cents"]) == exact
    assert told["sentence"] == "with at least 1 order and not (with at least 10 orders)"
    assert len(told["parts"]) == 2
    assert len(told["sample"]) == min(5, told["people"])
    assert (wrong.status_code, wrong.json()["code"]) == (400, "RG-1402")


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_an_export_holds_every_member_with_her_traits(site: Site, form: str) -> None:
    with site.client(Role.ADMIN) as client:
        answer = client.get(f"/api/segments/email_readers/export?format={form}")
        wrong = client.get("/api/segments/nobody/export")

    with site.app.transaction() as app:
        count = app.db.execute("select count(*) from segment_member where segment = 'email_readers'").fetchone()
    if form == "parquet":
        rows = pq.read_table(BytesIO(answer.content)).num_rows
    else:
        rows = len(answer.content.splitlines()) - (form == "csv")
    assert (rows,) == count
    assert wrong.status_code == 404


def test_no_cell_of_an_export_is_a_formula(site: Site) -> None:
    with site.app.transaction() as app:
        row = app.db.execute("select segment, customer from segment_member order by 1, 2 limit 1").fetchone()
        assert row is not None
        before = app.db.execute("select last_store from trait_state where customer = %s", [row[1]]).fetchone()
        assert before is not None
        app.db.execute("update trait_state set last_store = '=1+1' where customer = %s", [row[1]])
        text = b"".join(analyze.export(app, row[0], "csv")).decode()
        app.db.execute("update trait_state set last_store = %s where customer = %s", [before[0], row[1]])

    assert ",=1+1," not in text
    assert ",'=1+1," in text


def tried(site: Site, scopes: list[str], rule: dict[str, Any]) -> Any:
    """What a key with these scopes is told of a draft."""
    with site.app.transaction() as app:
        key = add_server_key(app, f"drafts of {len(scopes)}", scopes, collect.RATE_MAX).key
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{site.url}/api/segments/draft", json={"rule": rule}, headers=headers).json()


def tries(site: Site) -> list[tuple[str, str]]:
    """Who was shown some people, of which rule."""
    with site.app.transaction() as app:
        told = app.db.execute("select who, note from audit_log where action = 'tried a rule' order by id").fetchall()
    return [(who, note) for who, note in told]


def test_a_draft_names_people_to_whoever_may_read_customers_and_masks_them_for_others(site: Site) -> None:
    clear = tried(site, ["segments:read", "customers:read"], BOUGHT)
    hidden = tried(site, ["segments:read"], BOUGHT)

    assert (hidden["people"], len(hidden["sample"])) == (clear["people"], 5)
    assert all(one["customer"] is None and one["name"][1:-1] == "…" for one in hidden["sample"])
    assert [one["name"] for one in hidden["sample"]] == [words.masked(one["name"]) for one in clear["sample"]]
    assert all(one["customer"] for one in clear["sample"])
    said = "with at least 1 order"
    assert tries(site)[-2:] == [("drafts of 2", said), ("drafts of 1", said)]


def test_of_fewer_than_five_people_only_whoever_may_read_customers_sees_any(site: Site) -> None:
    with site.app.transaction() as app:
        spent = app.db.execute("select spend_cents from trait_state where known order by 1 desc limit 4").fetchall()
    few = {"kind": "trait", "trait": "spend_cents", "is": ">=", "value": spent[-1][0]}
    before = tries(site)

    hidden = tried(site, ["segments:read"], few)
    assert (0 < hidden["people"] < 5, hidden["sample"]) == (True, [])
    assert tries(site) == before
    assert len(tried(site, ["segments:read", "customers:read"], few)["sample"]) == hidden["people"]


def test_one_export_is_written_at_a_time_and_none_takes_the_last_of_the_disk(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "EXPORT_WAIT_SECONDS", 0.0)
    with site.client(Role.ADMIN) as client:

        def answered() -> tuple[int, str]:
            answer = client.get("/api/segments/email_readers/export")
            return answer.status_code, answer.text

        with segments._room_to_write():
            busy = answered()
        monkeypatch.setattr(segments, "IN_MEMORY_BYTES", 0)
        monkeypatch.setattr(segments, "LEFT_FREE_BYTES", 1 << 60)
        full = answered()
        monkeypatch.undo()
        after = answered()

    assert (busy[0], "Another export is being written" in busy[1]) == (409, True)
    assert (full[0], "0 MiB of disk" in full[1]) == (409, True)
    assert after[0] == 200
