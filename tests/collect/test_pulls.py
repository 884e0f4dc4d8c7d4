"""Rows of a database or a web service come in behind their cursor, each once, through the same door."""

import gc
import json
import sqlite3
import threading
from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
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
from regulars.collect.pulls import Connect, pulls, sql
from regulars.collect.pulls.cursors import looked_back

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
        collect.pulling.add_pull(inside, "orders", path)


def use(app: App) -> collect.pulling.PullUse:
    with app.transaction() as inside:
        return collect.pulling.list_pulls(inside)[0]


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

    first = collect.pulling.run_pull(app, "orders")
    sell(shop, 8, 9)
    shop.execute("update shop.orders set total = 99, updated_at = '2026-01-02 10:00Z' where id = 2")
    again = collect.pulling.run_pull(app, "orders")

    assert (first.rows, first.accepted, first.refused) == (8, 8, 0)
    # The rows of the last hour are looked at again, the changed one is new.
    assert (again.accepted, again.duplicates, again.refused) == (3, 2, 0)
    assert seen(app) == [(str(n), n + 0.5) for n in range(10)] + [("2", 99.0)]
    assert use(app).cursor == '["time","2026-01-02T10:00:00+00:00"]'


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
        collect.pulling.run_pull(app, "orders")
    broken = use(app)
    monkeypatch.setitem(pulls._found, "sql", pulls["sql"]._replace(rows=whole))
    collect.pulling.run_pull(app, "orders")

    assert (broken.rows, broken.cursor, broken.fault) == (4, '["int","1767000003"]', "The line is cut. Run it again")
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
        first, again = collect.pulling.run_pull(app, "orders"), collect.pulling.run_pull(app, "orders")
        (tmp_path / "token").write_text("wrong")
        with pytest.raises(PullAway, match="orders cannot be read"):
            collect.pulling.run_pull(app, "orders")
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
        ("sqlite:///x.db", "postgresql://ann:s3/cr?et@host/db", "password"),
        ("sqlite:///x.db", "postgresql://host/db?user=ann&password=s3cret", "password"),
        ("sqlite:///x.db", "host=db.local user=ann password=s3cret", "password"),
        ("sqlite:///x.db", "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BUID%3Dann%3BPWD%3Ds3cret", "password"),
        ('source_kind = "web"', "every_minutes = 999999999999999", "above 527,040"),
        ('key = "id"', 'look_back = -1\nkey = "id"', "look_back"),
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
        assert collect.pulling.list_pulls(inside) == []


def test_without_the_library_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlt", None)

    with pytest.raises(PullLibraryMissing, match=r"regulars\[pull\]"):
        next(sql.rows(sql.SqlTable(url="sqlite:///x.db", table="t", key="id", cursor="id"), None))


def test_a_secret_that_is_not_there_is_named_by_its_place_alone(app: App, tmp_path: Path) -> None:
    kept(app, tmp_path / "orders.toml", ORDERS.format(url="env:NOWHERE_TO_BE_FOUND"))

    with pytest.raises(PullRefused, match="no variable NOWHERE"):
        collect.pulling.run_pull(app, "orders")


