"""Rows of a database or a web service come in behind their cursor, each once, through the same door."""

import gc
import json
import sqlite3
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import pulling
from regulars.collect.errors import PullAway, PullLibraryMissing, PullRefused
from regulars.collect.pulls import pulls, sql

ORDERS = """kind = "sql"
source = "shop"
source_kind = "web"
[connect]
url = "{url}"
table = "orders"
key = "id"
cursor = "updated_at"
[mapping]
event = "Order Completed"
fields = {{id = "properties.order_id", who = "userId", total = "properties.revenue", updated_at = "timestamp"}}
"""


def kept(app: App, path: Path, text: str) -> None:
    path.write_text(text)
    with app.transaction() as inside:
        collect.add_pull(inside, "orders", path)


def use(app: App) -> collect.PullUse:
    with app.transaction() as inside:
        return collect.list_pulls(inside)[0]


def seen(app: App) -> list[tuple[str, Any]]:
    with app.transaction() as inside:
        return inside.db.execute(
            "select body->'properties'->>'order_id', (body->'properties'->>'revenue')::float from journal order by seq"
        ).fetchall()


@pytest.fixture
def shop(database_url: str) -> Generator[psycopg.Connection, None, None]:
    """Tables of a shop, in a schema beside ours, on a connection of their own."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create schema shop")
        connection.execute(
            "create table shop.orders (id int primary key, who text, total numeric(10,2), updated_at timestamptz)"
        )
        yield connection


def sell(shop: psycopg.Connection, *ids: int) -> None:
    for number in ids:
        shop.execute(
            "insert into shop.orders values (%s, %s, %s, timestamptz '2026-01-01 10:00Z' + %s * interval '1 hour')",
            [number, f"c{number}", number + 0.5, number // 2],
        )


def test_a_table_of_another_postgresql_comes_in_behind_its_cursor_each_row_once(
    app: App, shop: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "BATCH_ROWS", 3)
    monkeypatch.setenv("SHOP_URL", app.settings.database_url)
    kept(app, tmp_path / "orders.toml", ORDERS.format(url="env:SHOP_URL").replace("key =", 'schema = "shop"\nkey ='))
    sell(shop, *range(8))

    first = collect.run_pull(app, "orders")
    sell(shop, 8, 9)
    shop.execute("update shop.orders set total = 99, updated_at = '2026-01-02 10:00Z' where id = 2")
    again = collect.run_pull(app, "orders")

    assert (first.rows, first.accepted, first.refused) == (8, 8, 0)
    # The rows of the last hour are looked at again, the changed one is new.
    assert (again.accepted, again.duplicates, again.refused) == (3, 2, 0)
    assert seen(app) == [(str(n), n + 0.5) for n in range(10)] + [("2", 99.0)]
    assert use(app).cursor == '["time","2026-01-02T10:00:00Z"]'


def test_a_run_that_breaks_keeps_what_came_and_goes_on_behind_it(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "BATCH_ROWS", 2)
    base = sqlite3.connect(tmp_path / "shop.db")
    base.execute("create table orders (id integer primary key, who text, total real, updated_at integer)")
    base.executemany("insert into orders values (?, ?, ?, ?)", [(n, f"c{n}", n, 1_767_000_000 + n) for n in range(7)])
    base.commit()
    kept(app, tmp_path / "orders.toml", ORDERS.format(url=f"sqlite:///{tmp_path}/shop.db"))
    whole = sql.rows

    def torn(connect: Any, since: object) -> Any:
        for number, row in enumerate(whole(connect, since)):
            if number == 5:
                raise PullAway("The line is cut", "Run it again")
            yield row

    monkeypatch.setitem(pulls._found, "sql", pulls["sql"]._replace(rows=torn))
    with pytest.raises(PullAway):
        collect.run_pull(app, "orders")
    broken = use(app)
    monkeypatch.setitem(pulls._found, "sql", pulls["sql"]._replace(rows=whole))
    collect.run_pull(app, "orders")

    assert (broken.rows, broken.cursor, broken.fault) == (4, '["int",1767000003]', "The line is cut. Run it again")
    assert [order for order, _ in seen(app)] == [str(n) for n in range(7)]
    assert use(app).fault is None
    base.close()


class Pages(BaseHTTPRequestHandler):
    """A service that gives 25 rows, ten a page, to whoever has the token."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        Pages.asked.append(self.path)
        since = query.get("since", [""])[0]
        rows = [
            {"id": n, "who": f"c{n}", "total": n, "updated_at": f"2026-01-{n + 1:02d}T10:00:00Z"} for n in range(25)
        ]
        rows = [row for row in rows if str(row["updated_at"]) >= since]
        page = int(query.get("page", ["1"])[0])
        told = {"data": rows[page * 10 - 10 : page * 10], "pages": -(-len(rows) // 10)}
        is_known = self.headers["authorization"] == "Bearer s3cret"
        body = json.dumps(told if is_known else {}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


# dlt keeps an answer that it did not like, with its socket, until it is collected: that must happen here.
@pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")
def test_a_service_is_read_page_by_page_and_asked_for_what_is_new(app: App, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        definition = f"""kind = "rest"
source = "shop"
[connect]
url = "http://127.0.0.1:{server.server_port}"
path = "orders"
records = "data"
key = "id"
cursor = "updated_at"
since = "since"
token = "file:{tmp_path}/token"
paging = {{type = "page_number", base_page = 1, total_path = "pages"}}
[mapping]
event = "Order Completed"
fields = {{id = "properties.order_id", who = "userId", total = "properties.revenue", updated_at = "timestamp"}}
"""
        kept(app, tmp_path / "orders.toml", definition)
        first, again = collect.run_pull(app, "orders"), collect.run_pull(app, "orders")
        (tmp_path / "token").write_text("wrong")
        with pytest.raises(PullAway, match="orders cannot be read"):
            collect.run_pull(app, "orders")
        server.shutdown()
    gc.collect()

    assert (first.accepted, again.rows, again.duplicates) == (25, 1, 1)
    assert "since=2026-01-25T10%3A00%3A00Z" in Pages.asked[3]
    assert use(app).cursor == '["text","2026-01-25T10:00:00Z"]'


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"sql"', '"ftp"', "no pull of kind"),
        ('"shop"', '"SHOP !"', "name"),
        ("sqlite:///x.db", "postgresql://ann:s3cret@host/db", "password"),
        ('key = "id"', "", "key"),
        ('"userId"', '"nowhere"', "nowhere"),
    ],
)
def test_a_definition_that_cannot_work_is_refused_before_it_is_kept(
    app: App, tmp_path: Path, old: str, new: str, match: str
) -> None:
    with pytest.raises(Exception, match=match):
        kept(app, tmp_path / "orders.toml", ORDERS.format(url="sqlite:///x.db").replace(old, new, 1))

    with app.transaction() as inside:
        assert collect.list_pulls(inside) == []


def test_without_the_library_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlt", None)

    with pytest.raises(PullLibraryMissing, match=r"regulars\[pull\]"):
        next(sql.rows(sql.SqlTable(url="sqlite:///x.db", table="t", key="id", cursor="id"), None))


def test_a_secret_that_is_not_there_is_named_by_its_place_alone(app: App, tmp_path: Path) -> None:
    kept(app, tmp_path / "orders.toml", ORDERS.format(url="env:NOWHERE_TO_BE_FOUND"))

    with pytest.raises(PullRefused, match="no variable NOWHERE"):
        collect.run_pull(app, "orders")
