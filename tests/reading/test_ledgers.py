"""Every row of a ledger is a fact, refused by its place, or blank: none may be lost, guessed at or bent."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.errors import ColumnError, DamagedError, FormatError
from dagster_project.reading import ledgers
from dagster_project.reading.cells import _NOTHING
from dagster_project.reading.instants import from_timestamps, parsed, placed, stamps
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.pieces import PIECE_LINES
from dagster_project.reading.rows import LONGEST_ROW_BYTES, blocks, parquet_rows
from dagster_project.reading.separated import csv_batches

GRANT = {
    "grant_id": "g1", "account_id": "C1", "granted_by": "cora", "grantee": "person:amy",
    "valid_from": "2026-03-10T09:00:00Z", "recorded_at": "2026-03-10T08:55:00Z",
}  # fmt: skip
GRANT_HEADER = "grant_id,account_id,granted_by,grantee,valid_from,recorded_at"
GRANT_LINE = "g1,C1,cora,person:amy,2026-03-10T09:00:00Z,2026-03-10T08:55:00Z"
NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)


def _read(tmp_path: Path, folder: str, name: str, body: str | bytes) -> ledgers.LedgerRead:
    path = tmp_path / name
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    found = ledgers.read(folder, path)
    assert found.lines == found.rows.num_rows + found.rejects.num_rows + found.blank
    return found


def _grants(tmp_path: Path, *changes: dict[str, Any]) -> ledgers.LedgerRead:
    return _read(tmp_path, "grants", "grants.jsonl", "".join(json.dumps(GRANT | change) + "\n" for change in changes))


def _parquet(tmp_path: Path, folder: str, columns: dict[str, Any]) -> ledgers.LedgerRead:
    pq.write_table(pa.table(columns), tmp_path / "ledger.parquet")
    return ledgers.read(folder, tmp_path / "ledger.parquet")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-10T09:00:00Z", NINE),
        ("2026-03-10t09:00:00z", NINE),
        ("2026-03-10 10:00:00+01", NINE),
        ("2026-03-10T10:00:00+01:00", NINE),
        ("2026-03-10T03:30:00-0530", NINE),
        ("20260310T090000Z", NINE),
        ("2026-03-10T09:00Z", NINE),
        ("2026-03-10T09:00:00.123456Z", NINE.replace(microsecond=123456)),
        ("2026-03-10T09:00:00.1234569Z", NINE.replace(microsecond=123456)),
        ("2026-03-10T09:00:00.999999999+00:00", NINE.replace(microsecond=999999)),
        ("2026-03-10T09:00:00,5Z", NINE.replace(microsecond=500000)),
        ("2026-03-10 09:00:00 UTC", NINE),
        ("2026-03-10 09:00:00.5 GMT", NINE.replace(microsecond=500000)),
        ("2026-03-10 09:00:00 CET", None),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-03-10", None),
        ("2026-03-10Z", None),
        ("2026-03-10T09:00:00", None),
        ("2026-02-29T09:00:00Z", None),
        ("2026-03-10T09:00:00+24:00", None),
        ("0000-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-01:00", None),
        (" 2026-03-10T09:00:00Z", None),
        ("1773133200", None),
        ("yesterday", None),
    ],
)
@pytest.mark.parametrize("neighbour", ["2026-03-10T09:00:00Z", "never", "2026-03-10T09:00:00.1234567Z"])
def test_an_instant_needs_a_date_a_time_and_a_zone(text: str, instant: datetime | None, neighbour: str, tmp_path: Path) -> None:
    """A guess at a zone would move a permission by hours; what a neighbour holds must not matter."""
    found = _grants(tmp_path, {"grant_id": "n", "valid_to": neighbour}, {"valid_to": text})
    rows = {row["grant_id"]: row for row in found.rows.to_pylist()}
    assert (rows["g1"]["valid_to"] if "g1" in rows else None) == instant
    if instant is None:
        assert (found.rejects["line_number"].to_pylist()[-1], found.rejects["reason"].to_pylist()[-1]) == (2, "bad_time")


@given(st.lists(st.one_of(
    st.datetimes().map(lambda stamp: stamp.isoformat() + "Z"),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.datetimes().map(datetime.isoformat),
    st.from_regex(r"20[0-9]{2}-0[1-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9]([.,][0-9]{0,9})?)?(Z|[+-][0-2][0-9])?", fullmatch=True),
    st.none(),
)))  # fmt: skip
def test_a_column_reads_as_its_stamps_do(texts: list[str | None]) -> None:
    """The quick way over whole columns must never differ from reading one stamp after the other."""
    found = stamps(pa.array(texts, pa.string()))
    alone = [parsed(text) if text is not None else None for text in texts]
    assert found.instants.to_pylist() == [stamp if stamp and stamp.tzinfo else None for stamp in alone]
    assert found.local.to_pylist() == [stamp if stamp and not stamp.tzinfo else None for stamp in alone]


@pytest.mark.parametrize(("unit", "ticks", "micros"), [
    ("s", 5, 5_000_000), ("ms", 5, 5_000), ("us", 5, 5), ("ns", 5_999, 5), ("ns", -1, -1), ("ns", -1_000, -1),
    ("s", 2**62, None), ("us", 253_402_300_800_000_000, None),
])  # fmt: skip
def test_parquet_stamps_of_any_unit_become_microseconds(unit: str, ticks: int, micros: int | None) -> None:
    """Digits beyond microseconds are cut, also before 1970; a stamp out of range is none, not another one."""
    found = from_timestamps(pa.array([ticks], pa.timestamp(unit, "UTC"))).instants
    assert found.cast(pa.int64()).to_pylist() == [micros]


@pytest.mark.parametrize(("zone", "local", "utc", "is_ambiguous"), [
    ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59Z", False),
    ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00Z", True),
    ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00Z", False),
    ("Europe/Berlin", "2026-10-25T01:59", "2026-10-24T23:59Z", False),
    ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00Z", True),
    ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z", False),
    ("Australia/Lord_Howe", "2026-04-05T01:29", "2026-04-04T14:29Z", False),
    ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45Z", True),
    ("Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T15:30Z", False),
    ("Australia/Lord_Howe", "2026-10-04T02:20", "2026-10-03T15:50Z", True),
    ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-03T15:30Z", False),
])  # fmt: skip
def test_folds_and_gaps_of_a_zone_are_told(zone: str, local: str, utc: str, is_ambiguous: bool) -> None:
    """In the time a clock repeats or skips (an hour, half of one on Lord Howe), nobody can say when an access was."""
    instants, marks = placed(pa.array([parsed(local), None], pa.timestamp("us")), zone)
    assert (instants.to_pylist(), marks.to_pylist()) == ([parsed(utc), None], [is_ambiguous, False])


@pytest.mark.parametrize(("cell", "items"), [
    ("", None), ("[]", []), ('"[""a;b"",""c""]"', ["a;b", "c"]), ("a", ["a"]), ("a;b", ["a", "b"]), ("[12345678901234567890123]", ["12345678901234567890123"]),
    ('"[null,""a""]"', ["a"]),
])  # fmt: skip
def test_a_list_in_csv(cell: str, items: list[str] | None, tmp_path: Path) -> None:
    """Null is all and an empty list is none: to mix them up would permit everything."""
    found = _read(tmp_path, "grants", "grants.csv", f"{GRANT_HEADER},record_classes\n{GRANT_LINE},{cell}\n")
    assert found.rows["record_classes"].to_pylist() == [items]


@pytest.mark.parametrize("cell", ["[a", '"[""a"""', "[[1]]", '"[{""a"":1}]"'])
def test_a_list_that_is_no_json_refuses_its_row(cell: str, tmp_path: Path) -> None:
    """Half a list is no scope."""
    found = _read(tmp_path, "grants", "grants.csv", f"{GRANT_HEADER},record_classes\n{GRANT_LINE},{cell}\n")
    assert found.rejects["reason"].to_pylist() == ["other"]


