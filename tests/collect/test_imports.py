"""Files go in once, whatever their format, and every row that does not says why."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import FileRefused, MappingRefused
from regulars.collect.mapping import Mapping, load, message
from regulars.collect.sources import sources
from regulars.kit.errors import InputRefused

CRM = '''customer_id;Email;first_name;postcode
17;ann@example.com;Ann;01234
;;Nobody;99999
18;bob@example.com;Jürgen;4711;too;many
19;cyd@example.com;"Cyd ""C""";00001
'''
WHO = Mapping(kind="identify", fields={"customer_id": "userId", "Email": "traits.email", "postcode": "traits.postcode"})


def put_in(app: App, path: Path, mapping: Mapping | None = None) -> collect.ImportReport:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
    return collect.import_file(app, path, source, mapping)


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
    for name, refusal in [("x.parquet", FileRefused), ("x.csv", FileRefused), ("x.xlsx", InputRefused)]:
        (tmp_path / name).write_text("")
        with pytest.raises(refusal):
            put_in(app, tmp_path / name)


def test_every_file_format_on_the_shelf_says_what_it_reads() -> None:
    assert list(sources) == ["csv", "jsonl", "parquet"]
    assert all(reader.__doc__ for _, reader in sources.items())
