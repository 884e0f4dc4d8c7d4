"""Segments by program: drafts, making, changing, archiving, export; every act is in the audit."""

from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest

from regulars import analyze
from regulars.web.accounts import Role

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
