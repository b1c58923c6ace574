"""The files of the landing folder: which there are, what each one is, and its bytes in pieces that end on a line.

Nothing here looks at what a line says; memory stays bounded whatever the size of a file or a line.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

from dagster_project.errors import DamagedError
from dagster_project.reading.compression import CHUNK_BYTES, open_plain

__all__ = ["Found", "Identity", "Piece", "body", "found", "head", "identity", "is_compressed", "lines_before", "open_plain", "pieces", "size_bytes"]

LONGEST_LINE_BYTES = 1 << 20
DEFAULT_SITES = {"web_logs": "web", "request_logs": "service"}


@dataclass(frozen=True)
class Found:
    """A file of the landing folder; `site` is the name of its sub-folder, or the folder's default."""

    folder: str
    site: str
    path: Path


@dataclass(frozen=True)
class Identity:
    """What a file is, whatever its name or compression; `continues` is the longest known input that it begins with.

    `begins_with`: every known input that it begins with, and its size in bytes. `open_line`: what stands behind the last line
    end, up to a byte more than the longest line; `closed_id` and `closed_bytes` say what the file is without it.
    """

    input_id: str
    size_bytes: int
    continues: str | None
    skip_bytes: int
    begins_with: tuple[tuple[str, int], ...] = ()
    open_line: bytes = b""
    closed_id: str = ""
    closed_bytes: int = 0

    def closed(self) -> "Identity":
        """Return what the file is up to its last line end, or up to the end of a known input that reaches further."""
        input_id, size = max([(self.closed_id, self.closed_bytes), *self.begins_with], key=lambda known: known[1])
        shorter = tuple(known for known in self.begins_with if known[1] < size)
        return Identity(input_id, size, *_last(shorter), shorter, b"", input_id, size)


def _last(begins_with: tuple[tuple[str, int], ...]) -> tuple[str | None, int]:
    return begins_with[-1] if begins_with else (None, 0)


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file. `byte_offset` counts decompressed bytes and `first_line` lines of the whole file, from 1.

    `lines`: how many there are, the open last one included. `ends_open`: the last line has no line end, so it may yet grow. `cut_bytes`: bytes left out of the body's only line,
    which is longer than a piece may be; it has kept its line end.
    """

    body: bytes
    byte_offset: int
    first_line: int
    lines: int
    is_last: bool
    ends_open: bool = False
    cut_bytes: int = 0


def found(landing: Path, folder: str) -> list[Found]:
    """Return the files below a folder, sorted; hidden ones and those still being copied (`*.tmp`) are left out."""
    root = landing / folder
    files = []
    for path in sorted(root.rglob("*")) if root.is_dir() else []:
        inside = path.relative_to(root).parts
        if path.is_file() and not any(part.startswith(".") or not part.strip() for part in inside) and path.suffix != ".tmp":
            site = inside[0] if len(inside) > 1 else DEFAULT_SITES.get(folder, folder)
            files.append(Found(folder, site, path))
    return files


def is_compressed(path: Path) -> bool:
    """Tell whether a file is read through a decompressor; raises DamagedError where it cannot be opened."""
    with open_plain(path) as plain:
        return not isinstance(getattr(plain, "raw", None), FileIO)


def size_bytes(path: Path) -> int:
    """Return how many decompressed bytes of a file are readable; raises DamagedError where it cannot be opened."""
    return sum(map(len, _until_damage(path, []))) if is_compressed(path) else path.stat().st_size


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the decompressed bytes as they come; raises DamagedError after the last readable ones."""
    with open_plain(path) as plain:
        read = getattr(plain, "read1", plain.read)
        while chunk := read(CHUNK_BYTES):
            yield chunk


def head(path: Path, size_bytes: int = CHUNK_BYTES) -> bytes:
    """Return the first decompressed bytes; of a damaged archive, those that are readable."""
    body = bytearray()
    for chunk in _until_damage(path, []):
        body += chunk
        if len(body) >= size_bytes:
            break
    return bytes(body[:size_bytes])


def body(file: Found, end_bytes: int | None = None) -> bytes:
    """Return the decompressed bytes of a file up to an end; raises DamagedError where some of them cannot be read."""
    with open_plain(file.path) as plain:
        return plain.read() if end_bytes is None else plain.read(end_bytes)


def identity(file: Found, known: Mapping[str, int]) -> Identity:
    """Return what a file is; `known` holds the size in bytes of each known input of its folder and site, by id.

    A damaged archive is what can be read of it; raises DamagedError where that is nothing. An input of no bytes is continued
    by nothing.
    """
    hashed = _Hashed(file, known)
    try:
        for chunk in _chunks(file.path):
            hashed.add(chunk)
    except DamagedError:
        if not hashed.size_bytes:
            raise
    return hashed.identity()


