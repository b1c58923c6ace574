"""Text that comes from outside stays text, wherever it is opened."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.publishing.exports import cell, csv_text, instant, json_text, visible, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain – text, Ünïcode, 日本", "plain – text, Ünïcode, 日本"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc\x00", "a\\x0d\\x0ab\\x09c\\x00"),
        ("\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"),
        ("\u200b\ufeff\u2028", "\\u200b\\ufeff\\u2028"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_obeyed_or_hidden_is_written_as_its_escape(text: str, expected: str) -> None:
    """A log line can carry a terminal's commands or turn a file name round before the reader's eyes."""
    assert visible(text) == expected


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "  =1", "＝1+1", "|calc", "%0A=1", "\n=1", "-", "\u200b=1"])
def test_a_formula_is_text_in_a_spreadsheet(text: str) -> None:
    """An account may be called =HYPERLINK(…); the auditor's spreadsheet must not run it."""
    assert not cell(text).lstrip().startswith(tuple("=+-@\t|%＝"))


@pytest.mark.parametrize("value", [-5, -2.5, 1e-7, "-5", "12.5"])
def test_a_number_stays_a_number(value: object) -> None:
    """A negative count is no formula: an apostrophe before it would break every sum."""
    assert float(cell(value)) == float(str(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (["a", "b"], "a;b"),
        ([], ""),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1, 2, 3, 4, tzinfo=UTC), "2026-10-01T02:03:04Z"),
        (datetime(2026, 10, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2026-10-01T00:03:04.000005Z"),
        (b"\x00\xff", "00ff"),
    ],
)
def test_values_as_text(value: object, expected: str) -> None:
    """One way of writing each type, in every file."""
    assert written(value) == expected


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_csv_gives_back_as_many_cells_as_went_in(rows: list[list[str]]) -> None:
    """No quote, comma or line break in a value may shift the cells behind it."""
    read = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows), newline="")))
    assert read[1:] == [[cell(value) for value in row] for row in rows]


@given(st.text())
def test_json_is_ascii_and_gives_back_the_text(text: str) -> None:
    """For machines nothing is changed, and a terminal still finds nothing to obey."""
    written_text = json_text({"text": text})
    assert written_text.isascii()
    assert "\x1b" not in written_text
    assert "\x7f" not in written_text
    assert json.loads(written_text)["text"] == text


def test_json_has_no_number_that_json_lacks() -> None:
    """NaN would make the file unreadable for every strict reader."""
    assert json.loads(json_text({"a": [float("nan"), float("-inf"), 1.5, Decimal("2.5")]})) == {"a": [None, None, 1.5, 2.5]}


def test_instants_before_the_year_1000_have_four_digits() -> None:
    """Damaged stamps must sort as text like all others."""
    assert instant(datetime(987, 1, 2, tzinfo=UTC)) == "0987-01-02T00:00:00Z"
