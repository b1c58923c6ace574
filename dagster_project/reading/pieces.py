"""The lines of a file in pieces that end on a line; memory stays bounded whatever the size of a file or a line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dagster_project.reading.files import Found, Readable, decompressed

LONGEST_LINE_BYTES = 1 << 20
PIECE_BYTES = 14 << 20  # two are read at a time, on two cores
PIECE_LINES = 1 << 18  # each costs memory, however short it is
_BLOCK_BYTES = 1 << 19  # looked through at a time, as many as a processor has at hand
_LINE_FEED = ord("\n")

Bounds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file; line i (from 0) is `body[bounds[i]:bounds[i + 1]]`. `byte_offset` counts decompressed bytes and `first_line` lines of the whole file, from 1.

    `ends_open`: the last line has no line end, so it may yet grow. `cut_bytes`: bytes left out of the body's only line, which is longer than a piece may be; it has kept its
    line end.
    """

    body: bytes
    bounds: Bounds
    byte_offset: int
    first_line: int
    is_last: bool
    ends_open: bool = False
    cut_bytes: int = 0

    @property
    def lines(self) -> int:
        """How many lines there are, the open last one included."""
        return len(self.bounds) - 1


def lines_before(file: Found, size_bytes: int) -> int:
    """Return how many lines end within the first bytes of a file."""
    skipped = _Skipped(size_bytes)
    next((chunk for chunk in skipped.rest(decompressed(file.path)) if chunk), None)
    return skipped.lines


def pieces(file: Found, skip_bytes: int = 0, piece_bytes: int = PIECE_BYTES, end_bytes: int | None = None) -> Iterator[Piece]:
    """Yield the lines of a file after `skip_bytes`, and before `end_bytes`, in pieces of at most `piece_bytes`, or of one longer line.

    The last piece holds the open last line too. A line above LONGEST_LINE_BYTES that does not fit a piece comes alone and
    cut, so that it is refused as too long. A damaged archive yields all that is readable, then raises DamagedError.
    """
    skipped = _Skipped(skip_bytes)
    held: Piece | None = None
    readable = Readable(file.path, piece_bytes)
    whole = runs(skipped.rest(_before(readable, end_bytes)), piece_bytes, LONGEST_LINE_BYTES)
    for body, bounds, cut_bytes in ((part, bounds, cut_bytes) for run, cut_bytes in whole for part, bounds in parts(run)):
        if held is not None:
            yield held
            offset, line = held.byte_offset + len(held.body) + held.cut_bytes, held.first_line + held.lines
        else:
            offset, line = skipped.size_bytes, 1 + skipped.lines
        held = Piece(body, bounds, offset, line, False, not body.endswith(b"\n"), cut_bytes)
    if held is not None:
        yield replace(held, is_last=True)
    if readable.damage:
        raise readable.damage


def _before(chunks: Iterable[bytes], end_bytes: int | None) -> Iterator[bytes]:
    """Yield what stands before an end; what a log gains while it is read belongs to the next run."""
    size = 0
    for chunk in chunks:
        yield chunk if end_bytes is None else chunk[: end_bytes - size]
        size += len(chunk)
        if end_bytes is not None and size >= end_bytes:
            return


class _Skipped:
    """The first bytes of a stream, left out and counted."""

    def __init__(self, size_bytes: int) -> None:
        self.wanted_bytes = size_bytes
        self.size_bytes = 0
        self.lines = 0

    def rest(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what follows."""
        for chunk in chunks:
            head = chunk[: self.wanted_bytes - self.size_bytes]
            self.size_bytes += len(head)
            self.lines += _line_ends(head)
            yield chunk[len(head) :]


def runs(chunks: Iterable[bytes], run_bytes: int, longest_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield runs of whole lines, of at most `run_bytes` or of one longer line, and how many bytes were left out of them.

    A line above `longest_bytes` that does not fit a run comes alone, a byte longer than that, and keeps its line end. Bytes are joined once, when a run is
    whole; a chunk that is one already is passed on.
    """
    held = _Held()
    cut_bytes = 0
    for chunk in chunks:
        if not held.size_bytes and not cut_bytes and run_bytes // 2 < len(chunk) <= run_bytes and chunk.endswith(b"\n"):
            yield chunk, 0
            continue
        if cut_bytes:
            end = chunk.find(b"\n") + 1
            cut_bytes += end - 1 if end else len(chunk)
            if not end:
                continue
            yield held.taken(held.size_bytes) + b"\n", cut_bytes
            held.add(chunk[end:])
            cut_bytes = 0
        else:
            held.add(chunk)
        while held.size_bytes > run_bytes and (end := held.line_end(run_bytes)):
            yield held.taken(end), 0
        if held.size_bytes > max(run_bytes, longest_bytes + 1):
            cut_bytes = held.size_bytes - longest_bytes - 1
            held = _Held(held.taken(longest_bytes + 1))
    if held.size_bytes:
        yield held.taken(held.size_bytes), cut_bytes


def parts(body: bytes) -> Iterator[tuple[bytes, Bounds]]:
    """Yield a run in parts of at most PIECE_LINES, each with the bounds of its lines."""
    bounds = line_bounds(body)
    if len(bounds) - 1 <= PIECE_LINES:
        yield body, bounds
        return
    for begin in range(0, len(bounds) - 1, PIECE_LINES):
        of_part = bounds[begin : begin + PIECE_LINES + 1]
        yield body[of_part[0] : of_part[-1]], of_part - of_part[0]


class _Held:
    """Bytes that came in chunks and wait to be taken."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)
        self.size_bytes = sum(map(len, chunks))

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._chunks.append(chunk)
        self.size_bytes += len(chunk)

    def line_end(self, run_bytes: int) -> int:
        """Return where to cut: behind the last line that fits, else behind the one that does not; 0 where it has no end yet."""
        before = self._before_last()
        if end := self._chunks[-1].rfind(b"\n", 0, max(0, run_bytes - before)) + 1:
            return before + end
        whole = self._whole()
        return whole.rfind(b"\n", 0, run_bytes) + 1 or whole.find(b"\n", run_bytes) + 1

    def taken(self, size_bytes: int) -> bytes:
        """Give the first bytes away."""
        if size_bytes <= self._before_last():
            self._whole()
        cut = size_bytes - self._before_last()
        body = b"".join([*self._chunks[:-1], self._chunks[-1][:cut]])
        self._chunks, self.size_bytes = [self._chunks[-1][cut:]], self.size_bytes - size_bytes
        return body

    def _before_last(self) -> int:
        return self.size_bytes - len(self._chunks[-1])

    def _whole(self) -> bytes:
        self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]


def line_bounds(body: bytes) -> Bounds:
    """Return where each line begins and the last one ends, behind its line feed if it has one; other threads go on meanwhile, as they do not while methods of bytes look."""
    written = np.frombuffer(body, np.uint8)
    ends = [np.flatnonzero(written[begin : begin + _BLOCK_BYTES] == _LINE_FEED) + (begin + 1) for begin in range(0, len(body), _BLOCK_BYTES)]
    is_open = bool(body) and not body.endswith(b"\n")
    return np.concatenate([np.zeros(1, np.int64), *ends, np.array([len(body)] * is_open, np.int64)])


def _line_ends(body: bytes) -> int:
    """Count line feeds."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == _LINE_FEED))
