"""An open Parquet file that gives a footer and the pages of one column, and remembers every byte that was read (CR-4)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from dagster_project.errors import StoreError
from dagster_project.reading.records import footers
from dagster_project.reading.records.footers import MARK, Account, Footer, Group
from dagster_project.reading.records.measured import Touched
from dagster_project.reading.records.places import Listed, Opened

TAIL_BYTES = 8  # length of the footer, four bytes, and the mark
_IN_PLAIN = "write the footer and the account column in plain, and keep the content's key to yourself"


@dataclass
class Metered:
    """An open Parquet file that remembers every range of bytes that was read of it."""

    file: Listed
    ranges: list[tuple[int, int]] = field(default_factory=list)
    _opened: Opened | None = None
    _footer: Footer | None = None
    _footer_at: int = 0

    def read(self, begin: int, length: int) -> bytes:
        """Return bytes of the file. Raises StoreError where it ends before."""
        if self._opened is None:
            self._opened = self.file.open()
        body = self._opened.read_at(length, begin)
        self.ranges.append((begin, begin + len(body)))
        if len(body) < length:
            raise StoreError(self.file.name, "the file ends early; deliver it again", "damaged")
        return bytes(body)

    def footer(self) -> Footer:
        """Read the last eight bytes, then the footer that they measure. Raises StoreError where there is none, or none that a map of columns can be made of."""
        size = self.file.bytes
        self._footer_at = max(size - TAIL_BYTES, 0)
        tail = self.read(self._footer_at, TAIL_BYTES)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] == footers.ENCRYPTED_MARK:
            raise StoreError(self.file.name, f"its footer is encrypted; {_IN_PLAIN}", "encrypted")
        if tail[4:] != MARK or length + TAIL_BYTES + len(MARK) > size:
            raise StoreError(self.file.name, "no Parquet footer at the end of the file; deliver it again", "damaged")
        self._footer_at = size - TAIL_BYTES - length
        footer = Footer(self.read(self._footer_at, length))
        if not _is_in_order(footer, self._footer_at):
            raise StoreError(self.file.name, "the footer puts columns where they cannot be; deliver it again", "damaged")
        self._footer = footer
        return footer

    def pages(self, group: Group, account: Account) -> bytes:
        """Read the pages of the account column of a row group. Raises StoreError where they are encrypted."""
        chunk = group.chunks[account.index]
        if chunk.is_encrypted:
            raise StoreError(self.file.name, f"its account column is encrypted; {_IN_PLAIN}", "encrypted")
        return self.read(chunk.begin, chunk.stored_bytes)

    def touched(self, account_column: str) -> Touched:
        """Return whose bytes were read, told from the ranges and the footer alone: what lies in no known place is content."""
        ranges = sorted(self.ranges)
        every = sum(end - begin for begin, end in ranges)
        of_column = Counter[str]()
        for chunk in self._every_chunk():
            of_column[chunk.path] += _overlap(ranges, chunk.begin, chunk.end)
        of_footer, of_account = _overlap(ranges, self._footer_at, self.file.bytes), of_column[account_column]
        columns = sorted(column for column, count in of_column.items() if count)
        return Touched(0, int(self._opened is not None), of_footer, of_account, every - of_footer - of_account, columns)

    def _every_chunk(self) -> Iterator[footers.Chunk]:
        return (chunk for group in (self._footer.groups if self._footer else ()) for chunk in group.chunks)

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()


def _is_in_order(footer: Footer, footer_at: int) -> bool:
    """Tell whether the columns lie one behind the other between the mark and the footer: then a range is one column's."""
    ends = [(len(MARK), len(MARK)), *sorted((chunk.begin, chunk.end) for group in footer.groups for chunk in group.chunks if chunk.stored_bytes)]
    return ends[-1][1] <= footer_at and all(before[1] <= after[0] for before, after in pairwise(ends))


def _overlap(ranges: list[tuple[int, int]], begin: int, end: int) -> int:
    """Return how many bytes of the ranges, which are sorted, lie in another."""
    longest = max((last - first for first, last in ranges), default=0)
    near = ranges[bisect_left(ranges, (begin - longest, 0)) : bisect_left(ranges, (end, 0))]
    return sum(max(0, min(end, last) - max(begin, first)) for first, last in near)
