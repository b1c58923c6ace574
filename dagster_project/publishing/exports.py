"""Text that is safe where it lands: in a spreadsheet, on a terminal, in a browser; and the files that go with a report."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

# Control characters (tab and line breaks too), and what reorders or hides text: bidi controls, zero-width and invisible marks, tags, surrogates.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
# What a spreadsheet takes for the start of a formula, also as a full-width form and behind blanks.
_FORMULA = re.compile(r"\s*[=+\-@|%＝＋－＠]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


def visible(text: str) -> str:
    r"""Write each character that a terminal obeys, or that reorders or hides text, as its escape: `\x1b`, `\u202e`."""
    return _UNSEEN.sub(lambda found: _escape(ord(found.group())), text)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def instant(value: datetime) -> str:
    """Write an instant as ISO 8601 in UTC, to the second where it has no fraction."""
    value = value.astimezone(UTC) if value.tzinfo else value
    return value.replace(tzinfo=None, microsecond=0).isoformat() + (f".{value.microsecond:06d}" if value.microsecond else "") + "Z"


def written(value: object) -> str:
    """Write a value of a table as text: null is empty, a list is joined by semicolons, bytes are hex digits."""
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case datetime():
            text = instant(value)
        case date():
            text = value.isoformat()
        case bytes():
            text = value.hex()
        case list() | tuple():
            text = ";".join(written(part) for part in value)
        case _:
            text = visible(str(value))
    return text


def cell(value: object) -> str:
    """Write a value for a spreadsheet: text that could be taken for a formula begins with an apostrophe."""
    text = written(value)
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table as CSV (RFC 4180), formulas neutralised."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def json_text(value: object) -> str:
    """Write JSON in ASCII alone, so that no terminal and no browser finds anything in it to obey."""
    return json.dumps(_finite(value), ensure_ascii=True, allow_nan=False, indent=1, default=_plain) + "\n"


def as_json(value: object) -> Any:
    """Return a value as its JSON is read again."""
    return json.loads(json.dumps(_finite(value), allow_nan=False, default=_plain))


def _finite(value: Any) -> Any:
    """Return the value with null for what JSON has no number for: infinity and not-a-number."""
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _plain(value: Any) -> object:
    return _finite(float(value)) if isinstance(value, Decimal) else written(value)


def sha256(content: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as hex digits."""
    return hashlib.sha256(content.encode()).hexdigest()
