"""A file becomes events in three steps, in a real browser: choose it, see what it means, run it; and take it back."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pyarrow
import pyarrow.parquet as parquet
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from regulars import collect
from regulars.collect.files import uploads
from regulars.web.accounts import Role
from regulars.web.pages.imports import plan

from .site import Site, context_of

ROWS = 3_000
RUN_MS = 60_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till's export with a German date, a decimal comma and two rows that are wrong."""
    path = tmp_path_factory.mktemp("exports") / "kasse mai.csv"
    rows = [f"r{at};{at % 28 + 1:02d}.05.2025 12:00;{at},50;{4_100_000 + at};3" for at in range(ROWS)]
    wrong = ["r;soon;1,00;;3", "more;cells;than;there;are;columns"]
    path.write_text("\n".join(["Receipt no;Date;Total;Card;Store", *rows, *wrong]))
    return path


def violations(page: Page) -> list[str]:
    """What axe finds here, one line each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']} at {one['nodes'][0]['target']}: {one['nodes'][0]['failureSummary']}" for one in found]


@pytest.mark.parametrize(("theme", "size"), [("light", (1440, 900)), ("dark", (1024, 768))])
def test_a_file_is_chosen_understood_run_and_undone(
    browser: Browser, site: Site, file: Path, theme: str, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    context = context_of(browser, site, Role.ADMIN, color_scheme=theme, viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)

    page.goto("/imports/new")
    faults += violations(page)
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Upload and look at it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("kasse mai.csv seems to hold orders")
    expect(page.get_by_label("Place of Total")).to_have_value("properties.revenue")
    expect(page.locator("#preview")).to_contain_text('"revenue":0.5')
    faults += violations(page)
    page.get_by_label("Place of Store").select_option("")
    expect(page.locator("#preview")).not_to_contain_text("store_id")
    page.get_by_role("button", name="What will be refused?").click()
    expect(page.locator("#checked")).to_contain_text("2 rows of 3,002 will be refused")
    page.get_by_label("Source", exact=True).fill(f"till-{theme}")
    faults += violations(page)

    page.get_by_role("button", name="Import kasse mai.csv").click()
    done = page.get_by_role("heading", level=1, name=f"{ROWS:,} events of kasse mai.csv are in; 2 rows refused")
    expect(done).to_be_visible(timeout=RUN_MS)
    page.reload()
    expect(page.get_by_role("heading", name="Refused rows")).to_be_visible()
    faults += violations(page)

    page.get_by_text("Undo this import").click()
    faults += violations(page)
    page.get_by_role("button", name="Undo: withdraw 3,000 events").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("kasse mai.csv was undone: 3,000 events withdrawn")
    page.goto("/imports")
    expect(page.locator("tbody tr").first).to_contain_text("Undone")
    faults += violations(page)
    context.close()
    assert faults == []


def test_a_file_that_cannot_be_read_says_so_where_it_would_be_seen(site: Site) -> None:
    token = {"x-form-token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        refused = client.put(
            "/imports/upload?name=x.pdf", content=b"%PDF", headers=token | {"accept": "application/json"}
        )
        key = client.put("/imports/upload?name=../../x.csv", content=b"\n\n", headers=token).json()["key"]
        page = client.get("/imports/new", params={"file": key})

    assert (refused.status_code, refused.json()["code"]) == (400, "RG-1137")
    assert key.endswith("-x.csv")
    assert (page.status_code, "x.csv has no header line" in page.text, "-x.csv has" in page.text) == (200, True, False)


def test_a_file_without_a_row_is_not_said_to_go_in_whole(site: Site) -> None:
    key = upload(site, "heads.csv", b"id,name\n").json()["key"]

    with site.client(Role.ADMIN) as client:
        answer = client.get("/imports/check", params={"file": key, "source": "crm"})

    assert (answer.status_code, "There is no row in it" in answer.text) == (200, True)


@pytest.mark.parametrize(
    "key",
    ["", "uploaded:../settings.json", "uploaded:/etc/passwd", "folder:x.csv", "other:x", f"uploaded:{'x' * 300}.csv"],
)
def test_a_key_never_leads_to_a_file_outside(site: Site, key: str) -> None:
    with site.client(Role.ADMIN) as client:
        answer = client.get("/imports/preview", params={"file": key})

    assert answer.status_code == 404


@pytest.mark.parametrize("content", [b"x" * 101, [b"x" * 60, b"x" * 41]], ids=["declared", "in chunks"])
def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, content: bytes | list[bytes]
) -> None:
    monkeypatch.setattr(uploads, "UPLOAD_MAX_BYTES", 100)
    folder = site.app.settings.home_path / "uploads"
    before = set(folder.iterdir()) if folder.exists() else set()

    with site.client(Role.ADMIN) as client:
        token = {"x-form-token": site.form_token(Role.ADMIN), "accept": "application/json"}
        answer = client.put("/imports/upload?name=x.csv", content=content, headers=token)

    assert (answer.status_code, json.loads(answer.content)["code"]) == (413, "RG-1166")
    assert set(folder.iterdir()) == before


def upload(site: Site, name: str, content: bytes) -> httpx.Response:
    with site.client(Role.ADMIN) as client:
        token = {"x-form-token": site.form_token(Role.ADMIN), "accept": "application/json"}
        return client.put("/imports/upload", params={"name": name}, content=content, headers=token)


def test_an_upload_for_which_the_disk_fills_up_meanwhile_is_refused_and_leaves_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([10**12, 10**12, 0])
    monkeypatch.setattr(uploads, "ROOM_CHECKED_BYTES", uploads.PIECE_BYTES)
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda home: SimpleNamespace(free=next(free)))
    folder = site.app.settings.home_path / "uploads"
    before = set(folder.iterdir()) if folder.exists() else set()

    answer = upload(site, "x.csv", b"x" * (3 * uploads.PIECE_BYTES))

    assert (answer.status_code, answer.json()["what"]) == (413, "The disk has no room for this file")
    assert set(folder.iterdir()) == before


def test_while_an_upload_waits_for_the_disk_pages_are_answered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    is_slow, goes_on = threading.Event(), threading.Event()
    write = uploads._Upload.write  # pyright: ignore[reportPrivateUsage]

    def slow(self: Any, piece: bytes) -> None:
        is_slow.set()
        assert goes_on.wait(30)
        write(self, piece)

    monkeypatch.setattr(uploads._Upload, "write", slow)  # pyright: ignore[reportPrivateUsage]
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(upload, site, "x.csv", b"a,b\n1,2\n")
        assert is_slow.wait(30)
        try:
            with site.client(Role.ADMIN) as client:
                page = client.get("/imports", timeout=10)
        finally:
            goes_on.set()

    assert (page.status_code, going.result().status_code) == (200, 200)


def test_a_file_with_a_very_long_name_is_taken_under_the_end_of_it(site: Site) -> None:
    answer = upload(site, "é" * 300 + ".csv", b"a,b\n1,2\n")

    assert answer.status_code == 200
    assert answer.json()["key"].endswith("éé.csv")


def test_a_preview_uses_up_no_number_of_a_source(site: Site) -> None:
    key = upload(site, "people.csv", b"id,name\n1,Ann\n").json()["key"]

    with site.client(Role.ADMIN) as client:
        for _ in range(3):
            shown = client.get("/imports/preview", params={"file": key, "source": "quite-new"})
            assert (shown.status_code, "Ann" in shown.text or "name" in shown.text) == (200, True)

    with site.app.transaction() as inside:
        row = inside.db.execute("select max(id), pg_sequence_last_value('source_id_seq') from source").fetchone()
    assert row is not None
    assert row[0] == row[1]


def test_more_previews_at_once_than_there_is_memory_for_ask_to_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = upload(site, "people.csv", b"id,name\n1,Ann\n").json()["key"]
    monkeypatch.setattr(plan, "LOOK_WAIT_SECONDS", 0.05)

    with site.client(Role.ADMIN) as client, ExitStack() as others:
        for _ in range(plan.LOOKS_AT_ONCE_MAX):
            others.enter_context(plan.looking())
        busy = client.get("/imports/preview", params={"file": key})
        others.close()
        free = client.get("/imports/preview", params={"file": key})

    assert (busy.status_code, "RG-1187" in busy.text, free.status_code) == (503, True, 200)


def test_an_import_that_cannot_go_on_says_so_and_is_not_logged_as_resumed(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,Ann\n")
    with site.app.transaction() as inside:
        source = collect.register(inside, "resumed-crm", "crm")[0]
    run = collect.begin_import(site.app, path, source)
    with site.app.transaction() as inside:
        collect.undo_import(inside, run, "Ann")

    with site.client(Role.ADMIN) as client:
        answer = client.post(f"/imports/{run}/resume", data={"form_token": site.form_token(Role.ADMIN)})

    assert (answer.status_code, f"Import {run} is undone" in answer.text) == (400, True)
    with site.app.transaction() as inside:
        logged = inside.db.execute("select count(*) from audit_log where object = %s", [f"import:{run}"]).fetchone()
    assert logged == (0,)


def test_a_parquet_file_with_a_damaged_page_is_refused_in_words(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    parquet.write_table(pyarrow.table({"user_id": [f"u{at}" for at in range(5_000)]}), path, compression="snappy")
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    key = upload(site, "orders.parquet", bytes(content)).json()["key"]

    with site.client(Role.ADMIN) as client:
        shown = client.get("/imports/new", params={"file": key})
        form = {"file": key, "source": "tills", "form_token": site.form_token(Role.ADMIN)}
        checked, ordered = client.get("/imports/check", params=form), client.post("/imports/new", data=form)

    assert [("no whole Parquet file" in each.text, each.status_code < 500) for each in (shown, checked, ordered)] == [
        (True, True)
    ] * 3


def test_days_and_months_that_were_taken_for_each_other_are_put_right_by_a_pattern(site: Site) -> None:
    rows = b"order_id,when,total\nr1,01/02/2026,1.50\nr2,03/04/2026,2.50\n"
    key = upload(site, "orders.csv", rows).json()["key"]
    form = {"file": key, "mapped": "orders", "event": "Order Completed", "column": ["order_id", "when", "total"]}
    form |= {"place": ["properties.order_id", "timestamp", "properties.revenue"]}

    with site.client(Role.ADMIN) as client:
        page = client.get("/imports/new", params={"file": key}).text
        shown, wrong = (
            client.get("/imports/preview", params=form | {"pattern": ["", pattern, ""]}).text
            for pattern in ("%d/%m/%Y", "%Q")
        )

    assert 'aria-label="Pattern of the times in when"' in page
    assert 'value="%m/%d/%Y"' in page
    assert "2026-02-01" in shown
    assert "%Q" in wrong