@pytest.mark.parametrize(("value", "items"), [
    (None, None), ([], []), (["a"], ["a"]), ([1, 2.50, True], ["1", "2.50", "true"]), ([None, "a"], ["a"]), ("a;b", ["a", "b"]),
])  # fmt: skip
def test_a_list_in_json_and_parquet(value: Any, items: list[str] | None, tmp_path: Path) -> None:
    """Ids compare as text, so numbers become the text they were written as."""
    body = json.dumps(GRANT | {"record_ids": value}).replace("2.5,", "2.50,")
    assert _read(tmp_path, "grants", "g.jsonl", body).rows["record_ids"].to_pylist() == [items]
    columns = {name: [cell] for name, cell in GRANT.items()} | {"record_ids": pa.array([items], pa.list_(pa.string()))}
    assert _parquet(tmp_path, "grants", columns).rows["record_ids"].to_pylist() == [items]


@pytest.mark.parametrize("value", ["", {"a": 1}, 5, [["a"]]])
def test_a_scope_that_is_no_list_refuses_its_row(value: Any, tmp_path: Path) -> None:
    """An empty text where a list belongs must not become `all`."""
    found = _grants(tmp_path, {"record_ids": value})
    expected = (1, []) if value == 5 else (0, ["other"])
    assert (found.rows.num_rows, found.rejects["reason"].to_pylist()) == expected


