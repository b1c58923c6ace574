"""Which of many lines a format may read at all, by patterns that match all of those, and some more, in whole columns at once.

Without them, a line that no format reads would be tried against a hundred exact patterns, one after the other.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from dagster_project.reading.logs.automata import UNUSUAL, loosened
from dagster_project.reading.logs.carried import EVENT, HEAD, readings
from dagster_project.reading.logs.formats import Format
from dagster_project.reading.logs.lines import Lines

FEWEST_LINES = 128
"""Below this many lines, columns of them cost more than they save."""
FEWEST_BYTES = FEWEST_LINES << 8
"""Below this many bytes patterns for all lines do; a single line may be long enough for them."""

Indexes = npt.NDArray[np.int64]

MOST_SIGNS = 2_000
"""Characters of patterns that are matched together: the automaton of some 5,000 no longer fits Polars' cache, and takes a hundred times as long."""

_CARRIED = rf"^\{{|^{EVENT}|\t|  |^(?:{loosened(HEAD.pattern)})"
"""What a line must hold to be read as anything but itself without blanks around it: an object, an event of Windows, a tab or two blanks, a shipper's header."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Some lines of a piece, by their indexes from 0, to be tried by formats."""

    lines: Lines
    indexes: Indexes

    def of(self, known: Format) -> Indexes:
        """Return the lines that a format may read, all of them where they are few."""
        if self.lines.lengths()[self.indexes].sum() < FEWEST_BYTES:
            return self.indexes
        found, left = [], self._texts
        for pattern in patterns(known):
            is_found = left["text"].str.contains(pattern)
            found.append(left["index"].filter(is_found))
            left = left.filter(~is_found)
        return np.unique(pl.concat(found).to_numpy())

    @cached_property
    def _texts(self) -> pl.DataFrame:
        """The index of each line, once for each text that it may be read as."""
        lines = self.lines.texts().gather(self.indexes).str.strip_chars_end("\r\n")
        texts = lines.str.strip_chars(" \t\r\n")
        plain = pl.DataFrame({"index": self.indexes, "text": texts})
        several = self.indexes[((lines != texts) | texts.str.contains(_CARRIED)).to_numpy()].tolist()
        carried = [(index, text) for index in several for text in readings(self.lines.text(index))]
        return pl.concat([plain, pl.DataFrame(carried, schema=plain.schema, orient="row")])


@lru_cache(maxsize=128)
def patterns(known: Format) -> tuple[str, ...]:
    """Return patterns, at least one of which matches every line that a format may read."""
    each = [UNUSUAL, *([known.records.notation.begin] if known.records else []), *(layout.loose_pattern for layout in known.layouts)]
    together = [each[0]]
    for pattern in each[1:]:
        if len(together[-1]) + len(pattern) < MOST_SIGNS:
            together[-1] += f"|{pattern}"
        else:
            together.append(pattern)
    return tuple(together)
