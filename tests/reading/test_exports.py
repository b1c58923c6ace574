"""Files as spreadsheets, databases and engines export them: read exactly, or refused by a sentence that says how to deliver them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.errors import ColumnError, FormatError, InputError
from dagster_project.reading import ledgers
from dagster_project.reading.accesses import native

USERS = "user_id,account_id\r\nnora,alder\r\n"
USER = {"user_id": "nora", "account_id": "alder"}
AT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
MISSING = "the required columns user_id, account_id are missing; "
NAMES = "names are in lower case, with _ for a blank: user_id, account_id"
CSV_ADVICE = "export it as CSV in UTF-8, with commas between the cells"
JSON_ADVICE = "write one JSON object a line, in UTF-8"
NO_OBJECT = "no line of it is a JSON object with columns; write one object a line"


def _read(path: Path, folder: str, body: str | bytes) -> ledgers.LedgerRead:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    found = ledgers.read(folder, path)
    assert found.lines == found.rows.num_rows + found.rejects.num_rows + found.blank
    return found


def _parquet(path: Path, folder: str, columns: dict[str, Any] | pa.Table, **options: Any) -> ledgers.LedgerRead:
    pq.write_table(pa.table(columns) if isinstance(columns, dict) else columns, path, **options)
    return ledgers.read(folder, path)


@pytest.mark.parametrize(
    ("name", "body", "rule"),
    [
        ("u.csv", b"\xef\xbb\xbf" + USERS.replace(",", ";").encode(), MISSING + "they are separated by semicolons; write commas"),
        ("u.csv", USERS.replace(",", "\t"), MISSING + "they are separated by tabs; write commas"),
        ("u.csv", "sep=;\r\n" + USERS.replace(",", ";"), MISSING + "line 2 names them, which must be the first; they are separated by semicolons; write commas"),
        ("u.csv", "Users of March,\r\n,\r\n" + USERS, MISSING + "line 3 names them, which must be the first"),
        ("u.csv", '"User_ID","ACCOUNT ID"\r\n"nora","alder"\r\n', MISSING + NAMES),
        ("u.csv", "user_id,plan\r\nnora,team\r\n", "the required column account_id is missing; deliver it"),
        ("u.csv", b"\xff\xfe" + USERS.replace(",", "\t").encode("utf-16-le"), f"it is UTF-16 or UTF-32; {CSV_ADVICE}"),
        ("u.csv", USERS.encode("utf-16-be"), f"it is UTF-16 or UTF-32; {CSV_ADVICE}"),
        ("u.csv", USERS.replace("\r\n", "\r"), "its lines end in a carriage return alone; end them with a line feed"),
        ("u.csv", b"PK\x03\x04\x14\x00\x06\x00", f"it holds a ZIP archive, as .xlsx and .ods are; {CSV_ADVICE}"),
        ("u.csv", "<!DOCTYPE html>\n<title>Sign in</title>\n", f"it holds HTML or XML; {CSV_ADVICE}"),
        ("u.csv", json.dumps(USER), f"it holds JSON; name it .jsonl, and {JSON_ADVICE}"),
        ("u.jsonl", json.dumps([USER, USER]), f"it holds one JSON list; {JSON_ADVICE}, without brackets and commas around them"),
        ("u.jsonl", "[\n" + json.dumps(USER) + ",\n" + json.dumps(USER) + "\n]\n", f"it holds one JSON list; {JSON_ADVICE}, without brackets and commas around them"),
        ("u.jsonl", b"\xfe\xff" + json.dumps(USER).encode("utf-16-be"), f"it is UTF-16 or UTF-32; {JSON_ADVICE}"),
        ("u.jsonl", json.dumps(USER, indent=2), NO_OBJECT),
        ("u.jsonl", f"{json.dumps(USER)}\r{json.dumps(USER)}", NO_OBJECT),
        ("u.jsonl", USERS, NO_OBJECT),
    ],
)
def test_a_file_of_another_form_is_told_what_it_seems_to_be(name: str, body: str | bytes, rule: str, tmp_path: Path) -> None:
    """Whoever exports from a spreadsheet must learn which box to tick; a ledger without rows would say that there are no customers."""
    with pytest.raises((FormatError, ColumnError)) as told:
        _read(tmp_path / name, "users", body)
    assert str(told.value) == f"{name}: {rule}"


@pytest.mark.parametrize("body", [
    b"\xef\xbb\xbf" + USERS.encode(), USERS.replace("\r\n", "\r\r\n"), USERS.replace("\r\n", "\n"), '"user_id","account_id"\r\n"nora","alder"\r\n',
    "user_id,account_id,,\r\nnora,alder,,\r\n", ",user_id,account_id\n0,nora,alder\n", "\n\nuser_id,account_id\nnora,alder\n",
])  # fmt: skip
def test_what_spreadsheets_and_pandas_add_to_csv_changes_nothing(body: str | bytes, tmp_path: Path) -> None:
    """A mark before the header, doubled carriage returns, empty columns at the end and an index without a name are no reason to refuse."""
    found = _read(tmp_path / "u.csv", "users", body)
    assert found.rows.drop_columns("line_number").to_pylist() == [USER]
    assert not found.rejects.num_rows


@pytest.mark.parametrize(
    "cell", ["\\N", "NULL", "null", "NaN", "nan", "NaT", "None", "<NA>", "(null)", "[NULL]", "#N/A", "#REF!", "#NAME?", "#DIV/0!", "####", "1.23457E+11", '="0012"']
)
def test_what_a_program_writes_for_nothing_is_no_text(cell: str, tmp_path: Path) -> None:
    """An opt-out of the class `NULL` would be an opt-out of nothing, and the reason `NULL` of an emergency a reason."""
    body = f"account_id,valid_from,record_class\nalder,2026-03-02T10:15:00Z,{cell}\n{cell},2026-03-02T10:15:00Z,\nalder,2026-03-02T10:15:00Z,Nullwork\n"
    found = _read(tmp_path / "o.csv", "opt_outs", body)
    assert (found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist()) == ([2, 3], ["other", "other"])
    assert found.rows["record_class"].to_pylist() == ["Nullwork"]
    reasons = _read(tmp_path / "e.csv", "emergencies", f"emergency_id,staff_id,account_id,opened_at,ttl_s,decide_within_s,reason\ne,amy,alder,2026-03-02T10:15:00Z,60,60,{cell}\n")
    assert reasons.rejects.num_rows == 1


def test_what_somebody_typed_into_an_event_is_its_text(tmp_path: Path) -> None:
    """An access that could be refused by the case `NULL` would be an access that nobody judges."""
    path = tmp_path / "e.csv"
    path.write_text('event_id,actor,occurred_at,case_id,record_ids\ne,amy,2026-03-02T10:15:00Z,NULL,"{a,b}"\n')
    found = native.read(path, "office", {})
    assert (found.rows["case_id"].to_pylist(), found.rows["record_ids"].to_pylist()) == (["NULL"], [["{a,b}"]])


@pytest.mark.parametrize("cell", ["{job,person}", "{}", "{job}", "['job', 'person']", "[job, person]", "NULL", "\\N"])
def test_a_list_that_is_written_otherwise_is_no_single_id(cell: str, tmp_path: Path) -> None:
    """PostgreSQL's arrays and Python's lists would each be one class that no record has; a comma is part of an item."""
    header, row = "policy_id,noticed_at,exempt_classes", "p,2026-03-02T10:15:00Z"
    found = _read(tmp_path / "p.csv", "policies", f'{header}\n{row},"{cell}"\n{row},job;person\n{row},"[""job, person""]"\n{row},"job, person"\n')
    assert (found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist()) == ([2], ["other"])
    assert found.rows["exempt_classes"].to_pylist() == [["job", "person"], ["job, person"], ["job, person"]]


def test_a_list_that_is_written_otherwise_is_none_in_json_and_parquet_either(tmp_path: Path) -> None:
    """A text in the place of a list is read as a cell of CSV is."""
    rows = [{"policy_id": "p", "noticed_at": "2026-03-02T10:15:00Z", "exempt_classes": cell} for cell in ("{job,person}", "job;person")]
    in_json = _read(tmp_path / "p.jsonl", "policies", "".join(json.dumps(row) + "\n" for row in rows))
    columns = {"policy_id": ["p", "q"], "noticed_at": [AT, AT], "exempt_classes": ["{job,person}", "job;person"]}
    in_parquet = _parquet(tmp_path / "p.parquet", "policies", columns)
    assert [found.rejects["line_number"].to_pylist() for found in (in_json, in_parquet)] == [[1], [1]]


@pytest.mark.parametrize(("cell", "seats"), [("30", 30), ("30.0", 30), ("30.00", 30), ("1.000", None), ("12.000", None), ('"1,000"', None), ("1.234", None), ("1e3", None)])
def test_a_thousand_with_a_point_is_not_one(cell: str, seats: int | None, tmp_path: Path) -> None:
    """A German spreadsheet writes a thousand as 1.000: to read it as one would hide every number of a small customer, or show one."""
    found = _read(tmp_path / "a.csv", "accounts", f"account_id,seats\nalder,{cell}\n")
    assert found.rows["seats"].to_pylist() == ([] if seats is None else [seats])


@pytest.mark.parametrize("cell", [
    "02.03.2026 10:15", "3/2/2026 10:15:00", "46083.4270833", "46083", "1772445600", "2026-03-02", "2026-03-02 10:15:00", "0000-00-00 00:00:00", "infinity", "NaT", "NULL",
    "2026-03-02 10:15:00 Europe/Berlin", "2026-03-02T10:15:00+01:00[Europe/Berlin]", "2026-03-02 10:15:00 CET", '"Mar 2, 2026, 10:15:00 AM"',
])  # fmt: skip
def test_a_date_that_has_to_be_guessed_refuses_its_row(cell: str, tmp_path: Path) -> None:
    """The second of March and the third of February are told apart by nothing that stands in the file."""
    found = _read(tmp_path / "o.csv", "opt_outs", f"account_id,valid_from,valid_to\nalder,2026-03-02T10:15:00Z,{cell}\n")
    assert found.rejects.select(["line_number", "reason"]).to_pylist() == [{"line_number": 2, "reason": "bad_time"}]


@pytest.mark.parametrize(
    "cell", ["2026-03-02 10:15:00+00", "2026-03-02 10:15:00+00:00", "2026-03-02T10:15:00.000+0000", "2026-03-02 10:15:00 UTC", "2026-03-02 11:15:00.000000+01"]
)
def test_the_stamps_of_databases_and_pandas_are_read(cell: str, tmp_path: Path) -> None:
    """Each says its zone."""
    found = _read(tmp_path / "o.csv", "opt_outs", f"account_id,valid_from\nalder,{cell}\n")
    assert found.rows["valid_from"].to_pylist() == [AT]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (pa.array([1234.0]), "it should hold text; write it as string"),
        (pa.array([float("nan")]), "it should hold text; write it as string"),
        (pa.array([1234], pa.decimal128(10, 0)).cast(pa.decimal128(12, 2)), "it should hold text; write it as string"),
        (pa.array([b"\x01" * 16], pa.binary(16)), "it should hold text; write it as string"),
        (pa.array([{"id": "alder"}]), "it should hold text; write it as string"),
        (pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())), "it should hold text; write it as string"),
        (pa.array([AT]), "it should hold text; write it as string"),
    ],
)
def test_what_has_several_texts_is_no_id_of_parquet(values: pa.Array, rule: str, tmp_path: Path) -> None:
    """A number that became 1234.0, or NaN in a gap, would be another customer than 1234, or one called nan."""
    with pytest.raises(ColumnError) as told:
        _parquet(tmp_path / "u.parquet", "users", {"user_id": ["nora"], "account_id": values})
    assert str(told.value) == f"u.parquet: column account_id: {rule}"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array([1234]), "1234"),
        (pa.array([1234], pa.decimal128(38, 0)), "1234"),
        (pa.array(["alder"], pa.large_string()), "alder"),
        (pa.array(["alder"], pa.string_view()), "alder"),
        (pa.array(["alder"]).dictionary_encode(), "alder"),
        (pa.array([b"alder"]), "alder"),
    ],
)
def test_what_has_one_text_is_an_id_of_parquet(values: pa.Array, text: str, tmp_path: Path) -> None:
    """Engines write one id in many types."""
    assert _parquet(tmp_path / "u.parquet", "users", {"user_id": ["nora"], "account_id": values}).rows["account_id"].to_pylist() == [text]


def test_a_column_of_parquet_without_a_value_is_missing_whatever_its_type(tmp_path: Path) -> None:
    """What pandas writes of a column of gaps are floating numbers."""
    columns = {"account_id": ["alder"], "valid_from": [AT], "record_class": pa.nulls(1, pa.float64()), "purpose": pa.nulls(1)}
    assert _parquet(tmp_path / "o.parquet", "opt_outs", columns).rows.select(["record_class", "purpose"]).to_pylist() == [{"record_class": None, "purpose": None}]


@pytest.mark.parametrize("values", [pa.array([[1.5]]), pa.array([[{"a": "b"}]]), pa.array([[AT]]), pa.array([[[b"a"]]])])
def test_a_list_of_parquet_holds_texts(values: pa.Array, tmp_path: Path) -> None:
    """Of what else it holds, nobody knows how an access names it."""
    with pytest.raises(ColumnError, match=r"^p.parquet: column exempt_classes: it should be list<string>; write it so$"):
        _parquet(tmp_path / "p.parquet", "policies", {"policy_id": ["p"], "noticed_at": [AT], "exempt_classes": values})


@pytest.mark.parametrize(("values", "sizes"), [
    (pa.array([2e10, 123.0, 1.5, float("nan"), float("inf"), 1e300]), [20_000_000_000, 123]),
    (pa.array([20_000_000_000, 5], pa.decimal128(20, 0)).cast(pa.decimal128(24, 3)), [20_000_000_000, 5]),
    (pa.array([2**63, 7], pa.uint64()), [7]),
])  # fmt: skip
def test_whole_numbers_of_any_parquet_type_are_exact_or_refused(values: pa.Array, sizes: list[int], tmp_path: Path) -> None:
    """A column with gaps comes as floating numbers; a size of 20 GB in it must not be lost for its exponent."""
    columns = {"snapshot_at": [AT], "message_id": ["m"], "account_id": ["alder"], "received_at": [AT]}
    found = _parquet(tmp_path / "m.parquet", "messages", {**{name: cells * len(values) for name, cells in columns.items()}, "size_bytes": values})
    assert found.rows["size_bytes"].to_pylist() == sizes
    assert set(found.rejects["reason"].to_pylist()) <= {"other"}


def test_stamps_that_may_be_in_any_zone_refuse_their_file(tmp_path: Path) -> None:
    """Spark means UTC by INT96 and others the zone of their machine: read as local time of its source, an access would move by hours."""
    path = tmp_path / "e.parquet"
    pq.write_table(pa.table({"event_id": ["e"], "actor": ["amy"], "occurred_at": [AT.replace(tzinfo=None)]}), path, use_deprecated_int96_timestamps=True)
    rule = r"column occurred_at: INT96 says no zone; write a timestamp with a zone \(Spark: spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS\)"
    with pytest.raises(ColumnError, match=rf"^e.parquet: {rule}$"):
        native.read(path, "office", {"office": "Europe/Berlin"})


def test_a_column_of_parquet_that_is_there_twice_refuses_the_file(tmp_path: Path) -> None:
    """Nobody can tell which one counts; it stopped the whole run."""
    twice = pa.table([["nora"], ["alder"], ["birch"]], names=["user_id", "account_id", "account_id"])
    with pytest.raises(ColumnError, match=r"^u.parquet: column account_id: the file has it twice; write it once$"):
        _parquet(tmp_path / "u.parquet", "users", twice)
    others = pa.table([["nora"], ["alder"], ["x"], ["y"]], names=["user_id", "account_id", "note", "note"])
    assert _parquet(tmp_path / "u.parquet", "users", others).rows.num_rows == 1


@pytest.mark.parametrize(("columns", "rule"), [({}, "deliver them"), ({"USER_ID": ["nora"], "Account Id": ["alder"]}, NAMES)])
def test_parquet_without_the_columns_is_refused(columns: dict[str, Any], rule: str, tmp_path: Path) -> None:
    """A file without any column passed for a ledger without rows."""
    with pytest.raises(ColumnError) as told:
        _parquet(tmp_path / "u.parquet", "users", columns)
    assert str(told.value) == f"u.parquet: {MISSING}{rule}"


def test_a_column_that_only_a_folder_names_refuses_the_file(tmp_path: Path) -> None:
    """An opt-out of marketing whose purpose Spark took out of the file would be one of all access of staff."""
    opt_outs, header, row = tmp_path / "opt_outs", "account_id,valid_from", "alder,2026-03-02T10:15:00Z"
    rule = "the required column purpose is missing; the name of a folder is not read, so write it into the file"
    with pytest.raises(InputError, match=f"^part-0.csv: {rule}$"):
        _read(opt_outs / "purpose=marketing" / "part-0.csv", "opt_outs", f"{header}\n{row}\n")
    assert _read(opt_outs / "purpose=marketing" / "part-1.csv", "opt_outs", f"{header},purpose\n{row},marketing\n").rows.num_rows == 1
    assert _read(opt_outs / "date=2026-03-02" / "part-0.csv", "opt_outs", f"{header}\n{row}\n").rows.num_rows == 1
    assert _read(tmp_path / "purpose=none" / "opt_outs" / "a.csv", "opt_outs", f"{header}\n{row}\n").rows.num_rows == 1