@pytest.mark.parametrize(("written", "text"), [
    ("42", "42"), ("1.50", "1.50"), ("123456789012345678901234567890", "123456789012345678901234567890"), ("true", "true"), ('"A"', "A"),
    ('"ü\\u00fc"', "üü"),
])  # fmt: skip
def test_an_id_is_its_text(written: str, text: str, tmp_path: Path) -> None:
    """Two ledgers that write an id as number and as text mean the same customer, to the last digit."""
    body = f'{{"user_id": {written}, "account_id": "C1"}}\n{{"user_id": "z", "account_id": 7}}\n'
    found = _read(tmp_path, "users", "users.jsonl", body)
    assert found.rows.drop_columns("line_number").to_pylist() == [{"user_id": text, "account_id": "C1"}, {"user_id": "z", "account_id": "7"}]


def test_empty_is_none_but_for_cases_and_records(tmp_path: Path) -> None:
    """An empty class names none, while an empty case is a case (docs/ledgers.md)."""
    found = _grants(tmp_path, {"case_id": "", "record_ids": [""], "revoked_at": None}, {"account_id": ""})
    assert (found.rows["case_id"].to_pylist(), found.rows["record_ids"].to_pylist()) == ([""], [[""]])
    assert found.rejects["reason"].to_pylist() == ["field_missing"]
    refusals = _read(tmp_path, "opt_outs", "o.jsonl", '{"account_id": "C1", "valid_from": "2026-03-10T09:00:00Z", "record_class": ""}')
    assert refusals.rows["record_class"].to_pylist() == [None]
    table = _read(tmp_path, "grants", "g.csv", f"{GRANT_HEADER},case_id\n{GRANT_LINE},\n")
    assert table.rows["case_id"].to_pylist() == [None]


@pytest.mark.parametrize(("written", "value"), [
    ("30", 30), ("-1", -1), ("30.0", 30), ('"30"', 30), ("null", None), ("30.5", "other"), ('"x"', "other"), ("true", "other"), ("99999999999999999999", "other"),
])  # fmt: skip
def test_integers(written: str, value: int | str | None, tmp_path: Path) -> None:
    """Exporters write whole numbers with a point where a column has gaps; a half is no count of days."""
    found = _read(tmp_path, "policies", "p.jsonl", f'{{"policy_id": "p", "noticed_at": "2026-01-01T00:00:00Z", "notice_days": {written}}}')
    assert (found.rejects["reason"].to_pylist() or found.rows["notice_days"].to_pylist()) == [value]


