"""A row that is odd is refused or read, and stops no run: with a ledger of millions some rows are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project.cli import status_of
from dagster_project.reading.accesses.native import EVENTS
from dagster_project.reading.cells import Column
from dagster_project.reading.ledger_columns import LEDGERS

AT = "2026-03-02T10:00:00Z"
INSTANTS = ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "", "never")
NUMBERS = (2**63 - 1, -(2**63), 2**64, 2**31, 1e308, -1, 0, 0.5, "1,5", "")
TEXTS = ("", " ", "x" * 70_000, "a\nb", "c'd\"e;--", "\u202eabc", "=1+1", "\x01\x7f", "{redacted}", "[other]", "anystaff:x", "\U0001f986", ["a", None, ""], {"a": 1}, 7, True)
ODD: dict[str, tuple[Any, ...]] = {
    "instant": INSTANTS, "stamp": INSTANTS, "integer": NUMBERS, "number": NUMBERS, "text": TEXTS, "note": TEXTS, "list": (*TEXTS, [], ["a"] * 500), "boolean": (*TEXTS, 2)
}  # fmt: skip
PLAIN: dict[str, Any] = {"instant": AT, "stamp": AT, "integer": 7, "number": 1.5, "text": "a", "note": "a", "list": ["a"], "boolean": True}
SOUND = {"grantee": "person:amy", "status": "justified", "time_zone": "UTC", "staff_id": "amy", "actor": "amy", "source": "console", "content": True}
FOLDERS = {**LEDGERS, "access_events": EVENTS}


def rows(columns: tuple[Column, ...]) -> Iterator[dict[str, Any]]:
    """Yield a sound row, one with each odd value in each column three times, and the same under the id of the sound row, which it contradicts."""
    sound = {column.name: SOUND.get(column.name, PLAIN[column.kind]) for column in columns}
    yield sound
    odd = [(column.name, value) for column in columns for value in ODD[column.kind]]
    for number, (name, value) in enumerate([*odd, *odd, *odd]):
        yield {**sound, columns[0].name: f"a-{number}", name: value}
    for name, value in odd:
        yield {**sound, name: value}


def test_odd_rows_stop_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A check that a row can break is one that the reader must make first."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for folder, columns in FOLDERS.items():
        (tmp_path / "landing" / folder).mkdir(parents=True)
        (tmp_path / "landing" / folder / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(columns)))
    assert status_of(["run", str(tmp_path / "landing"), "--home", str(tmp_path / "home"), "--as-of", "2026-04-01T00:00:00Z", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["folder"] for row in told["inputs"] if row["parsed"]} == set(FOLDERS)
