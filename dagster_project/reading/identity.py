"""What a file is, whatever its name or compression: a digest of its bytes, and the known inputs that it begins with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dagster_project.errors import DamagedError, InputError
from dagster_project.reading.files import Found, decompressed, is_compressed
from dagster_project.reading.pieces import LONGEST_LINE_BYTES


@dataclass(frozen=True)
class Identity:
    """What a file is, whatever its name or compression.

    `begins_with`: every known input that it begins with, the shortest first, and its size in bytes. `open_line`: what stands behind the last line
    end, up to a byte more than the longest line; `closed_id` and `closed_bytes` say what the file is without it. `version`: what the file system
    said of the file before it was hashed.
    """

    input_id: str
    size_bytes: int
    begins_with: tuple[tuple[str, int], ...] = ()
    open_line: bytes = b""
    closed_id: str = ""
    closed_bytes: int = 0
    version: tuple[int, ...] = ()

    def closed(self) -> "Identity":
        """Return what the file is up to its last line end, or up to the end of a known input that reaches further."""
        input_id, size = max([(self.closed_id, self.closed_bytes), *self.begins_with], key=lambda known: known[1])
        shorter = tuple(known for known in self.begins_with if known[1] < size)
        return Identity(input_id, size, shorter, b"", input_id, size, self.version)


def identity(file: Found, known: Mapping[str, int]) -> Identity:
    """Return what a file is; `known` holds the size in bytes of each known input of its folder and site, by id.

    A damaged archive is what can be read of it; raises DamagedError where that is nothing. No file begins with an input of
    no bytes.
    """
    version = _version(file)
    hashed = _Hashed(file, known)
    try:
        for chunk in decompressed(file.path):
            hashed.add(chunk)
    except DamagedError:
        if not hashed.size_bytes:
            raise
    return replace(hashed.identity(), version=version)


def refuse_changed(file: Found, who: Identity, *, is_whole: bool = False) -> None:
    """Raise InputError where a file that was read is no longer what was hashed, as a log is not that was cut or renamed while it was read.

    Its rows would count under the name of others, and the others for read. A plain file may have grown, unless it was read to its end (`is_whole`), as an
    archive always is. What the file system calls the same is not read again.
    """
    if _version(file) == who.version:
        return
    changed = InputError(file.path.name, "changed while it was read; the next run reads it again", "changed")
    try:
        if not is_whole and not is_compressed(file.path):
            if not who.size_bytes:
                return
            now = identity(file, {who.input_id: who.size_bytes})
            is_same = who.input_id in {now.input_id, *(input_id for input_id, _ in now.begins_with)}
        else:
            is_same = identity(file, {}).input_id == who.input_id
    except DamagedError:
        raise changed from None  # a file that is gone is not one of which a part could be read
    if not is_same:
        raise changed


def _version(file: Found) -> tuple[int, ...]:
    try:
        found = file.path.stat()
    except OSError:
        return ()  # it is refused when its bytes are asked for
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


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
        start, view = 0, memoryview(chunk)
        for stop in sorted(stops):
            self._digest.update(view[start:stop])
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
        return Identity(self._id(), self.size_bytes, shorter, self._open_line, *self._closed)

    def _id(self) -> str:
        return self._digest.copy().hexdigest()[:32]