@pytest.mark.parametrize(("cell", "value"), [("true", True), ("False", False), ("1", True), ("no", False), ("", None), ("maybe", "other")])
def test_booleans_and_numbers_in_csv(cell: str, value: bool | str | None, tmp_path: Path) -> None:
    """CSV has text only; what is neither yes nor no is refused."""
    found = _read(tmp_path, "sources", "s.csv", f"source,whole_seconds,clock_skew_s\ns,{cell},1.5\n")
    assert (found.rejects["reason"].to_pylist() or found.rows["whole_seconds"].to_pylist()) == [value]
    assert found.rows["clock_skew_s"].to_pylist() == ([] if value == "other" else [1.5])


@pytest.mark.parametrize("depth", [300, 1010])
def test_a_note_that_nests_deeper_than_anybody_writes_refuses_its_row(depth: int, tmp_path: Path) -> None:
    """What JSON's readers follow its writers may not: one row must not end the run."""
    deep = json.dumps(GRANT | {"evidence": "@"}).replace('"@"', "[" * depth + "1" + "]" * depth)
    found = _read(tmp_path, "grants", "grants.jsonl", f"{deep}\n{json.dumps(GRANT)}\n")
    assert (found.rows["line_number"].to_pylist(), found.rejects["reason"].to_pylist()) == ([2], ["other"])


def test_places_of_refused_rows_in_json_lines(tmp_path: Path) -> None:
    """The offset is all that leads back to a refused line, since its text is never kept."""
    good = json.dumps(GRANT).encode()
    lines = [b"\xef\xbb\xbf" + good, b"", b"{broken", b"[1]", b'{"grant_id": "\xff"}', json.dumps(GRANT | {"valid_to": "soon"}).encode(), b"  ", b'{"grant_id": "g9"}']
    body = b"\r\n".join(lines)
    found = _read(tmp_path, "grants", "g.jsonl", body)
    assert (found.lines, found.blank, found.rows["line_number"].to_pylist()) == (8, 2, [1])
    assert found.rejects["reason"].to_pylist() == ["json_error", "json_not_object", "bad_utf8", "bad_time", "field_missing"]
    assert found.rejects["line_number"].to_pylist() == [3, 4, 5, 6, 8]
    assert found.rejects["byte_offset"].to_pylist() == [body.index(lines[place]) for place in (2, 3, 4, 5, 7)]
    assert found.rejects["shape"].to_pylist()[0] == "{AAA"
    assert not any("soon" in shape for shape in found.rejects["shape"].to_pylist())


def test_places_and_quoted_newlines_in_csv(tmp_path: Path) -> None:
    """A record may span lines; its number is that of the line where it starts."""
    body = (
        f'\ufeff{GRANT_HEADER},evidence\r\n{GRANT_LINE},"two\r\nlines"\r\n\r\n{GRANT_LINE},a,b\r\n'
        f"{GRANT_LINE.replace('2026-03-10T09', 'noon')},\r\n{GRANT_LINE},\x00\r\n{GRANT_LINE},last"
    )  # fmt: skip
    found = _read(tmp_path, "grants", "g.csv", body)
    assert (found.rows["line_number"].to_pylist(), found.rows["evidence"].to_pylist()) == ([2, 8], ["two\r\nlines", "last"])
    assert (found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist()) == ([5, 6, 7], ["field_count", "bad_time", "nul"])
    raw = body.encode()
    assert found.rejects["byte_offset"].to_pylist()[0] == raw.index(f"{GRANT_LINE},a,b".encode())
    assert (found.lines, found.blank) == (7, 2)


