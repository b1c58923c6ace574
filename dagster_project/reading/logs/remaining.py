"""Lines that the first layout of a format leaves, many at once: by its other layouts, and without the headers and objects of log shippers.

The order is that of reader.py: a line is read as it stands by the first layout that matches, and without its header only where none does. So a layout takes
only lines that no pattern before its own could match, and lines that are not written plainly are left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.automata import UNUSUAL
from dagster_project.reading.logs.carried import HEAD_BEGIN, MOST_CARRIERS, Stamps, stamps_of, uncarried
from dagster_project.reading.logs.formats import Format
from dagster_project.reading.logs.layouts.layout import Layout
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.matching import columns
from dagster_project.reading.logs.promising import FEWEST_LINES, Indexes, patterns
from dagster_project.reading.logs.records import json_columns
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

FEWEST_LEFT = 1_000
"""Below this many lines, compiling the patterns of a format with many layouts costs more than it saves."""


@dataclass(frozen=True)
class Carriers:
    """The headers and objects already taken off lines: the times in them, null before the first, and how many more may be taken off."""

    stamps: Stamps | None = None
    more: int = MOST_CARRIERS


def rows(lines: Lines, left: Indexes, known: Format, layouts: Sequence[Layout], carriers: Carriers = Carriers()) -> Iterator[pa.Table]:
    """Yield tables of typed.CODED_ROWS, of lines that the first layout left, given by their indexes from 0.

    In a format with records an object is one of them, in any other it holds a line.
    """
    if len(left) < FEWEST_LEFT:
        return
    left = left[lines.lengths()[left] <= LONGEST_LINE_BYTES]
    texts = lines.texts().gather(left).str.strip_chars_end("\r\n").str.strip_chars(" \t")
    is_record = pl.col("text").str.starts_with("{") & (known.records is not None)
    asked = pl.DataFrame({"index": left, "text": texts}).filter(~pl.col("text").str.contains(UNUSUAL) & ~is_record)
    has_head = pl.col("text").str.contains(f"^(?:{HEAD_BEGIN})")
    may_match = pl.any_horizontal(pl.lit(value=False), *(pl.col("text").str.contains(pattern) for pattern in patterns(known)))
    headed, bare = asked.filter(has_head), asked.filter(~has_head)
    matched, unmatched = bare.filter(may_match), bare.filter(~may_match)
    for place, layout in enumerate(layouts):
        is_of = pl.col("text").str.contains(layout.loose_pattern)
        found = matched.filter(is_of) if layout.refuses_heads else pl.concat([matched, headed]).filter(is_of)
        if place:
            yield from _of(lines, found["index"].to_numpy(), layout, carriers.stamps)
        matched, headed = (some.join(found, on="index", how="anti") for some in (matched, headed))
    if carriers.more:
        further = Carriers(carriers.stamps or stamps_of(lines), carriers.more - 1)
        yield from _carried(pl.concat([headed, matched, unmatched]), known, layouts, further)


def _of(lines: Lines, indexes: Indexes, layout: Layout, stamps: Stamps | None) -> Iterator[pa.Table]:
    """Yield the rows of lines that this layout alone may match."""
    if len(indexes) >= FEWEST_LINES:
        piece = lines.alone(*indexes.tolist())
        yield _placed(columns.rows(piece, layout, 0, len(piece), stamps and _of_piece(stamps, indexes)), indexes)


def _carried(carried: pl.DataFrame, known: Format, layouts: Sequence[Layout], carriers: Carriers) -> Iterator[pa.Table]:
    """Yield the rows of lines that no layout matches as they stand, each without one header or object; none where such lines are few."""
    bare = {index: text for index, line in carried.rows() if (text := uncarried(line)) != line and text.isascii() and text.isprintable()}
    if len(bare) < FEWEST_LEFT:
        return
    indexes, piece = np.fromiter(bare, np.int64), split("\n".join(bare.values()).encode())
    said = carriers.stamps and _of_piece(carriers.stamps, indexes)
    found = [columns.rows(piece, layouts[0], 0, len(piece), said)] if layouts else []
    found += [json_columns.rows(piece, known.records.names, said)] if known.records else []
    is_left = np.ones(len(piece), bool)
    for table in found:
        is_left[table["line_number"].to_numpy() - 1] = False
    for table in (*found, *rows(piece, np.flatnonzero(is_left), known, layouts, replace(carriers, stamps=said))):
        yield _placed(table, indexes)


def _of_piece(stamps: Stamps, indexes: Indexes) -> Stamps:
    """Return what gives the times of some lines, by the numbers that these have in a piece of their own."""
    return lambda numbers: stamps(pl.Series(indexes)[numbers - 1] + 1)


def _placed(table: pa.Table, indexes: Indexes) -> pa.Table:
    """Return the rows of a piece of its own with the numbers that its lines have among all."""
    return table.set_column(0, table.field(0), pa.array(indexes[table["line_number"].to_numpy() - 1] + 1))
