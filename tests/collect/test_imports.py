"""Files go in once, whatever their format, and every row that does not says why."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow
import pyarrow.parquet as parquet
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import FileRefused, MappingRefused
from regulars.collect.files.mapping import Mapping, in_zone, load, message
from regulars.collect.formats import formats
from regulars.kit.settings import Settings

CRM = '''customer_id;Email;first_name;postcode
17;ann@example.com;Ann;01234
;;Nobody;99999
18;bob@example.com;Jürgen;4711;too;many
19;cyd@example.com;"Cyd ""C""";00001
'''
WHO = Mapping(kind="identify", fields={"customer_id": "userId", "Email": "traits.email", "postcode": "traits.postcode"})

SOMEBODY = collect.Source(0, "crm", "crm", "crm")


def put_in(app: App, path: Path, mapping: Mapping | None = None) -> collect.ImportReport:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
    return collect.import_file(app, path, source, mapping)


def replace_zone(app: App, zone: str) -> Settings:
    return msgspec.structs.replace(app.settings, brand_zone=zone)


def bodies(app: App) -> list[dict[str, Any]]:
    with app.transaction() as inside:
        return [row[0] for row in inside.db.execute("select body from journal order by seq")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_file_of_any_usual_encoding_goes_in_once_and_names_its_bad_rows(
    app: App, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "crm.csv"
    file.write_text(CRM, encoding=encoding)

    first, again = put_in(app, file, WHO), put_in(app, file, WHO)

    assert (first.rows, first.accepted, first.duplicates, first.refused) == (4, 2, 0, 2)
    assert [(each.row, each.code) for each in first.refusals] == [(2, "RG-1103"), (3, "RG-1112")]
    assert (again.accepted, again.duplicates, again.refused) == (0, 2, 2)
    assert [body["traits"]["postcode"] for body in bodies(app)] == ["01234", "00001"]
    with app.transaction() as inside:
        assert len(collect.refusals(inside)) == 2


def test_json_lines_that_are_messages_pass_as_they_are(app: App, tmp_path: Path) -> None:
    sent = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m1"}
    old = sent | {"timestamp": "2024-05-01T10:00:00Z", "sentAt": "2024-05-01T10:00:09Z", "messageId": "m2"}
    file = tmp_path / "archive.jsonl"
    file.write_text("\n".join([json.dumps(sent), "{broken", "", json.dumps(old), "[1]"]))

    report = put_in(app, file)

    assert (report.accepted, [each.row for each in report.refusals]) == (2, [2, 4])
    with app.transaction() as inside:
        batch = collect.claim(inside, 10)
    assert batch is not None
    assert [event.message_id for event in batch.events] == ["m1", "m2"]
    assert batch.events[1].occurred_at.isoformat() == "2024-05-01T10:00:00+00:00"


def test_parquet_columns_named_like_wire_fields_need_no_mapping(app: App, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    columns = {
        "user_id": ["a", "b"],
        "event": ["Order Completed"] * 2,
        "revenue": [Decimal("12.10"), None],
        "weight": [float("nan"), 2.5],
    }
    parquet.write_table(pyarrow.table(columns), file)

    assert put_in(app, file).accepted == 2

    assert [body["properties"] for body in bodies(app)] == [{"revenue": 12.1}, {"weight": 2.5}]


def test_a_dry_run_stores_nothing_and_says_what_would_be_refused(app: App, tmp_path: Path) -> None:
    file = tmp_path / "crm.csv"
    file.write_text(CRM)

    report = collect.try_file(app, file, collect.Source(0, "crm", "crm", "crm"), WHO)

    assert (report.dry_run, report.accepted, report.refused) == (True, 2, 2)
    assert bodies(app) == []


def test_a_mapping_names_all_its_faults_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mapping.toml"
    file.write_text('kind = "buy"\n[fields]\ntotal = "revenue"\nid = "userId"\n')

    with pytest.raises(MappingRefused) as caught:
        load(file)

    assert "'revenue'" in caught.value.what
    assert "'buy'" in caught.value.what


def test_faults_of_every_kind_in_a_mapping_are_named_together(tmp_path: Path) -> None:
    file = tmp_path / "mapping.json"
    fields = {"a": "properties.", "b": "properties.x", "c": "properties.x", "d": "properties.x.y", "t": "timestamp"}
    times = {"t": "%Q", "u": "%H:%M", "v": "%d.%m.%Y", "w": "epoch"}
    constants = {"properties.n": [float("inf")], "userId": "x"}
    told = {"zone": "Mars/Phobos", "fields": fields | {"e": "userId"}, "times": times, "constants": constants}
    file.write_text(json.dumps(told))

    with pytest.raises(MappingRefused) as caught:
        load(file)

    for fault in (
        "the place 'properties.'",
        "the zone 'Mars/Phobos'",
        "the pattern '%Q' of 't'",
        "the pattern '%H:%M' of 'u'",
        "no finite number for properties.n",
        "'b' and 'c', both for properties.x",
        "'b' for properties.x and 'd' inside of it",
        "'e' and the constant userId, both for userId",
    ):
        assert fault in caught.value.what
    assert "'v'" not in caught.value.what


def test_a_column_that_the_file_does_not_have_is_said_before_anything_is_begun(app: App, tmp_path: Path) -> None:
    file = tmp_path / "crm.csv"
    file.write_text(CRM)
    mapping = Mapping(fields={"customer_id": "userId", "E-Mail": "traits.email"}, times={"born": "%Y"})

    for act in (lambda: put_in(app, file, mapping), lambda: collect.try_file(app, file, SOMEBODY, mapping)):
        with pytest.raises(MappingRefused, match="no column 'E-Mail'; no column 'born'"):
            act()

    with app.transaction() as inside:
        assert collect.list_imports(inside) == []


@pytest.mark.parametrize(
    "header", ["user_id,x,properties.x", "user_id,properties.x,properties.x.y", "user_id,userId,x"]
)
def test_columns_of_which_one_would_take_the_others_place_are_refused(app: App, tmp_path: Path, header: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"{header},event\n1,2,3,Seen\n")

    with pytest.raises(MappingRefused, match="columns that clash"):
        put_in(app, file)


def test_a_row_of_json_in_which_one_value_would_overwrite_another_is_refused(app: App, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    rows = [{"properties.x.y": 1, "properties.x": 2}, {"properties.x": 2, "properties.x.y": 1}, {"properties.x": 2}]
    file.write_text("\n".join(json.dumps({"user_id": "a", "event": "Seen"} | row) for row in rows))

    report = put_in(app, file)

    assert (report.accepted, [(each.row, each.code) for each in report.refusals]) == (
        1,
        [(1, "RG-1112"), (2, "RG-1112")],
    )


@pytest.mark.parametrize("wrong", ["12,50", "1_000", "٣", "nan", "free", "1e99"])
def test_an_amount_that_nobody_could_count_is_refused_with_its_column(app: App, tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(f'user_id;event;Total\na;Order Completed;"1,234.50"\na;Order Completed;{wrong}\n')
    fields = {"user_id": "userId", "event": "event", "Total": "properties.revenue"}
    mapping = Mapping(fields=fields, decimal=".")

    tried, report = collect.try_file(app, file, SOMEBODY, mapping), put_in(app, file, mapping)

    assert [(each.row, each.code) for each in tried.refusals] == [(2, "RG-1114")]
    assert [(each.row, each.code) for each in report.refusals] == [(2, "RG-1114")]
    assert "'Total'" in report.refusals[0].reason
    assert [body["properties"]["revenue"] for body in bodies(app)] == [1234.5]


def test_a_mapping_sets_event_constants_and_numbers() -> None:
    mapping = Mapping(
        event="Order Completed",
        fields={"no": "properties.order_id", "total": "properties.revenue"},
        constants={"properties.channel": "store"},
    )

    made = message({"no": "0012", "total": "3.50", "cashier": "Eve"}, mapping)

    assert made == {
        "type": "track",
        "event": "Order Completed",
        "properties": {"order_id": "0012", "revenue": 3.5, "channel": "store"},
    }


def test_a_file_that_is_not_what_it_says_is_refused_with_advice(app: App, tmp_path: Path) -> None:
    for name, reason in [
        ("x.parquet", "no whole Parquet"),
        ("x.csv", "no header"),
        ("x.xlsx", "no whole workbook"),
        ("x.pdf", r"\.csv, \.jsonl"),
    ]:
        (tmp_path / name).write_text("")
        with pytest.raises(FileRefused, match=reason):
            put_in(app, tmp_path / name)


@pytest.mark.parametrize("later", [1, 150, 7_000])
def test_a_quote_that_nobody_closed_refuses_the_file_by_its_line_before_any_row_is_in(
    app: App, tmp_path: Path, later: int
) -> None:
    rows = [f"{number},ann{number}@example.com,Ann" for number in range(later + 7_000)]
    rows[later] = f'{later},"broken@example.com,Ann'
    (tmp_path / "crm.csv").write_text("user_id,email,name\n" + "\n".join(rows))

    with pytest.raises(FileRefused, match=f"quote in line {later + 2} "):
        put_in(app, tmp_path / "crm.csv")

    assert bodies(app) == []


def test_a_quote_that_a_later_row_closes_refuses_the_file_too(app: App, tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text('user_id,name\n1,"Ann\n2,Bob\n3,"Cyd"\n')

    with pytest.raises(FileRefused, match="quote in line 2 "):
        put_in(app, tmp_path / "crm.csv")


def test_a_wrong_quote_within_one_line_refuses_that_row_alone(app: App, tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text('user_id,name\n1,"Ann" Miller\n2,Bob\n3,"Cyd\n')

    report = put_in(app, tmp_path / "crm.csv")

    assert [(each.row, each.code) for each in report.refusals] == [(1, "RG-1112"), (3, "RG-1112")]
    assert [body["userId"] for body in bodies(app)] == ["2"]


@pytest.mark.parametrize("sign", ["\u2028", "\x0b", "\x0c", "\x85", "\x1c"])
def test_a_cell_may_hold_any_separator_of_unicode(app: App, tmp_path: Path, sign: str) -> None:
    (tmp_path / "crm.csv").write_text(f'user_id,name\n1,Ann{sign}Miller\n2,"Bob\nRoe"\n', encoding="utf-8")

    assert put_in(app, tmp_path / "crm.csv").accepted == 2

    assert [body["traits"]["name"] for body in bodies(app)] == [f"Ann{sign}Miller", "Bob\nRoe"]


def test_a_torn_file_of_16_bit_text_is_refused(app: App, tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_bytes(CRM.encode("utf-16") + b"a")

    with pytest.raises(FileRefused, match="utf-16"):
        put_in(app, tmp_path / "crm.csv", WHO)


def test_times_without_a_zone_are_the_brands_own(app: App, tmp_path: Path) -> None:
    brand = replace(app, settings=replace_zone(app, "America/New_York"))
    (tmp_path / "visits.csv").write_text(
        "user_id,event,timestamp\n1,Visit,2026-01-05 15:00\n2,Visit,2026-01-05T15:00Z\n3,Visit,2026-01-05\n"
    )

    assert put_in(brand, tmp_path / "visits.csv").accepted == 3

    with app.transaction() as inside:
        batch = collect.claim(inside, 10)
    assert batch is not None
    assert [event.occurred_at for event in batch.events] == [
        datetime(2026, 1, 5, 20, tzinfo=UTC),
        datetime(2026, 1, 5, 15, tzinfo=UTC),
        datetime(2026, 1, 5, 5, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ("2026-03-08T02:30", "2026-03-08T07:30:00+00:00"),  # skipped: as before the change, which is 3:30 after it
        ("2026-11-01T01:30", "2026-11-01T05:30:00+00:00"),  # comes twice: the first
    ],
)
def test_an_hour_that_summer_time_skips_or_repeats_has_one_meaning(told: str, understood: str) -> None:
    made = in_zone({"timestamp": told}, ZoneInfo("America/New_York"))

    assert datetime.fromisoformat(made["timestamp"]).astimezone(UTC).isoformat() == understood


@pytest.mark.parametrize("wrong", ['["track"]', '{"a": 1}', "7", "true"])
def test_a_type_that_is_no_text_refuses_its_row_alone(app: App, tmp_path: Path, wrong: str) -> None:
    good = '{"type": "identify", "userId": "b"}'
    (tmp_path / "x.jsonl").write_text(f'{{"type": {wrong}, "userId": "a"}}\n{good}\n')

    report = put_in(app, tmp_path / "x.jsonl")

    assert (report.accepted, [(each.row, each.code) for each in report.refusals]) == (1, [(1, "RG-1102")])


def test_a_parquet_file_with_a_damaged_page_is_refused_before_any_row_is_in(app: App, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    columns = {"user_id": [f"u{number}" for number in range(20_000)], "event": ["Visit"] * 20_000}
    parquet.write_table(pyarrow.table(columns), file, row_group_size=5_000, use_dictionary=False, compression="snappy")
    content = bytearray(file.read_bytes())
    at = int(len(content) * 0.8)
    content[at : at + 400] = b"\xff" * 400
    file.write_bytes(content)

    with pytest.raises(FileRefused, match="Parquet"):
        put_in(app, file)

    assert bodies(app) == []


def test_a_parquet_time_that_nothing_can_say_refuses_its_row_alone(app: App, tmp_path: Path) -> None:
    file = tmp_path / "visits.parquet"
    times = pyarrow.array([0, 10**18, 0], pyarrow.timestamp("ms"))
    parquet.write_table(pyarrow.table({"user_id": ["a", "b", "c"], "seen": times}), file)

    report = put_in(app, file)

    assert (report.accepted, [(each.row, each.code) for each in report.refusals]) == (2, [(2, "RG-1112")])


def test_every_file_format_on_the_shelf_says_what_it_reads() -> None:
    assert list(formats) == ["csv", "jsonl", "parquet", "tsv", "xlsx"]
    assert all(form.read.__doc__ and form.look.__doc__ and form.check.__doc__ for _, form in formats.items())
