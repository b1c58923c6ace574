"""The files of the landing folder: which there are, and their bytes, decompressed.

Nothing here looks at what a line says; memory stays bounded whatever the size of a file.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, BytesIO, FileIO, RawIOBase
from pathlib import Path
from typing import BinaryIO, Self, cast

from dagster_project.errors import DamagedError
from dagster_project.paths import as_text
from dagster_project.reading.compression import CHUNK_BYTES, open_plain, whole

OF_WRITERS = frozenset({"_SUCCESS", "_temporary"})
"""What Hadoop's writers leave beside the files they wrote: a mark without content, and what was never finished."""
_NEAR_BYTES = 1 << 16
DEFAULT_SITES = {"web_logs": "web", "request_logs": "service"}


@dataclass(frozen=True)
class Found:
    """A file of the landing folder; `site` is the name of its sub-folder, or the folder's default."""

    folder: str
    site: str
    path: Path


def found(landing: Path, folder: str) -> list[Found]:
    """Return the files below a folder, sorted; those still being copied (`*.tmp`), hidden ones and OF_WRITERS are left out.

    What cannot be looked into stands among them, to be refused as a file is that cannot be opened.
    """
    root = landing / folder
    files = []
    for path in sorted(below(root)):
        inside = path.relative_to(root).parts
        is_below = len(inside) > 1 or (inside and os.path.isdir(path))  # noqa: PTH112 (`Path.is_dir` raises where a folder on the way is closed)
        site = as_text(inside[0]) if is_below else DEFAULT_SITES.get(folder, folder)
        if path.suffix != ".tmp" and OF_WRITERS.isdisjoint(inside):
            files.append(Found(folder, site, path))
    return files


def below(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, hidden ones left out, and what nobody can look into: a folder that cannot be listed, a link to nothing.

    Links are followed; a folder that several lead to is looked into once for each folder that lies directly below the root.
    """
    met: set[tuple[Path, int, int]] = set()
    waiting = [(root, root)] if os.path.lexists(root) else []
    while waiting:
        path, top = waiting.pop()
        try:
            what = path.stat()
            if stat.S_ISREG(what.st_mode):
                yield path
            if not stat.S_ISDIR(what.st_mode) or met & {(of, what.st_dev, what.st_ino) for of in (root, top)}:
                continue
            met.add((top, what.st_dev, what.st_ino))
            inside = sorted((each for each in path.iterdir() if each.name.strip() and not each.name.startswith(".")), reverse=True)
            waiting += [(each, each if path == root else top) for each in inside]
        except OSError:
            yield path


def is_compressed(path: Path) -> bool:
    """Tell whether a file is read through a decompressor; raises DamagedError where it cannot be opened."""
    with open_plain(path) as opened:
        return not _is_plain(opened)


def _is_plain(opened: BinaryIO) -> bool:
    return isinstance(getattr(opened, "raw", None), FileIO)


def size_bytes(path: Path) -> int:
    """Return how many decompressed bytes of a file are readable; raises DamagedError where it cannot be opened."""
    return sum(map(len, Readable(path))) if is_compressed(path) else path.stat().st_size


def decompressed(path: Path, run_bytes: int = 0) -> Iterator[bytes]:
    """Yield the decompressed bytes as they come; raises DamagedError after the last readable ones.

    `run_bytes`: those of a plain file come that many at a time, up to a line end if there is one near, so that lines need not be joined.
    """
    with open_plain(path) as opened:
        if run_bytes and _is_plain(opened):
            while chunk := opened.read(_to_line_end(opened, run_bytes)):
                yield chunk
            return
        read = getattr(opened, "read1", opened.read)
        while chunk := read(CHUNK_BYTES):
            yield chunk


def _to_line_end(plain: BinaryIO, most_bytes: int) -> int:
    """Return how many of the next bytes end on a line, if that is not far below `most_bytes`, which it is otherwise."""
    begin, near = plain.tell(), min(most_bytes, _NEAR_BYTES)
    plain.seek(begin + most_bytes - near)
    line_end = plain.read(near).rfind(b"\n") + 1
    plain.seek(begin)
    return most_bytes - near + line_end if line_end else most_bytes


class Readable:
    """The decompressed bytes of a file as far as they can be read; `damage` is what ended them too early, once they were. `run_bytes` as in `decompressed`."""

    def __init__(self, path: Path, run_bytes: int = 0) -> None:
        self._path, self._run_bytes = path, run_bytes
        self.damage: DamagedError | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from decompressed(self._path, self._run_bytes)
        except DamagedError as error:
            self.damage = error


def head(path: Path, size_bytes: int = CHUNK_BYTES) -> bytes:
    """Return the first decompressed bytes; of a damaged archive, those that are readable."""
    body = bytearray()
    for chunk in Readable(path):
        body += chunk
        if len(body) >= size_bytes:
            break
    return bytes(body[:size_bytes])


@dataclass(frozen=True)
class Body:
    """The decompressed bytes of a file up to an end: read as often as they are asked for, held only where they are asked for as a whole.

    `opened` opens them; it and all that reads them raise DamagedError where they cannot be read.
    """

    opened: Callable[[], BinaryIO]
    place: str = ""

    @classmethod
    def of(cls, path: Path, end_bytes: int | None = None) -> Self:
        """Return the bytes of a file; what a plain one has gained behind its end, if one is given, belongs to the next run."""
        return cls(partial(_opened, path, end_bytes), path.name)

    @classmethod
    def held(cls, body: bytes) -> Self:
        """Return bytes that are in memory as those of a file."""
        return cls(partial(BytesIO, body))

    @classmethod
    def made(cls, chunks: Callable[[], Iterable[bytes]]) -> Self:
        """Return bytes that are made, some at a time, whenever they are asked for, as those of a file."""
        return cls(lambda: cast("BinaryIO", BufferedReader(_Made(chunks()))))

    def head(self, size_bytes: int) -> bytes:
        """Return the first bytes."""
        with self.opened() as stream:
            return stream.read(size_bytes)

    def whole(self) -> bytes:
        """Return all bytes; raises DamagedError where an archive opens to too many."""
        with self.seekable() as stream:
            return stream.read()

    def seekable(self) -> BinaryIO:
        """Open them so that any part can be read at any time; those of an archive are held meanwhile, within the bound of `whole`."""
        stream = self.opened()
        if stream.seekable():
            return stream
        with stream:
            return BytesIO(whole(stream, self.place))

    def digest(self) -> str:
        """Return their SHA-256, in hex."""
        digest = hashlib.sha256()
        with self.opened() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()


def _opened(path: Path, end_bytes: int | None) -> BinaryIO:
    plain = open_plain(path)
    return plain if end_bytes is None or os.fstat(plain.fileno()).st_size <= end_bytes else cast("BinaryIO", BufferedReader(_Before(plain, end_bytes)))


class _Made(RawIOBase):
    """Chunks, one after the other."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._coming, self._chunk = iter(chunks), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._chunk and (chunk := next(self._coming, None)) is not None:
            self._chunk = memoryview(chunk)
        read, self._chunk = self._chunk[: len(buffer)], self._chunk[len(buffer) :]
        buffer[: len(read)] = read
        return len(read)


class _Before(RawIOBase):
    """What stands before an end."""

    def __init__(self, plain: BinaryIO, end_bytes: int) -> None:
        self._plain, self._left_bytes = plain, end_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        read = self._plain.read(min(len(buffer), self._left_bytes))
        buffer[: len(read)] = read
        self._left_bytes -= len(read)
        return len(read)

    def close(self) -> None:
        self._plain.close()
        super().close()