@pytest.mark.parametrize("size", [7, 64, 1000, 1 << 20])
def test_a_stray_quote_spoils_its_own_line_only(size: int, tmp_path: Path) -> None:
    """One unclosed quote in an export must not swallow the permissions behind it, wherever blocks are cut."""
    lines = ["user_id,account_id", "a,C1", 'b,"C2', "c,C3", '"d ""x""\nd",C4', 'e","C5', "f,C6", '"g', "h,C8"]
    path = tmp_path / "users.csv"
    path.write_text("\n".join(lines))
    with path.open("rb") as stream:
        batches = list(csv_batches(stream, LEDGERS["users"], path.name, size))
    numbers = [int(number) for batch in batches for number in batch.places.line_numbers]
    assert numbers == [2, 4, 5, 8, 10]
    assert [(place.line_number, reason) for batch in batches for place, reason in batch.rejects] == [(3, "field_count"), (7, "field_count"), (9, "field_count")]
    assert sum(batch.blank for batch in batches) == 1


@pytest.mark.parametrize("end", ["", 'y"z\n', '",C2\n'])
def test_each_of_many_lines_may_open_a_quote_that_never_ends(end: str, tmp_path: Path) -> None:
    """Lines that end a cell and open another kept reading on to the end, once for each of them: half a megabyte took minutes."""
    found = _read(tmp_path, "users", "users.csv", "user_id,account_id\n" + 'x","\n' * 100_000 + end + "a,C1\n")
    assert found.rows["account_id"].to_pylist() == ["C1"]
    assert found.rejects["reason"].unique().to_pylist() == ["field_count"]


def test_a_header_of_very_many_columns_is_read(tmp_path: Path) -> None:
    """Each name was looked for among all others."""
    names = ",".join(["user_id", "account_id", *map(str, range(200_000))])
    assert len(_read(tmp_path, "users", "users.csv", f"{names}\na,C1{',' * 200_000}\n").unknown_columns) == 200_000
    with pytest.raises(ColumnError, match="names a column twice"):
        _read(tmp_path, "users", "users.csv", f"{names},1\n")


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0")).filter(lambda text: not re.fullmatch(_NOTHING, text))


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["C1", "", 'q"', "a,b", "x\ny"]))))
def test_what_csv_writes_csv_reads(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    """Quoting by the rules of RFC 4180 must come back cell by cell."""
    quote = lambda cell: '"' + cell.replace('"', '""') + '"'  # noqa: E731
    path = tmp_path_factory.mktemp("csv") / "users.csv"
    path.write_bytes(("user_id,account_id\n" + "".join(f"{quote(a)},{quote(b)}\n" for a, b in rows)).encode())
    found = ledgers.read("users", path)
    assert list(zip(*(found.rows[name].to_pylist() for name in ("user_id", "account_id")), strict=True)) == [row for row in rows if all(row)]
    assert set(found.rejects["reason"].to_pylist()) <= {"field_missing"}


@pytest.mark.parametrize(("name", "body", "names"), [
    ("g.csv", "grant_id,account_id\ng,C\n", "granted_by"),
    ("g.csv", "", "header"),
    ("g.csv", "\n\n", "header"),
    ("g.csv", '"grant_id\nx\n', "header"),
    ("g.csv", "grant_id,grant_id\n", "twice"),
    ("g.jsonl", json.dumps({key: value for key, value in GRANT.items() if key != "grantee"}), "grantee"),
])  # fmt: skip
def test_a_missing_column_refuses_the_file_by_name(name: str, body: str, names: str, tmp_path: Path) -> None:
    """Somebody must be told which column to deliver."""
    with pytest.raises(ColumnError, match=names):
        _read(tmp_path, "grants", name, body)


@pytest.mark.parametrize("name", ["grants.xlsx", "grants.json", "grants", "grants.csv.zip"])
def test_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    """A ledger that cannot be read must not look like an empty one."""
    with pytest.raises(FormatError, match=r"\.csv, \.jsonl or \.parquet"):
        _read(tmp_path, "grants", name, "x")


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + b"\0" * 100, b"no parquet at all"])
def test_a_damaged_parquet_file_is_refused(body: bytes, tmp_path: Path) -> None:
    """A copy that was cut short is not an empty ledger."""
    with pytest.raises(DamagedError):
        _read(tmp_path, "grants", "g.parquet", body)


