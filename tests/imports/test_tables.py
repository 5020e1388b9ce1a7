"""Files as people have them: any of three encodings, three separators, two formats, and damage."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.tables import open_table

Rows = list[list[str] | None]


def read(path: Path) -> Rows:
    with open_table(path) as table:
        return [row.cells for row in table.rows()]


def a_file(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def a_workbook(folder: Path, rows: list[list[object]]) -> Path:
    path = folder / "t.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encoding_and_separator_are_told_from_the_file(
    tmp_path: Path, encoding: str, separator: str, newline: str
) -> None:
    lines = [separator.join(row) for row in (["编码", "名称"], ["1", "国贸店"], ["2", ""])]
    file = a_file(tmp_path, newline.join(lines).encode(encoding))

    assert read(file) == [["编码", "名称"], ["1", "国贸店"], ["2", ""]]


def test_chinese_far_down_in_the_file_still_tells_the_encoding(tmp_path: Path) -> None:
    text = "code,name\n" + "1,plain\n" * 50_000 + "2,国贸店\n"

    assert read(a_file(tmp_path, text.encode("gb18030")))[-1] == ["2", "国贸店"]


def test_one_broken_byte_spoils_its_own_row_only(tmp_path: Path) -> None:
    content = "编码,名称\n1,国贸店\n2,".encode() + b"\xff\xfe" + "\n3,人民广场店\n".encode()

    rows = read(a_file(tmp_path, content))

    assert rows[1] == ["1", "国贸店"]
    assert rows[3] == ["3", "人民广场店"]
    assert rows[2] == ["2", "\udcff\udcfe"]


def test_blank_rows_are_passed_over_and_numbers_stay_those_of_the_sheet(tmp_path: Path) -> None:
    file = a_file(tmp_path, b"\na,b\n\n , \n,,\n1,2\n")

    with open_table(file) as table:
        assert [(row.number, row.cells) for row in table.rows()] == [
            (2, ["a", "b"]),
            (6, ["1", "2"]),
        ]


def test_quotes_hold_separators_line_breaks_and_quotes(tmp_path: Path) -> None:
    file = a_file(tmp_path, b'a,b\n"x, ""y""\nz",2\n')

    assert read(file) == [["a", "b"], ['x, "y"\nz', "2"]]


@pytest.mark.parametrize(
    ("broken", "after"),
    [
        (b'2,"never closed', [["3", "good"], ["4", "good"]]),
        (b'2,"closed"too early', [["3", "good"], ["4", "good"]]),
        (b"2," + b"x" * 10_000_000, [["3", "good"], ["4", "good"]]),
        (b'2,"' + b"x" * 10_000_000 + b'"', [["3", "good"], ["4", "good"]]),
        (b'2,"' + b"x\n" * 100_000, None),
    ],
    ids=["open quote", "text after quote", "10 MB", "10 MB quoted", "open quote, many lines"],
)
def test_a_malformed_row_does_not_take_the_next_with_it(
    tmp_path: Path, broken: bytes, after: Rows | None
) -> None:
    file = a_file(tmp_path, b"a,b\n1,good\n" + broken + b"\n3,good\n4,good\n")

    rows = read(file)

    assert rows[:3] == [["a", "b"], ["1", "good"], None]
    assert rows[-2:] == [["3", "good"], ["4", "good"]]
    assert after is None or rows[3:] == after


def test_a_cell_that_was_cut_is_never_taken_for_whole(tmp_path: Path) -> None:
    long = b",".join([b"x" * 100_000] * 11)

    assert read(a_file(tmp_path, b"a\n" + long + b"\n1\n")) == [["a"], None, ["1"]]


def test_a_workbook_reads_as_what_people_see_in_it(tmp_path: Path) -> None:
    moment = datetime.fromisoformat("2026-01-02 03:04:05")
    seen: list[list[object]] = [
        ["编码", "金额", "时间", "日", "是", "长数字", "空"],
        [1001, 12.5, moment, date(2026, 1, 2), True, 10.0**18, None],
        ["001", 0.1 + 0.2, "", "", False, 999_999_999_999_999, ""],
    ]

    rows = read(a_workbook(tmp_path, seen))

    assert rows[0] == seen[0]
    assert rows[1] is not None
    assert rows[2] is not None
    assert rows[1][:5] == ["1001", "12.5", "2026-01-02 03:04:05", "2026-01-02", "TRUE"]
    assert "e+18" in rows[1][5]
    assert rows[2][:6] == ["001", "0.3", "", "", "FALSE", "999999999999999"]


def test_a_date_cell_at_midnight_and_one_with_seconds_come_out_to_the_second(
    tmp_path: Path,
) -> None:
    times = ("00:00:00", "00:59:59", "09:00:00", "09:59:59", "23:00:00", "23:59:59")
    moments = [datetime.fromisoformat(f"2026-03-01 {time}") for time in times]

    rows = read(a_workbook(tmp_path, [["t"], *([moment] for moment in moments)]))

    read_back = [datetime.fromisoformat(row[0]) for row in rows[1:] if row]
    assert read_back == moments


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (60_000, 2_000)])
def test_a_small_workbook_that_would_fill_the_memory_is_refused(
    tmp_path: Path, row: int, column: int
) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(row, column, "b")
    assert path.stat().st_size < 10_000

    with pytest.raises(KaquanError) as refused:
        read(path)

    assert refused.value.code == "table_too_large"


def test_a_long_text_that_a_thousand_cells_repeat_is_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path, [["long"]] * 1_000)
    with zipfile.ZipFile(path) as good:
        entries = {name: good.read(name) for name in good.namelist()}
    texts = "xl/sharedStrings.xml"
    entries[texts] = entries[texts].replace(b"long", b"x" * 8_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name, content in entries.items():
            bomb.writestr(name, content)
    assert path.stat().st_size < 50_000

    with pytest.raises(KaquanError) as refused:
        read(path)

    assert refused.value.code == "table_too_large"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"\x00" * 500,
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500,
        "编码,名称\n".encode("utf-16"),
    ],
    ids=["damaged XLSX", "cut XLSX", "old XLS", "UTF-16"],
)
def test_what_is_no_table_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(KaquanError) as refused:
        read(a_file(tmp_path, content))

    assert refused.value.code == "table_not_a_table"
    assert "XLSX" in refused.value.zh


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(KaquanError) as refused:
        read(tmp_path / name)

    assert refused.value.code == "table_missing"


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    for file in (
        a_file(tmp_path, b"a,b\n" + b"1,2\n" * 100_000),
        a_workbook(tmp_path, [["a", "b"], *([[1, 2]] * 2_000)]),
    ):
        with open_table(file) as table:
            seen = [table.progress() for _ in table.rows()]
            assert table.progress() == (seen[-1][1], seen[-1][1])
        done = [progress[0] for progress in seen]
        assert done == sorted(done)
        assert len(set(done)) > 3
