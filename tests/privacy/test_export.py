"""Everything we hold about one person, in one file, and nothing of anybody else."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from regulars import collect, privacy
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.profile import NoSuchCustomer
from tests.engage.town import carry, customer_of, message, order, person, tell


class Unpacked:
    """An export as whoever gets it reads it."""

    def __init__(self, app: App, customer: int, look: collect.Look = collect.in_the_clear) -> None:
        packed = io.BytesIO()
        with app.transaction() as inside:
            self.export = privacy.export(inside, customer, packed, look)
        with zipfile.ZipFile(packed) as archive:
            self.texts = {name: archive.read(name).decode() for name in archive.namelist()}

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.texts[f"data/{name}.jsonl"].splitlines()]

    def everything(self) -> str:
        return "\n".join(self.texts.values())


def known(app: App, login: str, **traits: Any) -> dict[str, Any]:
    told = person(login, app.clock.now())
    return told | {"traits": told["traits"] | traits}


def test_an_export_holds_her_fields_events_decisions_and_where_they_come_from(app: App, clock: ManualClock) -> None:
    tell(app, "crm", [known(app, "ada", address={"street": "1 Mill Street", "city": "Albany"})])
    clock.sleep(60)
    tell(app, "crm", [order("ada", clock.now(), note="left at the door")])
    carry(app)

    given = Unpacked(app, customer_of(app, "ada"))

    events = {row["name"]: row for row in given.rows("journal")}
    assert events["Order Completed"]["body"]["properties"]["note"] == "left at the door"
    assert {row["field"]: row["value"] for row in given.rows("profile_field")}["first_name"] == "Ada"
    assert [(row["channel"], row["allowed"]) for row in given.rows("consent")] == [("email", True)]
    assert "ada@example.com" in given.texts["index.html"]
    assert {row["source"] for row in given.rows("journal")} == {"crm", "regulars"}


def test_every_file_is_named_with_its_rows_and_its_sum(app: App) -> None:
    tell(app, "crm", [known(app, "ada")])
    carry(app)

    given = Unpacked(app, customer_of(app, "ada"))

    manifest = json.loads(given.texts["manifest.json"])
    named = {file["name"]: file["rows"] for file in manifest["files"]}
    assert named.keys() == given.texts.keys() - {"manifest.json"}
    assert named["data/journal.jsonl"] == len(given.rows("journal"))
    assert "data/journal.jsonl" in given.texts["README.txt"]


def test_of_a_shared_address_only_her_own_part_is_given(app: App) -> None:
    home = {"email": "home@example.com", "email_verified": False}
    tell(app, "crm", [known(app, "ada", **home), known(app, "bob", **home), known(app, "cyd", **home)])
    tell(
        app, "crm", [message("track", "bob", app.clock.now(), event="Survey Answered", properties={"answer": "secret"})]
    )
    tell(
        app,
        "crm",
        [message("track", "bob", app.clock.now(), event="Unsubscribed", properties={"email": home["email"]})],
    )
    carry(app)
    with app.transaction() as inside:
        inside.db.execute(
            "insert into suppression (channel, address, reason, at) values ('email', %s, 'complaint of bob', %s)",
            [home["email"], app.clock.now()],
        )
        (ada,) = inside.db.execute("select customer from profile where first_name = 'Ada'").fetchone() or (0,)

    given = Unpacked(app, ada)

    (shared,) = [row for row in given.rows("identifiers") if row.get("email") == home["email"]]
    assert shared["used_by_others_too"]
    assert "secret" not in given.everything()
    assert "bob" not in given.everything().lower()


def test_a_masked_export_names_nobody(app: App) -> None:
    tell(app, "crm", [known(app, "ada", last_name="Lovelace", phone="+12125550123")])
    carry(app)

    given = Unpacked(app, customer_of(app, "ada"), collect.hidden)

    for secret in ("ada@example.com", "Lovelace", "+12125550123"):
        assert secret not in given.everything(), secret
    assert given.export.is_masked
    assert len(given.rows("journal")) > 0


def test_a_number_she_had_before_leads_to_the_same_export(app: App, clock: ManualClock) -> None:
    tell(app, "crm", [known(app, "ada")])
    tell(app, "web-store", [known(app, "countess", first_name="Ada")], kind="shop")
    carry(app)
    before = customer_of(app, "countess")
    clock.sleep(60)
    tell(app, "web-store", [known(app, "countess", first_name="Ada", email="ada@example.com")], kind="shop")
    carry(app)

    given = Unpacked(app, before)

    assert given.export.customer == customer_of(app, "ada")
    assert [row["old"] for row in given.rows("redirect")] == [before]


def test_an_export_tells_how_her_traits_changed(app: App, clock: ManualClock) -> None:
    tell(app, "crm", [person("ann", clock.now()), order("ann", clock.now(), "12.50")])
    carry(app)

    changes = Unpacked(app, customer_of(app, "ann")).rows("trait_change")

    assert [(one["spend_cents"], one["orders"], one["cause"]) for one in changes] == [(1250, 1, "event")]
    assert {"id", "seq", "customer"}.isdisjoint(changes[0])


def test_nobody_is_exported_who_is_not_there(app: App) -> None:
    with app.transaction() as inside, pytest.raises(NoSuchCustomer):
        privacy.export(inside, 404, io.BytesIO())


def test_what_rests_on_an_address_nobody_verified_is_marked(app: App) -> None:
    home = {"email": "ada@home.example", "email_verified": False}
    tell(app, "crm", [known(app, "ada", **home)])
    till = {"order_id": "o1", "revenue": "5.00", "email": home["email"], "payment_token": "tok-7", "products": []}
    bought = {"type": "track", "event": "Order Completed", "messageId": "till-1", "properties": till}
    tell(app, "tills", [bought | {"timestamp": (app.clock.now() - timedelta(days=1)).isoformat()}], kind="tills")
    carry(app)

    with app.transaction() as inside:
        (ada,) = inside.db.execute("select customer from profile where first_name = 'Ada'").fetchone() or (0,)
        found = privacy.scope(inside, ada)

    assert {one.type for one in found.weak} >= {"payment"} or {one.value for one in found.weak} >= {"tok-7"}
    assert all("e-mail" in one.why_weak for one in found.weak)
