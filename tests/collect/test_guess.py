"""A file says what it holds: what its columns are, where they belong, and why we think so."""

from pathlib import Path

import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.files.guess import Guess, guess

CRM = """Customer No;E-Mail;Vorname;Born;Member;Note
17;ann@example.com;Ann;02.01.1980;yes;likes cats
18;bob@example.com;Bob;31.12.1975;no;
"""
TILLS = """Receipt no,Date,Total,Card,Store
r1,01/25/2026 15:04,"1,234.50",4000001,3
r2,01/26/2026 09:30,12.00,,3
"""


def guessed(tmp_path: Path, text: str, name: str = "file.csv", codec: str = "utf-8") -> Guess:
    path = tmp_path / name
    path.write_text(text, encoding=codec)
    return guess(path)


def places(told: Guess) -> dict[str, str]:
    return {column.name: column.place for column in told.columns}


def test_a_file_of_customers_is_known_by_what_its_cells_look_like(tmp_path: Path) -> None:
    told = guessed(tmp_path, CRM, codec="cp1252")

    assert (told.kind, told.rows, told.dialect.delimiter) == ("customers", 2, ";")
    assert places(told) == {
        "Customer No": "userId",
        "E-Mail": "traits.email",
        "Vorname": "traits.first_name",
        "Born": "traits.birth_date",
        "Member": "traits.member",
        "Note": "traits.note",
    }
    assert {column.name: column.filled for column in told.columns}["Note"] == 0.5
    reasons = {column.name: column.reason for column in told.columns}
    assert reasons["E-Mail"] == "the name says so; looks like an e-mail: 100% of 2"
    assert told.mapping.times == {"Born": "%d.%m.%Y"}


def test_a_file_of_receipts_is_orders_with_amounts_and_times(tmp_path: Path) -> None:
    told = guessed(tmp_path, TILLS)

    assert (told.kind, told.mapping.event, told.mapping.decimal) == ("orders", "Order Completed", ".")
    assert told.mapping.fields == {
        "Receipt no": "properties.order_id",
        "Date": "timestamp",
        "Total": "properties.revenue",
        "Card": "properties.loyalty_card",
        "Store": "properties.store_id",
    }
    assert told.mapping.times == {"Date": "%m/%d/%Y %H:%M"}
    assert "name no zone" in told.zone


def test_what_is_guessed_is_taken_as_it_stands(app: App, tmp_path: Path) -> None:
    (tmp_path / "tills.csv").write_text(TILLS)
    told = guess(tmp_path / "tills.csv")
    with app.transaction() as inside:
        source, _ = collect.register(inside, "tills", "tills")

    report = collect.import_file(app, tmp_path / "tills.csv", source, told.mapping, dialect=told.dialect)

    assert (report.accepted, report.refused) == (2, 0)
    with app.transaction() as inside:
        batch = collect.claim(inside, 10)
    assert batch is not None
    assert batch.events[0].body.properties["revenue"] == 1234.5
    assert batch.events[0].occurred_at.isoformat() == "2026-01-25T15:04:00+00:00"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("user_id,event,timestamp\n1,Visit,2026-01-05T15:00Z\n", "events"),
        ("order_no,sku,qty\n1,a,2\n", "order lines"),
        ("when,amount\n2026-01-05 15:00,12.00\n", "orders"),
        ("a,b\n1,2\n", "customers"),
    ],
)
def test_a_file_is_of_the_kind_that_its_columns_speak_of(tmp_path: Path, text: str, kind: str) -> None:
    assert guessed(tmp_path, text).kind == kind


def test_events_that_are_messages_already_need_no_mapping(tmp_path: Path) -> None:
    told = guessed(tmp_path, '{"type": "track", "event": "Visit", "userId": "1"}\n{broken\n', "archive.jsonl")

    assert (told.kind, told.unreadable, told.mapping) == ("messages", 1, collect.Mapping())


def test_days_and_months_that_cannot_be_told_apart_are_said_to_be_so(tmp_path: Path) -> None:
    told = guessed(tmp_path, "user_id,event,date\n1,Visit,03/04/2026\n2,Visit,01/02/2026\n")

    assert "the other way round" in told.columns[2].reason
    sure = guessed(tmp_path, "user_id,event,date\n1,Visit,03/04/2026\n2,Visit,21/02/2026\n")
    assert sure.mapping.times == {"date": "%d/%m/%Y"}


def test_two_columns_of_one_kind_never_share_a_place(tmp_path: Path) -> None:
    told = guessed(tmp_path, "email,work mail\nann@example.com,a@example.org\n")

    assert places(told) == {"email": "traits.email", "work mail": "traits.work_mail"}


@pytest.mark.parametrize("header", ["properties.x.y,properties.x,event", "properties.x,properties.x.y,event"])
def test_two_columns_of_which_one_would_lie_inside_the_other_are_both_kept(tmp_path: Path, header: str) -> None:
    told = guessed(tmp_path, f"{header}\n1,2,Seen\n3,4,Seen\n")

    collect.check_mapping(told.mapping, "The mapping")
    first, second, _ = header.split(",")
    assert places(told) == {first: first, second: f"properties.{second.replace('.', '_')}", "event": "event"}


@pytest.mark.parametrize("text", ["", "\n", "id,name\n"])
def test_a_file_without_rows_is_told_or_refused_but_never_breaks(tmp_path: Path, text: str) -> None:
    if text == "id,name\n":
        assert guessed(tmp_path, text).columns == []
        return
    with pytest.raises(collect.errors.FileRefused):
        guessed(tmp_path, text)