SERVICE = """kind = "rest"
source = "shop"
[connect]
url = "https://shop.example.com/"
path = "orders"
key = "id"
cursor = "updated_at"
token = "env:SHOP_TOKEN"
parameters = {page_size = "100", api_key = "file:/run/secrets/shop"}
"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("env:SHOP_TOKEN", "s3cret", "'token'"),
        ("file:/run/secrets/shop", "s3cret", "'api_key'"),
        ("api_key =", "key =", ""),
        ('"orders"', '"orders?access_token=s3cret"', "'path'"),
        ("//shop", "//s3cret@shop", "'url'"),
        ("//shop", "//ann:s3cret@shop", "'url'"),
    ],
)
def test_a_secret_that_stands_in_a_definition_itself_is_refused_and_not_repeated(
    app: App, tmp_path: Path, old: str, new: str, named: str
) -> None:
    if not named:
        kept(app, tmp_path / "orders.toml", SERVICE.replace(old, new))
        return

    with pytest.raises(PullRefused, match=named) as told:
        kept(app, tmp_path / "orders.toml", SERVICE.replace(old, new))

    assert "file:/path or env:NAME" in told.value.fix
    assert "s3cret" not in str(told.value)


CURSORS = {
    "numeric(30,10)": ["1.0000000001", "12345678901234567890.0000000001", "12345678901234567890.0000000002"],
    "bytea": ["\\\\x00ff", "\\\\x0100", "\\\\xff"],
    "date": ["2026-01-01", "2026-01-02", "2026-01-03"],
    "timestamp": ["2026-03-29 02:30:00.000001", "2026-03-29 02:30:00.000002", "2026-10-25 02:30"],
    "timestamptz": ["2026-03-29 02:30:00.000001+02", "2026-03-29 02:30:00.000002+02", "2026-10-25 02:30-05"],
    "uuid": [f"{n}0000000-0000-4000-8000-000000000000" for n in "19f"],
    "text": ["B", "a", "c"],
}


@pytest.mark.parametrize("type", CURSORS)
def test_a_cursor_of_any_type_that_grows_is_gone_on_from_exactly(
    app: App, shop: psycopg.Connection, tmp_path: Path, type: str
) -> None:
    shop.execute(f"alter table shop.orders add column at {type}")  # pyright: ignore[reportArgumentType]
    definition = ORDERS.replace("updated_at", "at").replace("key =", 'schema = "shop"\nkey =')
    (tmp_path / "url").write_text(app.settings.database_url)
    kept(app, tmp_path / "orders.toml", definition.format(url=f"file:{tmp_path}/url").replace(', at = "timestamp"', ""))
    reports: list[collect.pulling.PullReport] = []

    for number, value in enumerate(CURSORS[type]):
        shop.execute("insert into shop.orders (id, who, at) values (%s, 'ann', %s)", [number, value])
        reports.append(collect.pulling.run_pull(app, "orders"))

    assert [(each.rows, each.accepted) for each in reports] == [(1, 1), (2, 1), (2, 1)]
    assert collect.pulling.run_pull(app, "orders").duplicates == 1


def test_texts_that_the_database_orders_otherwise_than_we_do_come_in_all(app: App, tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    base.execute("create table orders (id integer primary key, who text, total real, at text collate nocase)")
    definition = ORDERS.replace("updated_at", "at").replace(', at = "timestamp"', "")
    kept(app, tmp_path / "orders.toml", definition.format(url=f"sqlite:///{tmp_path}/shop.db"))
    accepted = 0

    for number, value in enumerate(("a", "B", "b", "C")):
        base.execute("insert into orders values (?, 'ann', 1, ?)", [number, value])
        accepted += collect.pulling.run_pull(app, "orders").accepted
    base.close()

    assert accepted == 4


def pulled_from(app: App, shop: psycopg.Connection, tmp_path: Path, more: str = "") -> None:
    """A pull of the table of the shop."""
    (tmp_path / "url").write_text(app.settings.database_url)
    text = ORDERS.format(url=f"file:{tmp_path}/url").replace("key =", f'schema = "shop"\n{more}\nkey =')
    kept(app, tmp_path / "orders.toml", text)


@pytest.mark.parametrize("line", ['key = "id"', 'cursor = "updated_at"'])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(
    app: App, shop: psycopg.Connection, tmp_path: Path, line: str
) -> None:
    pulled_from(app, shop, tmp_path)
    text = (tmp_path / "orders.toml").read_text()
    kept(app, tmp_path / "orders.toml", text.replace(line, line.replace('= "', '= "x')))

    with pytest.raises(PullRefused, match="no column 'x") as told:
        collect.pulling.run_pull(app, "orders")

    assert "id, who, total, updated_at" in told.value.fix
    assert use(app).state == "failed"


def test_a_row_without_a_cursor_is_refused_once_and_comes_in_when_it_has_one(
    app: App, shop: psycopg.Connection, tmp_path: Path
) -> None:
    pulled_from(app, shop, tmp_path)
    sell(shop, 1, 2)
    shop.execute("insert into shop.orders values (3, 'ann', 9, null)")
    first, again = collect.pulling.run_pull(app, "orders"), collect.pulling.run_pull(app, "orders")
    shop.execute("update shop.orders set updated_at = '2026-01-03 10:00Z' where id = 3")

    mended = collect.pulling.run_pull(app, "orders")

    assert (first.accepted, first.refused, again.refused, mended.accepted, mended.refused) == (2, 1, 1, 1, 0)
    with app.transaction() as inside:
        rows = collect.refusals(inside)
    assert [(row.code, row.reason) for row in rows] == [("RG-1205", "The row has no value in updated_at")]
    assert '"order_id": 3' in rows[0].body


@pytest.mark.parametrize(("more", "late"), [("look_back_minutes = 90", 1), ("", 0)])
def test_rows_that_are_committed_late_come_in_where_the_pull_looks_back(
    app: App, shop: psycopg.Connection, tmp_path: Path, more: str, late: int
) -> None:
    pulled_from(app, shop, tmp_path, more)
    sell(shop, 2, 4)
    collect.pulling.run_pull(app, "orders")
    sell(shop, 3)

    report = collect.pulling.run_pull(app, "orders")

    assert (report.accepted, report.duplicates) == (late, 1 + late)
    assert use(app).cursor == '["time","2026-01-01T12:00:00+00:00"]'


@pytest.mark.parametrize(
    ("cursor", "given", "since"),
    [
        (10, {"look_back": 2.5}, 7),
        (Decimal("10.5"), {"look_back": 2}, Decimal("8.5")),
        (date(2026, 1, 10), {"look_back_minutes": 30}, date(2026, 1, 9)),
        ("2026-01-10T10:00:00Z", {"look_back_minutes": 30}, "2026-01-10T09:30:00Z"),
        ("2026-01-10 10:00:00", {"look_back_minutes": 30}, "2026-01-10 09:30:00"),
        ("2026-01-10T10:00:00.000+02:00", {"look_back_minutes": 30}, "2026-01-10T09:30:00.000+02:00"),
        ("2026-01-10 10:00", {"look_back_minutes": 30}, "2026-01-10 09:30"),
        ("2026-01-10", {"look_back_minutes": 30}, "2026-01-09"),
        (datetime(1, 1, 1), {"look_back_minutes": 30}, None),
        (None, {"look_back": 2}, None),
    ],
)
def test_looking_back_is_counted_in_the_unit_of_the_cursor(cursor: Any, given: Any, since: Any) -> None:
    assert looked_back(cursor, Connect(key="id", cursor="at", **given)) == since


@pytest.mark.parametrize(
    ("cursor", "given"),
    [
        ("b-17", {"look_back_minutes": 5}),
        ("b-17", {"look_back": 5}),
        # Written back, each would be another text, and texts are compared.
        ("20260110T100000Z", {"look_back_minutes": 5}),
        ("2026-01-10 10:00:00.5", {"look_back_minutes": 5}),
        ("2026-01-10 10:00:00+00", {"look_back_minutes": 5}),
        ("2026-W02-6", {"look_back_minutes": 5}),
    ],
)
def test_looking_back_from_what_has_no_distance_is_refused(cursor: Any, given: Any) -> None:
    with pytest.raises(PullRefused, match="the cursor is not"):
        looked_back(cursor, Connect(key="id", cursor="at", **given))


def test_a_pull_that_breaks_says_so_and_a_pull_that_was_cut_off_is_due_again_soon(
    app: App, shop: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(connect: Any, since: object) -> Any:
        raise ZeroDivisionError

    pulled_from(app, shop, tmp_path)
    monkeypatch.setitem(pulls._found, "sql", pulls["sql"]._replace(rows=broken))
    with pytest.raises(ZeroDivisionError):
        collect.pulling.run_pull(app, "orders")
    failed = use(app)
    with app.transaction() as inside:
        inside.db.execute("update pull set ran_at = null")
    cut = use(app)

    assert (failed.state, cut.state) == ("failed", "cut off")
    assert "ZeroDivisionError" in str(failed.fault)
    now = app.clock.now()
    assert [each.is_due(now + timedelta(minutes=6)) for each in (failed, cut)] == [False, True]
