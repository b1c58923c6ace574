"""The files of the landing folder: which there are, what each one is, and its bytes in pieces that end on a line.

Nothing here looks at what a line says; memory stays bounded whatever the size of a file or a line.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dagster_project.errors import DamagedError
from dagster_project.reading.compression import CHUNK_BYTES, open_plain

__all__ = ["Found", "Identity", "Piece", "found", "head", "identity", "lines_before", "open_plain", "pieces"]

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
    """What a file is, whatever its name or compression; `continues` is the longest known input that it begins with."""

    input_id: str
    size_bytes: int
    continues: str | None
    skip_bytes: int


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file. `byte_offset` counts decompressed bytes and `first_line` lines of the whole file, from 1.

    `ends_open`: the last line has no line end, so it may yet grow. `cut_bytes`: bytes left out of the body's only line,
    which is longer than a piece may be; it has kept its line end.
    """

    body: bytes
    byte_offset: int
    first_line: int
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


def identity(file: Found, known: Mapping[str, int]) -> Identity:
    """Return what a file is; `known` holds the size in bytes of each known input of its folder and site, by id.

    A damaged archive is what can be read of it. An input of no bytes is continued by nothing.
    """
    digest = hashlib.sha256(f"{file.folder}\0{file.site}\0".encode())
    lengths = sorted({size for size in known.values() if size > 0}, reverse=True)
    size, continues, skip = 0, None, 0
    try:
        for chunk in _chunks(file.path):
            start = 0
            while lengths and lengths[-1] <= size + len(chunk):
                end = lengths.pop() - size
                digest.update(chunk[start:end])
                start = end
                prefix = _id(digest)
                if prefix in known:
                    continues, skip = prefix, size + end
            digest.update(chunk[start:])
            size += len(chunk)
    except DamagedError:
        pass
    input_id = _id(digest)
    return Identity(input_id, size, None, 0) if continues == input_id else Identity(input_id, size, continues, skip)


def _id(digest: "hashlib._Hash") -> str:
    return digest.copy().hexdigest()[:32]


def lines_before(file: Found, size_bytes: int) -> int:
    """Return how many lines end within the first bytes of a file."""
    skipped = _Skipped(size_bytes)
    next((chunk for chunk in skipped.rest(_chunks(file.path)) if chunk), None)
    return skipped.lines


def pieces(file: Found, skip_bytes: int = 0, piece_bytes: int = 32 << 20) -> Iterator[Piece]:
    """Yield the lines of a file after `skip_bytes` in pieces of at most `piece_bytes`, or of one longer line.

    The last piece holds the open last line too. A line above LONGEST_LINE_BYTES that does not fit a piece comes alone and
    cut, so that it is refused as too long. A damaged archive yields all that is readable, then raises DamagedError.
    """
    skipped = _Skipped(skip_bytes)
    held: Piece | None = None
    damage: list[DamagedError] = []
    for body, cut_bytes in _bodies(skipped.rest(_until_damage(file.path, damage)), piece_bytes):
        if held is not None:
            yield held
            offset, line = held.byte_offset + len(held.body) + held.cut_bytes, held.first_line + held.body.count(b"\n")
        else:
            offset, line = skipped.size_bytes, 1 + skipped.lines
        held = Piece(body, offset, line, False, not body.endswith(b"\n"), cut_bytes)
    if held is not None:
        yield replace(held, is_last=True)
    if damage:
        raise damage[0]


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
    """Yield runs of whole lines, and how many bytes were left out of them."""
    body = bytearray()
    cut_bytes = 0
    for chunk in chunks:
        if cut_bytes:
            end = chunk.find(b"\n") + 1
            cut_bytes += end - 1 if end else len(chunk)
            if not end:
                continue
            yield bytes(body) + b"\n", cut_bytes
            body = bytearray(chunk[end:])
            cut_bytes = 0
        else:
            body += chunk
        while len(body) > piece_bytes and (end := _end(body, piece_bytes)):
            yield bytes(body[:end]), 0
            del body[:end]
        if len(body) > max(piece_bytes, LONGEST_LINE_BYTES + 1):
            cut_bytes = len(body) - LONGEST_LINE_BYTES - 1
            del body[LONGEST_LINE_BYTES + 1 :]
    if body:
        yield bytes(body), cut_bytes


def _end(body: bytearray, piece_bytes: int) -> int:
    """Return where to cut: behind the last line that fits, else behind the one that does not; 0 where it has no end yet."""
    return body.rfind(b"\n", 0, piece_bytes) + 1 or body.find(b"\n", piece_bytes) + 1
