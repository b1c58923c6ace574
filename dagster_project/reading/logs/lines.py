"""A piece of a log as numbered lines."""

from codecs import BOM_UTF8
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from dagster_project.reading.pieces import Bounds, line_bounds
from dagster_project.reading.rejects import Place, rejected

_UNUSUAL = [BOM_UTF8, *(sign.encode() for sign in map(chr, range(0x80, 0x10000)) if sign.isspace())]
"""The byte-order mark, and white space outside ASCII, each two or three bytes of UTF-8."""
_ASCII_END = 0x80


@dataclass(frozen=True)
class Lines:
    """The lines of `body`; line i (from 0) is `body[bounds[i]:bounds[i + 1]]`, its line end included."""

    body: bytes
    bounds: Bounds

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @cached_property
    def is_ascii(self) -> bool:
        """Tell whether the whole body is ASCII."""
        return self.body.isascii()

    @cached_property
    def is_utf8(self) -> bool:
        """Tell whether the whole body is UTF-8."""
        if self.is_ascii:
            return True
        try:
            self.body.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    @property
    def decoded(self) -> "Lines":
        """The same lines as UTF-8, with U+FFFD for bytes that are not."""
        return self if self.is_utf8 else self._replaced

    @cached_property
    def _replaced(self) -> "Lines":
        return split(self.body.decode("utf-8", "replace").encode())

    def raw(self, index: int) -> bytes:
        """Return a line without its line end."""
        return self.body[self.bounds[index] : self.bounds[index + 1]].rstrip(b"\r\n")

    def alone(self, *indexes: int) -> "Lines":
        """Return some of the lines as a piece of their own, line ends included."""
        return split(b"".join(self.body[self.bounds[index] : self.bounds[index + 1]] for index in indexes))

    def text(self, index: int) -> str:
        """Return a line as text: bytes that are not UTF-8 become U+FFFD; a byte-order mark and NULs around it go.

        A log that was cut in place while its server kept writing starts with a run of NULs; logs that were put together have marks within.
        """
        return self.raw(index).removeprefix(BOM_UTF8).strip(b"\0").decode("utf-8", "replace")

    def texts(self) -> pl.Series:
        """Return all lines, line ends included, as one column; nothing is copied where the body is UTF-8."""
        readable = self.decoded
        return pl.Series("line", pa.LargeStringArray.from_buffers(len(self), pa.py_buffer(readable.bounds), pa.py_buffer(readable.body)))

    def lengths(self) -> npt.NDArray[np.int64]:
        """Return the bytes of each line, its line end included."""
        return np.diff(self.bounds)

    def index(self, offset: int) -> int:
        """Return the line, from 0, that an offset in `body` lies in."""
        return int(np.searchsorted(self.bounds, offset, side="right")) - 1

    @cached_property
    def unusual(self) -> npt.NDArray[np.int64]:
        """The indexes from 0 of the lines that hold a byte-order mark or white space outside ASCII."""
        if self.is_ascii:
            return np.empty(0, np.int64)
        written = np.frombuffer(self.body, np.uint8)
        high = np.flatnonzero(written >= _ASCII_END)
        found = [_places(written, high, [sign for sign in _UNUSUAL if len(sign) == size]) for size in {len(sign) for sign in _UNUSUAL}]
        return np.unique(np.searchsorted(self.bounds, np.concatenate(found), side="right") - 1)

    def is_open(self, index: int) -> bool:
        """Tell whether a line is the last and has no line end."""
        return index == len(self) - 1 and not self.body.endswith(b"\n")

    def rejects(self, reasons: dict[int, str]) -> pa.Table:
        """Return the index of refused lines (rejects.REJECTS); `reasons` holds the reason of each by its index, from 0."""
        return rejected([(Place(index + 1, int(self.bounds[index]), self.raw(index)), reason) for index, reason in reasons.items()])


def split(body: bytes) -> Lines:
    """Split at line feeds; a last line without one counts."""
    return Lines(body, line_bounds(body))


def _places(written: npt.NDArray[np.uint8], high: npt.NDArray[np.int64], signs: list[bytes]) -> npt.NDArray[np.int64]:
    """Return where any of these characters stand, all outside ASCII and of the same number of bytes; `high` are the places of all bytes outside ASCII."""
    size = len(signs[0])
    is_first = np.zeros(1 << 8, np.bool_)
    is_first[[sign[0] for sign in signs]] = True
    begins = high[high <= len(written) - size]
    begins = begins[is_first[written[begins]]]
    numbers = sum(written[begins + place].astype(np.int64) << (8 * place) for place in range(size))
    return begins[np.isin(numbers, [int.from_bytes(sign, "little") for sign in signs])]
