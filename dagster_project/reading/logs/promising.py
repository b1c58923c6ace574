"""Which of many lines a format may read at all: patterns that match those, and some more, looked for in all of them at once.

To find by exact patterns that a line is of no format takes a hundred of them, one at a time.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from dagster_project.reading.logs.carried import HEAD, readings
from dagster_project.reading.logs.formats import Format
from dagster_project.reading.logs.lines import Lines

FEWEST_LINES = 128
"""Below this many lines, columns of them cost more than they save."""
FEWEST_BYTES = FEWEST_LINES << 8
"""Below this many bytes patterns for all lines do; a single line may be long enough for them."""

Indexes = npt.NDArray[np.int64]

MOST_SIGNS = 2_000
"""Of patterns that are looked for together: an automaton of some 5,000 no longer fits where Polars keeps it, and takes some hundred times as long."""

_SIGN = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|\(\?<?[=!]|\(\?>|[()]|([*+?])\+|(\{(?:\d+,)?(\d+)\})\+?|.", re.DOTALL)
_MOST_COUNTED = 5


def loosened(pattern: str) -> str:
    """Return a pattern that matches at least what a pattern of Python matches in ASCII.

    Columns are searched by automata, which cannot look around, never give a match back, and grow with every count.
    """
    kept: list[str] = []
    depth = around = 0
    for found in _SIGN.finditer(pattern):
        sign = found[0]
        depth += (sign[0] == "(") - (sign == ")")
        if around:
            around = 0 if sign == ")" and depth < around else around
        elif sign[:2] == "(?" and sign[-1] in "=!":
            around = depth
        elif found[2]:
            kept.append(found[2] if int(found[3]) <= _MOST_COUNTED else "*")
        else:
            kept.append("(?:" if sign == "(?>" else found[1] or sign)
    return "".join(kept)


_RECORDS = {"": r"^\{", "=": r'^[^\s="]+=', ":": r"^[A-Za-z_][\w.-]*:[^\t]*\t"}
"""What records begin with, by the sign within their pairs."""
_CARRIED = rf"^\{{|\t|  |^(?:{loosened(HEAD.pattern)})"
"""What only a line holds that may be read as something else than it is, but for blanks around it."""
UNUSUAL = r"[^\t -~]"
"""What engines of regular expressions may not agree on: it could be anything."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Lines of a piece, by their indexes from 0, of which formats are asked."""

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
        """The index of each line, and a text that it may be read as."""
        lines = self.lines.texts().gather(self.indexes).str.strip_chars_end("\r\n")
        texts = lines.str.strip_chars(" \t\r\n")
        plain = pl.DataFrame({"index": self.indexes, "text": texts})
        several = self.indexes[((lines != texts) | texts.str.contains(_CARRIED)).to_numpy()].tolist()
        carried = [(index, text) for index in several for text in readings(self.lines.text(index))]
        return pl.concat([plain, pl.DataFrame(carried, schema=plain.schema, orient="row")])


@lru_cache(maxsize=128)
def patterns(known: Format) -> tuple[str, ...]:
    """Return patterns of which all lines match one that a format may read."""
    each = [UNUSUAL, *([_RECORDS[known.pairs]] if known.names else []), *(f"^(?:{loosened(layout.pattern.pattern)})$" for layout in known.layouts)]
    together = [each[0]]
    for pattern in each[1:]:
        if len(together[-1]) + len(pattern) < MOST_SIGNS:
            together[-1] += f"|{pattern}"
        else:
            together.append(pattern)
    return tuple(together)
