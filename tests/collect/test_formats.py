"""Files of every format are read alike from any place on, and what would break us is refused before it is read."""

import json
import random
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.collect.errors import FileRefused
from regulars.collect.formats import Dialect, FileRow, Place, formats, parquet_file, xlsx_file
from regulars.collect.formats.csv_file import delimiter, distinct
from regulars.collect.formats.text import encoding

ROWS = [{"id": str(number), "name": name} for number, name in enumerate(["Ann", "Jürgen", "Ølga €", "Bob"] * 5, 1)]


START = Place()


def table(path: Path, codec: str = "utf-8", end: str = "\r\n", parting: str = ",") -> Path:
    lines = [["id", "name"], *([row["id"], f'"{row["name"]}{end}x"'] for row in ROWS)]
    path.write_bytes(end.join(parting.join(line) for line in lines).encode(codec))
    return path


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def rows_of(path: Path, after: Place = START, dialect: Dialect | None = None) -> list[FileRow]:
    form = formats[path.suffix[1:]]
    chosen = dialect or form.look(path)
    form.check(path, chosen)
    return list(form.read(path, chosen, after))


@pytest.fixture(params=["csv", "tsv", "jsonl", "parquet", "xlsx"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same rows in every format."""
    path = tmp_path / f"people.{request.param}"
    if request.param == "xlsx":
        return workbook(path, ["id", "name"], *([row["id"], row["name"]] for row in ROWS))
    if request.param == "parquet":
        parquet.write_table(pyarrow.Table.from_pylist(ROWS), path, row_group_size=7)
    elif request.param == "jsonl":
        path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS))
    else:
        table(path, parting="\t" if request.param == "tsv" else ",")
    return path


def test_a_file_is_read_on_from_any_row_as_if_it_had_never_been_left(file: Path) -> None:
    whole = rows_of(file)

    assert [row.number for row in whole] == list(range(1, 21))
    for row in whole:
        assert rows_of(file, Place(row.number, row.mark)) == whole[row.number :]
    assert whole[-1].share == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_is_read_on_by_its_bytes_in_any_encoding_and_with_any_line_end(
    tmp_path: Path, codec: str, end: str
) -> None:
    path = table(tmp_path / "people.csv", codec, end)
    whole = rows_of(path)

    assert [row.content for row in whole] == [{**row, "name": f"{row['name']}{end}x"} for row in ROWS]
    for row in whole[::3]:
        assert row.mark > 0
        assert rows_of(path, Place(row.number, row.mark)) == whole[row.number :]


def test_a_broken_byte_does_not_move_the_place_of_the_rows_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    for broken in (
        b"id,name\n1,\xff\xfe\x80\n2,J\xc3\xbcrgen\n3,x\n",
        "id,name\n1,\x81Jürgen\n2,y\n".encode("latin-1"),
    ):
        path.write_bytes(b"id,name\n" * 9_000 + broken if b"\xc3" in broken else broken)
        whole = rows_of(path)

        assert rows_of(path, Place(whole[-2].number, whole[-2].mark)) == whole[-1:]


def test_an_encoding_whose_signs_differ_in_width_is_read_on_by_counting_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("id,name\n1,山田太郎\n2,鈴木一郎\n3,佐藤花子\n".encode("cp932"))
    whole = rows_of(path)

    assert whole[0].content == {"id": "1", "name": "山田太郎"}
    assert rows_of(path, Place(2, whole[1].mark)) == whole[2:]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("id;имя\n1;Анна Петрова\n2;Борис Смирнов\n", "cp1251"),
        ("id,name\n1,Jürgen Müller\n2,José Peña – “Café” €5\n", "cp1252"),
        ("id,name\n1,山田太郎\n2,鈴木一郎\n", "cp932"),
        ("id,name\n1,Ann\n", "utf-16-le"),
        ("id,name\n1,Jürgen\n", "utf-8"),
    ],
)
def test_an_encoding_is_known_by_what_the_text_then_looks_like(text: str, codec: str) -> None:
    assert encoding(text.encode(codec)) == codec


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("id;price\n1;3,50\n2;4,00\n", ";"),
        ("name|note\nAnn|likes a, b, c, d\nBob|none\n", "|"),
        ("a\tb\n1\t2,5\n", "\t"),
        ('id,note\n1,"a;b;c"\n2,"d;e;f"\n', ","),
        ("id\n1\n", ","),
        ("", ","),
    ],
)
def test_a_delimiter_is_the_one_that_parts_the_lines_evenly(text: str, mark: str) -> None:
    assert delimiter(text) == mark


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "b (2)", "a (3)", ""]), max_size=9))
def test_no_two_columns_have_one_name_and_the_first_keeps_its_own(names: list[str]) -> None:
    told = distinct(names)

    filled = [name for name in told if name]
    assert len(filled) == len(set(filled)) == sum(bool(name) for name in names)
    assert [told[names.index(name)] for name in set(names)] == list(set(names))


def test_a_file_without_a_header_numbers_its_columns_and_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("1,ann@example.com,2026-01-02\n2,bob@example.com,2026-01-03\n")

    assert next(row.content for row in rows_of(path)) == {
        "column_1": "1",
        "column_2": "ann@example.com",
        "column_3": "2026-01-02",
    }
    assert len(rows_of(path)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b",,\n1,2,3\n", b"\xef\xbb\xbf", b"\x00\x00", b"id," + b"x" * 1_100_000 + b"\n1,2\n"]
)
def test_a_file_without_columns_or_with_an_endless_line_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)

    if content == b"\x00\x00":
        assert rows_of(path) == []
        return
    with pytest.raises(FileRefused):
        rows_of(path)


def test_cells_that_a_spreadsheet_would_run_are_text(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,=HYPERLINK(A1)\n2,+1+1\n3,@SUM(A1)\n")

    assert [row.content["name"] for row in rows_of(path) if isinstance(row.content, dict)] == [
        "=HYPERLINK(A1)",
        "+1+1",
        "@SUM(A1)",
    ]


def test_a_workbook_gives_whole_numbers_times_and_text_as_they_are_meant(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "people.xlsx",
        ["id", "seen", "born", "spent", "member", "id"],
        [17, datetime(2026, 1, 2, 3, 4, 5), date(1980, 1, 2), 12.5, True, "x"],
        [None, None, None, None, None, None],
        ["0042", None, None, None, None, None],
    )

    assert [row.content for row in rows_of(path)] == [
        {
            "id": 17,
            "seen": "2026-01-02T03:04:05",
            "born": "1980-01-02",
            "spent": 12.5,
            "member": True,
            "id (2)": "x",
        },
        {"id": "0042"},
    ]


def test_a_workbook_that_declares_a_gigabyte_is_refused_unopened(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx", ["id"], [1])
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 1_000_000_000)
    path.write_bytes(content)

    with pytest.raises(FileRefused, match="unpacks to 1,000"):
        formats["xlsx"].look(path)


def test_a_workbook_that_unpacks_to_more_than_it_declares_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "UNPACKED_MAX_BYTES", 1_000_000)
    path = tmp_path / "people.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * 3_000_000)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(content)

    with pytest.raises(FileRefused, match="unpacks to"):
        formats["xlsx"].look(path)


def test_two_cells_that_span_a_sheet_of_billions_are_refused_unopened(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "id"
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "people.xlsx")

    with pytest.raises(FileRefused, match="17,179,869,184 cells"):
        formats["xlsx"].look(tmp_path / "people.xlsx")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>no workbook</html>"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "people.xlsx").write_bytes(content)

    with pytest.raises(FileRefused, match="no whole workbook"):
        formats["xlsx"].look(tmp_path / "people.xlsx")


def test_a_small_parquet_file_of_one_long_text_in_every_row_is_unpacked_in_small_pieces(tmp_path: Path) -> None:
    path = tmp_path / "notes.parquet"
    parquet.write_table(pyarrow.table({"note": ["x" * 20_000] * 1_000}), path)
    sizes: list[int] = []
    contents = parquet_file._contents  # pyright: ignore[reportPrivateUsage]

    def seen(piece: Any) -> Any:
        sizes.append(piece.nbytes)
        return contents(piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_file, "SLICE_BYTES", 1024 * 1024)
        patch.setattr(parquet_file, "_contents", seen)
        read = list(formats["parquet"].read(path, Dialect(), Place()))

    assert path.stat().st_size < 20_000
    assert [row.number for row in read] == list(range(1, 1_001))
    assert max(sizes) <= 1024 * 1024


@pytest.mark.parametrize("group", [700, 1_000])
def test_pieces_of_a_parquet_file_become_smaller_where_its_rows_become_wider(tmp_path: Path, group: int) -> None:
    path = tmp_path / "notes.parquet"
    notes = ["x"] * 700 + ["y" * 20_000] * 300
    parquet.write_table(pyarrow.table({"note": notes}), path, row_group_size=group)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_file, "SLICE_ROWS", 64)
        patch.setattr(parquet_file, "SLICE_BYTES", 1024 * 1024)
        read = rows_of(path, Place(650))
        pieces = parquet_file._pieces(path, parquet.ParquetFile(path), 0)  # pyright: ignore[reportPrivateUsage]
        sizes = [piece.num_rows for piece in pieces]

    assert [row.content for row in read] == [{"note": note} for note in notes[650:]]
    assert (sum(sizes), max(sizes)) == (1_000, 64)
    assert max(sizes[-8:]) == 32


def test_rows_of_a_parquet_file_that_hold_whole_documents_are_read_few_at_once(tmp_path: Path) -> None:
    path = tmp_path / "notes.parquet"
    rng = random.Random(1)
    wide = [{"id": number, "note": rng.randbytes(50_000).hex()} for number in range(40)]
    parquet.write_table(pyarrow.Table.from_pylist(wide), path, use_dictionary=False)
    sizes: list[int] = []
    contents = parquet_file._contents  # pyright: ignore[reportPrivateUsage]

    def seen(piece: Any) -> Any:
        sizes.append(piece.num_rows)
        return contents(piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_file, "SLICE_BYTES", 1024 * 1024)
        patch.setattr(parquet_file, "_contents", seen)
        assert [row.number for row in formats["parquet"].read(path, Dialect(), Place())] == list(range(1, 41))

    assert max(sizes) <= 11


def listed(path: Path, indent: int | None = 2) -> Path:
    path.write_text(json.dumps(ROWS, indent=indent, ensure_ascii=False))
    return path


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_list_is_read_element_by_element_from_any_place_on(tmp_path: Path, indent: int | None) -> None:
    path = listed(tmp_path / "people.json", indent)
    form = formats["jsonl"]

    form.check(path, Dialect())
    whole = list(form.read(path, Dialect(), START))

    assert [row.content for row in whole] == ROWS
    assert all(list(form.read(path, Dialect(), Place(row.number, row.mark))) == whole[row.number :] for row in whole)


def test_a_json_list_longer_than_a_piece_is_read_whole_and_its_odd_elements_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    told = [{"id": number, "note": "é" * 40_000} for number in range(100)]
    path.write_bytes(b"\xef\xbb\xbf " + json.dumps([*told, 12345, "x"], ensure_ascii=False).encode())

    rows = list(formats["jsonl"].read(path, Dialect(), START))

    assert [row.content for row in rows] == [*told, "12345", '"x"']
    assert rows[-1].share == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[\n{"id": 1},\n{"id": 2\n', "cannot be read on behind its element 1"),
        ('[{"id": 1} {"id": 2}]', "cannot be read on behind its element 0"),
        ('[{"id": 1},]', "cannot be read on behind its element 1"),
        ('[{"id": "' + "x" * 2_200_000 + '"}]', "cannot be read on behind its element 0"),
        ('[{"id": 1}]\n[{"id": 2}]', "has more behind its JSON list"),
        ('{"people": [\n{"id": 1},\n{"id": 2}\n]}', "is neither one JSON object a line nor one list"),
    ],
)
def test_json_of_which_rows_would_be_lost_is_refused_whole(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "people.json"
    path.write_text(text)

    with pytest.raises(FileRefused, match=why):
        formats["jsonl"].check(path, Dialect())


def test_an_empty_json_list_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text(" [ ] \n")

    assert rows_of(path.rename(tmp_path / "people.jsonl")) == []


def test_of_two_parquet_columns_of_one_name_no_cell_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = [pyarrow.array([1, 2]), pyarrow.array([3, None]), pyarrow.array([5, 6])]
    parquet.write_table(pyarrow.Table.from_arrays(columns, names=["x", "x", "y"]), path)

    assert [row.content for row in rows_of(path)] == [{"x": 1, "x (2)": 3, "y": 5}, {"x": 2, "y": 6}]
    assert formats["parquet"].columns(path, Dialect()) == ["x", "x (2)", "y"]