class _Hashed:
    """The hash of a file as it is read, and what it was at each length that matters."""

    def __init__(self, file: Found, known: Mapping[str, int]) -> None:
        self.size_bytes = 0
        self._digest = hashlib.sha256(f"{file.folder}\0{file.site}\0".encode())
        self._known = known
        self._lengths = sorted({size for size in known.values() if size > 0}, reverse=True)
        self._begins_with: list[tuple[str, int]] = []
        self._closed = (self._id(), 0)
        self._open_line = b""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        line_end = chunk.rfind(b"\n") + 1
        stops = {line_end, len(chunk)} - {0}
        while self._lengths and self._lengths[-1] <= self.size_bytes + len(chunk):
            stops.add(self._lengths.pop() - self.size_bytes)
        start = 0
        for stop in sorted(stops):
            self._digest.update(chunk[start:stop])
            self._look(self.size_bytes + stop, is_line_end=stop == line_end)
            start = stop
        self.size_bytes += len(chunk)
        self._open_line = (chunk[line_end:] if line_end else self._open_line + chunk)[: LONGEST_LINE_BYTES + 1]

    def _look(self, size: int, *, is_line_end: bool) -> None:
        input_id = self._id()
        if is_line_end:
            self._closed = (input_id, size)
        if self._known.get(input_id) == size:
            self._begins_with.append((input_id, size))

    def identity(self) -> Identity:
        """Return what the file is, now that all of it was read."""
        shorter = tuple(known for known in self._begins_with if known[1] < self.size_bytes)
        return Identity(self._id(), self.size_bytes, *_last(shorter), shorter, self._open_line, *self._closed)

    def _id(self) -> str:
        return self._digest.copy().hexdigest()[:32]


def lines_before(file: Found, size_bytes: int) -> int:
    """Return how many lines end within the first bytes of a file."""
    skipped = _Skipped(size_bytes)
    next((chunk for chunk in skipped.rest(_chunks(file.path)) if chunk), None)
    return skipped.lines


def pieces(file: Found, skip_bytes: int = 0, piece_bytes: int = 32 << 20, end_bytes: int | None = None) -> Iterator[Piece]:
    """Yield the lines of a file after `skip_bytes`, and before `end_bytes`, in pieces of at most `piece_bytes`, or of one longer line.

    The last piece holds the open last line too. A line above LONGEST_LINE_BYTES that does not fit a piece comes alone and
    cut, so that it is refused as too long. A damaged archive yields all that is readable, then raises DamagedError.
    """
    skipped = _Skipped(skip_bytes)
    held: Piece | None = None
    damage: list[DamagedError] = []
    for body, cut_bytes in _bodies(skipped.rest(_before(_until_damage(file.path, damage), end_bytes)), piece_bytes):
        if held is not None:
            yield held
            offset, line = held.byte_offset + len(held.body) + held.cut_bytes, held.first_line + held.lines
        else:
            offset, line = skipped.size_bytes, 1 + skipped.lines
        ends_open = not body.endswith(b"\n")
        held = Piece(body, offset, line, body.count(b"\n") + ends_open, False, ends_open, cut_bytes)
    if held is not None:
        yield replace(held, is_last=True)
    if damage:
        raise damage[0]


def _before(chunks: Iterator[bytes], end_bytes: int | None) -> Iterator[bytes]:
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

    def rest(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield what follows."""
        for chunk in chunks:
            head = chunk[: self.wanted_bytes - self.size_bytes]
            self.size_bytes += len(head)
            self.lines += head.count(b"\n")
            yield chunk[len(head) :]


def _until_damage(path: Path, damage: list[DamagedError]) -> Iterator[bytes]:
    try:
        yield from _chunks(path)
    except DamagedError as error:
        damage.append(error)


def _bodies(chunks: Iterator[bytes], piece_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield runs of whole lines, and how many bytes were left out of them; bytes are joined once, when a run is whole."""
    held = _Held()
    cut_bytes = 0
    for chunk in chunks:
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
        while held.size_bytes > piece_bytes and (end := held.line_end(piece_bytes)):
            yield held.taken(end), 0
        if held.size_bytes > max(piece_bytes, LONGEST_LINE_BYTES + 1):
            cut_bytes = held.size_bytes - LONGEST_LINE_BYTES - 1
            held = _Held(held.taken(LONGEST_LINE_BYTES + 1))
    if held.size_bytes:
        yield held.taken(held.size_bytes), cut_bytes


class _Held:
    """Bytes that came in chunks and wait to be taken."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)
        self.size_bytes = sum(map(len, chunks))

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._chunks.append(chunk)
        self.size_bytes += len(chunk)

    def line_end(self, piece_bytes: int) -> int:
        """Return where to cut: behind the last line that fits, else behind the one that does not; 0 where it has no end yet."""
        before = self._before_last()
        if end := self._chunks[-1].rfind(b"\n", 0, max(0, piece_bytes - before)) + 1:
            return before + end
        whole = self._whole()
        return whole.rfind(b"\n", 0, piece_bytes) + 1 or whole.find(b"\n", piece_bytes) + 1

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
