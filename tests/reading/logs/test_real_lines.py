"""Lines as real servers write them: those of a corpus beside the project are scored, and their shapes stand in shapes.jsonl with invented values."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.reading.logs import parse, remaining
from dagster_project.reading.logs.detect import detect
from dagster_project.reading.logs.formats import named
from dagster_project.reading.logs.promising import FEWEST_LINES
from tests.sampling import sampled

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus" / "lines.jsonl"
SHAPES = [json.loads(line) for line in Path(__file__).with_name("shapes.jsonl").read_text(encoding="utf-8").splitlines()]
FIELDS = ("client_ip", "client_port", "method", "target", "host", "status", "bytes", "referer", "user", "user_agent", "http_version", "duration_ns", "forwarded_for")
LEAST_FIELDS, LEAST_LINES = 0.995, 0.98
CARRIERS: dict[str, Callable[[str], str]] = {
    "nobody": str,
    "kubernetes": "2026-03-02T10:15:01.123456789Z stdout F {}".format,
    "syslog": "Mar  2 10:15:01 web1 app[42]: {}".format,
    "docker": lambda raw: json.dumps({"log": f"{raw}\n", "stream": "stdout", "time": "2026-03-02T10:15:01.123456789Z"}),
}


def _row(record: dict[str, Any], known: str) -> dict[str, Any] | None:
    header = record["header"].encode() if record.get("header") else None
    rows = parse(record["raw"].encode() + b"\n", known, header).rows.to_pylist()
    return rows[0] if rows else None


def _known(record: dict[str, Any]) -> str:
    return str(record["format"]) if record["format"].startswith(("apache:", "nginx:")) else "auto"


ALIKE = sorted({record["format"] for record in SHAPES if not record.get("header") and _known(record) == "auto" and not named(record["format"]).parts})
"""Formats whose lines need no line above them."""


@cache
def _alone(place: int) -> dict[str, Any] | None:
    """Return what a line says with nothing around it."""
    return _row(SHAPES[place], _known(SHAPES[place]))


@pytest.mark.parametrize("record", SHAPES, ids=lambda record: f"{record['format']}:{record['number']}")
def test_a_line_means_what_its_server_says(record: dict[str, Any]) -> None:
    """Each of these shapes is written by a server in use; a value that is read wrongly falsifies every number made of it."""
    for known in {record["format"], "auto"} if not record["format"].startswith(("apache:", "nginx:")) else {record["format"]}:
        row = _row(record, known)
        assert row is not None
        expect = dict(record["expect"])
        if "ts" in expect:
            assert row["ts"] == (datetime.fromisoformat(expect["ts"]) if expect["ts"] else None)
            del expect["ts"]
        assert {name: row[name] for name in expect} == expect
    if record.get("detected"):
        head = f"{record['header']}\n{record['raw']}\n" if record.get("header") else record["raw"] + "\n"
        assert detect(head.encode()).format == record["detected"]


@pytest.mark.parametrize("around", [("  ", "\t"), ("", "  "), ("", "\0\0"), ("\ufeff", "\r")], ids=repr)
def test_what_surrounds_a_line_changes_none_of_its_values(around: tuple[str, str]) -> None:
    """Editors, shippers and servers leave blanks, tabs, NULs and marks around lines; a value that takes one in is another value."""
    before, after = around
    changed = []
    for place, record in enumerate(SHAPES):
        if _alone(place) != _row({**record, "raw": f"{before}{record['raw']}{after}"}, _known(record)):
            changed.append(f"{record['format']}:{record['number']}")
    assert changed == []


def different(rows: pa.Table) -> pa.Table:
    """Return the different rows of a table."""
    plain = rows.cast(pa.schema([(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type) for field in rows.schema]))
    return plain.group_by(plain.column_names, use_threads=False).aggregate([])


def test_many_lines_say_what_one_says() -> None:
    """Whole columns are read by other code than a line alone; what they disagree on would depend on the size of a file."""
    wrong = []
    for record in SHAPES:
        header = record["header"].encode() if record.get("header") else None
        one, many = (parse((record["raw"].encode() + b"\n") * count, record["format"], header).rows.drop_columns("line_number") for count in (1, FEWEST_LINES))
        if many.num_rows != FEWEST_LINES or different(many).to_pylist() != one.to_pylist():
            wrong.append(f"{record['format']}:{record['number']}")
    assert wrong == []


# CI reads each format bare and in one of the three carriers.
@pytest.mark.parametrize(("known", "carry"), sampled(product(ALIKE, CARRIERS.values()), lambda place: place % 4 in {0, 1 + place // 4 % 3}))
def test_lines_of_many_shapes_say_what_each_says(known: str, carry: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A log is written by several servers, or carried: what the first layout leaves is read by other code, too, and stands in its place."""
    monkeypatch.setattr(remaining, "FEWEST_LEFT", FEWEST_LINES)
    raws = [carry(record["raw"]) for record in SHAPES if record["format"] == known]
    ones = [parse(f"#\n{raw}\n".encode(), known).rows.drop_columns("line_number") for raw in raws]
    many = parse("".join(f"{raw}\n" for raw, one in zip(raws, ones, strict=True) if one.num_rows).encode() * FEWEST_LINES, known).rows.drop_columns("line_number")
    expected = pa.concat_tables(ones)
    assert many.num_rows == expected.num_rows * FEWEST_LINES
    assert many.equals(expected.take(pa.array(list(range(expected.num_rows)) * FEWEST_LINES)))


def test_real_lines_mean_what_their_sources_say() -> None:
    """Lines of other projects' test suites; scored where the corpus lies beside the project, else there is nothing to score."""
    records = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()] if CORPUS.exists() else []
    wrong = {record["id"]: _wrong(record) for record in records}
    fields = sum(len(record["expect"].keys() & {*FIELDS, "ts"}) for record in records)
    shown = {record_id: names for record_id, names in wrong.items() if names}
    assert sum(map(len, wrong.values())) <= (1 - LEAST_FIELDS) * fields, shown
    assert len(shown) <= (1 - LEAST_LINES) * len(records), shown


def _wrong(record: dict[str, Any]) -> list[str]:
    row = _row(record, record["format"] if record["format"].startswith("apache:") else "auto")
    names = [name for name in (*FIELDS, "ts") if name in record["expect"]]
    return names if row is None else [name for name in names if not _means(name, record, row)]


def _means(name: str, record: dict[str, Any], row: dict[str, Any]) -> bool:
    """Compare by what a row promises: the corpus keeps ports of hosts, rounds instants, and has targets of IIS without their query.

    Of a list of addresses the corpus takes one that is routed, a row the first; a request that is no HTTP has no target.
    """
    expected, found = record["expect"][name], row[name]
    if name == "ts":
        return _is_instant(record, found)
    if name == "target" and row["method"] is None:
        return found is None
    if name == "target" and "iis" in record["format"]:
        found = found.partition("?")[0]
    if name == "client_ip" and found != expected and (row["forwarded_for"] or "").startswith(f"{found},"):
        return expected in row["forwarded_for"].split(", ")
    if name == "host" and expected not in ("-", None):
        expected = expected.rpartition(":")[0] or expected
    return bool(found == (None if expected == "-" else expected))


def _is_instant(record: dict[str, Any], found: datetime) -> bool:
    stamp = record["raw"].split()[1] if record["format"] == "aws_alb" else record["expect"]["ts"]
    expected = datetime.fromisoformat(stamp)
    expected = expected if expected.tzinfo else expected.replace(tzinfo=UTC)
    return 0 <= (found - expected).total_seconds() < (0.001 if expected.microsecond else 1)