@pytest.mark.parametrize(("name", "compress"), [("g.jsonl.gz", gzip.compress), ("g.JSONL", bytes), ("g.jsonl", gzip.compress)])
def test_compressed_ledgers(name: str, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Compression is told by content; the name only says what is inside."""
    assert _read(tmp_path, "grants", name, compress(json.dumps(GRANT).encode())).rows["grant_id"].to_pylist() == ["g1"]


def test_parquet_types(tmp_path: Path) -> None:
    """Exporters write dictionaries, numbers for ids and stamps of nanoseconds; a stamp without a zone is no instant."""
    columns = {name: pa.array([cell, cell]) for name, cell in GRANT.items()} | {
        "account_id": pa.array([1, 2]),
        "grantee": pa.array(["person:amy", "team:x"]).dictionary_encode(),
        "valid_from": pa.array([NINE, NINE], pa.timestamp("ns", "Europe/Berlin")),
        "secret": pa.array(["x", "y"]),
    }
    found = _parquet(tmp_path, "grants", columns)
    assert (found.rows["account_id"].to_pylist(), found.rows["valid_from"].to_pylist()) == (["1", "2"], [NINE, NINE])
    assert (found.unknown_columns, found.format, found.rows["grantee"].to_pylist()) == (("secret",), "parquet", ["person:amy", "team:x"])
    naive = _parquet(tmp_path, "grants", columns | {"valid_to": pa.array([None, NINE.replace(tzinfo=None)], pa.timestamp("us"))})
    assert naive.rejects.to_pylist() == [{"line_number": 2, "byte_offset": None, "length": None, "reason": "bad_time", "shape": ""}]
    dates = _parquet(tmp_path, "grants", columns | {"valid_to": pa.array([NINE.date(), None])})
    assert (dates.rejects["line_number"].to_pylist(), dates.rows.num_rows) == ([1], 1)
    with pytest.raises(ColumnError, match="account_id"):
        _parquet(tmp_path, "grants", columns | {"account_id": pa.array([b"\xff", b"a"])})


def test_rows_of_several_files_stand_together(tmp_path: Path) -> None:
    """A ledger is all its files; without any it is an empty table of the same columns."""
    one = _grants(tmp_path, {}, {"grant_id": "g2"})
    rows = ledgers.together("grants", {"i1": one, "i2": one})
    assert rows.select(["input_id", "line_number", "grant_id"]).to_pylist()[1:3] == [
        {"input_id": "i1", "line_number": 2, "grant_id": "g2"},
        {"input_id": "i2", "line_number": 1, "grant_id": "g1"},
    ]
    assert ledgers.together("grants", {}).schema == rows.schema


@pytest.mark.parametrize("folder", LEDGERS)
def test_every_ledger_reads_its_required_columns_alone(folder: str, tmp_path: Path) -> None:
    """What architecture.md requires is enough, in each of the three formats."""
    plain = {"instant": "2026-03-10T09:00:00Z", "integer": 5, "text": "x", "note": "x"}
    row = {column.name: plain[column.kind] for column in LEDGERS[folder] if column.is_required}
    in_json = _read(tmp_path, folder, "l.jsonl", json.dumps(row))
    in_csv = _read(tmp_path, folder, "l.csv", ",".join(row) + "\n" + ",".join(map(str, row.values())))
    in_parquet = _parquet(tmp_path, folder, {name: [NINE if cell == plain["instant"] else cell] for name, cell in row.items()})
    first = in_json.rows.drop_columns("line_number")
    assert first.num_rows == 1
    assert first.equals(in_csv.rows.drop_columns("line_number"))
    assert first.equals(in_parquet.rows.drop_columns("line_number"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(("name", "good"), [("users.jsonl", b'{"user_id": "a", "account_id": "C1"}'), ("users.csv", b"a,C1")])
def test_a_line_that_fills_memory_is_refused_alone(name: str, good: bytes, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Kilobytes of an archive can be gigabytes without a line end, which took minutes and as much memory."""
    begin = b"user_id,account_id\n" * name.endswith(".csv") + good + b"\n"
    found = _read(tmp_path, "users", name, pack(begin + b"x" * (40 << 20) + b"\n" + good + b"\n"))
    assert found.rows["account_id"].to_pylist() == ["C1", "C1"]
    (refused,) = found.rejects.to_pylist()
    assert (refused["line_number"], refused["byte_offset"], refused["reason"]) == (begin.count(b"\n") + 1, len(begin), "too_long")
    assert refused["length"] == LONGEST_ROW_BYTES + 1


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_wide_rows_of_parquet_come_few_at_a_time(kind: pa.DataType, tmp_path: Path) -> None:
    """A file of kilobytes may say the same long text in each of its rows."""
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({"note": pa.array(["x" * (1 << 16)] * 10_000, kind), "id": range(10_000)}), path)
    assert path.stat().st_size < 1 << 20
    rows = [batch.num_rows for batch in parquet_rows(pq.ParquetFile(path))]
    assert (sum(rows), max(rows) <= 1 << 11) == (10_000, True)
    assert [batch.num_rows for batch in parquet_rows(pq.ParquetFile(path), ["id"])] == [10_000]


