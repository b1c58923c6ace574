"""A layout applied to many lines at once: cut at delimiters (delimited.py), or matched by groups (grouped.py); what neither takes is left to the exact pattern, a line at a time.

No line can spoil its neighbour.
"""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from dagster_project.reading.logs.carried import Stamps
from dagster_project.reading.logs.layouts.layout import Layout
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.matching.delimited import Delimited
from dagster_project.reading.logs.matching.grouped import Grouped
from dagster_project.reading.logs.promising import FEWEST_LINES
from dagster_project.reading.logs.values.distinct import joined
from dagster_project.reading.logs.values.typed import CODED_ROWS

_DELIMITED_LINES, _GROUPED_LINES = 1 << 18, 1 << 15
"""Lines that are cut, and matched, at a time: more take memory and are no quicker."""


def rows(lines: Lines, layout: Layout, start: int, stop: int, stamps: Stamps | None = None) -> pa.Table:
    """Return the plainly written lines from `start` up to `stop` as typed.CODED_ROWS, in order; where they say no time, `stamps` does.

    What cannot be cut at delimiters is matched by groups where there are enough lines for it to pay.
    """
    delimited, grouped = _ways(layout)
    batches = range(start, stop, _DELIMITED_LINES) if delimited else ()
    found = [delimited.rows(lines, first, min(first + _DELIMITED_LINES, stop)) for first in batches if delimited]
    if grouped:
        is_left = np.ones(stop - start, bool)
        for table in found:
            is_left[table["line_number"].to_numpy() - 1 - start] = False
        left = np.flatnonzero(is_left) + start
        batches = range(0, len(left), _GROUPED_LINES) if len(left) >= FEWEST_LINES else ()
        found += [grouped.rows(lines, left[at : at + _GROUPED_LINES], stamps) for at in batches]
    return joined(found or [CODED_ROWS.empty_table()])


@lru_cache(maxsize=1024)
def _ways(layout: Layout) -> tuple[Delimited | None, Grouped | None]:
    return Delimited.of(layout), Grouped.of(layout)
