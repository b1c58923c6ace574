"""The index of refused lines and rows: where each stands, why it was refused and what it looks like, never its text."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

REJECTS = pa.schema(
    [
        ("line_number", pa.int64()),
        ("byte_offset", pa.int64()),
        ("length", pa.int64()),
        ("reason", pa.string()),
        ("shape", pa.string()),
    ]
)

SHAPE_SYMBOLS = 64
_SHAPE_BYTES = 4096
"""The longest shape, and how many bytes of a line it is made of."""
_NOT_SHAPE = re.compile(r'[^A9\[\]"{}:,\-/ ]')
_LETTER, _DIGIT, _RUN = re.compile(r"[^\W\d_]"), re.compile(r"\d"), re.compile(r"(.)\1+")


class Place(NamedTuple):
    """Where a line or row begins (lines from 1, bytes of the decompressed file), and its bytes without their line end; rows of Parquet have none."""

    line_number: int
    byte_offset: int | None
    raw: bytes | None


def rejected(refused: Sequence[tuple[Place, str]]) -> pa.Table:
    """Return the index of refused lines or rows, each given by its place and the reason, in their order."""
    ordered = sorted(refused, key=lambda row: row[0].line_number)
    raws = [place.raw for place, _ in ordered]
    columns = [
        [place.line_number for place, _ in ordered],
        [place.byte_offset for place, _ in ordered],
        [None if raw is None else len(raw) for raw in raws],
        [reason for _, reason in ordered],
        ["" if raw is None else shape(raw[:_SHAPE_BYTES].decode("utf-8", "replace")) for raw in raws],
    ]
    return pa.table([pa.array(values, kind) for values, kind in zip(columns, REJECTS.types, strict=True)], schema=REJECTS)


def shape(text: str) -> str:
    """Return what a line looks like: letters as A, digits as 9, a run as one, two (2 to 4) or three (5 and more) symbols.

    Of all other characters only `[]"{}:,-/` and the blank stay (docs/privacy.md#what-is-kept-of-a-request).
    """
    symbols = _NOT_SHAPE.sub("", _DIGIT.sub("9", _LETTER.sub("A", text)))
    return _RUN.sub(lambda run: run[1] * (2 if len(run[0]) < 5 else 3), symbols)[:SHAPE_SYMBOLS]