@pytest.mark.parametrize(("most_bytes", "is_refused"), [(1 << 20, True), (1 << 30, False)])
def test_a_ledger_opens_to_so_much(most_bytes: int, is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of a ledger are held, and kilobytes may stand for gigabytes of them."""
    monkeypatch.setattr(ledgers, "MOST_OPENED_BYTES", most_bytes)
    body = gzip.compress((json.dumps(GRANT | {"evidence": "x" * 10_000}) + "\n").encode() * 1000)
    if is_refused:
        with pytest.raises(DamagedError, match=r"^grants\.jsonl\.gz: it opens to more than \d+ MB, over a hundred times its size; deliver it in parts$"):
            _read(tmp_path, "grants", "grants.jsonl.gz", body)
    else:
        assert _read(tmp_path, "grants", "grants.jsonl.gz", body).rows.num_rows == 1000


def test_short_lines_come_some_at_a_time() -> None:
    """A line of two bytes takes memory as a line of two hundred does."""
    found = list(blocks(BytesIO(b"x\n" * (PIECE_LINES + 1))))
    assert [(len(block.lines()), block.byte_offset) for block in found] == [(PIECE_LINES, 0), (1, 2 * PIECE_LINES), (0, 2 * PIECE_LINES + 2)]


def test_a_file_of_something_else_is_refused_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log among the ledgers may have gigabytes of lines, each of them to be refused."""
    monkeypatch.setattr(ledgers, "MOST_WITHOUT_ROW", PIECE_LINES)
    path = tmp_path / "users.jsonl.gz"
    path.write_bytes(gzip.compress(b"x\n" * 20 * PIECE_LINES)[:-12])  # its end, which is damaged, is never met
    with pytest.raises(FormatError, match="no line of it is a JSON object"):
        ledgers.read("users", path)


def test_many_blocks_read_as_one(tmp_path: Path) -> None:
    """Line numbers and offsets go on across blocks; a column that only later rows have is read."""
    rows = [GRANT | {"grant_id": f"g{number}"} | ({"case_id": f"T{number}"} if number > 40_000 else {}) for number in range(50_000)]
    found = _grants(tmp_path, *rows, {"valid_from": "x"})
    assert found.rows.num_rows == 50_000
    assert found.rows["line_number"].to_pylist() == list(range(1, 50_001))
    assert found.rows["case_id"].to_pylist()[-1] == "T49999"
    (offset,) = found.rejects["byte_offset"].to_pylist()
    assert (tmp_path / "grants.jsonl").read_bytes()[offset:].startswith(b'{"grant_id": "g1", ')
    assert found.rows["valid_from"].to_pylist()[0] + timedelta(0) == NINE
