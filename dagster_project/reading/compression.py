"""Compressed files as their plain bytes, with bounded memory; damage is told only after all that is readable."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard
from isal import igzip_lib

from dagster_project.errors import DamagedError

CHUNK_BYTES = 1 << 20
MOST_WINDOW_BYTES = 1 << 27
"""The most memory that an archive may ask for: as much as `zstd` and `xz` ask for on their own, `--ultra` and `-9` included."""
MOST_OPENED_BYTES = 1 << 30
"""What an archive that must be read whole may open to: few bytes may stand for very many."""


class _Decompressor(Protocol):
    """What the readers of bzip2, xz and gzip have in common."""

    eof: bool
    unused_data: bytes
    needs_input: bool

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zstd:
    """zstandard's reader of one frame in the same shape; fed little at a time, since it has no limit of its own.

    Four bytes may stand for a block of 128 KiB, so one feed never becomes more than 32 MiB.
    """

    FEED_BYTES = 1024

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW_BYTES).decompressobj()
        self._left = memoryview(b"")
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + bytes(self._left)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:  # noqa: ARG002 - the shape of the others
        whole = memoryview(bytes(self._left) + data) if data else self._left
        fed, self._left = whole[: self.FEED_BYTES], whole[self.FEED_BYTES :]
        body = self._inner.decompress(fed)
        self.needs_input = not self._left
        return body


_COMPRESSIONS: dict[bytes, Callable[[], object]] = {
    b"\x1f\x8b": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    b"\x28\xb5\x2f\xfd": _Zstd,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(memlimit=MOST_WINDOW_BYTES),
}
_DAMAGES: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, lzma.LZMAError, zstandard.ZstdError, zlib.error, cast("type[Exception]", igzip_lib.error))


class _Decompressed(io.RawIOBase):
    """The members of a compressed file, one after the other; damage is raised once all that is readable has been read."""

    def __init__(self, path: Path, raw: BinaryIO, magic: bytes) -> None:
        self._name, self._raw, self._magic = path.name, raw, magic
        self._member = self._next_member()
        self._body = b""
        self._waiting = b""
        self._is_done = False

    def _next_member(self) -> _Decompressor:
        return cast("_Decompressor", _COMPRESSIONS[self._magic]())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._body and not self._is_done:
            self._body = self._more()
        taken = min(len(buffer), len(self._body))
        buffer[:taken] = self._body[:taken]
        self._body = self._body[taken:]
        return taken

    def _more(self) -> bytes:
        if self._member.eof:
            self._waiting = (self._member.unused_data or self._raw.read(1 << 16)).lstrip(b"\0") or self._raw.read(1 << 16).lstrip(b"\0")
            if not self._waiting:
                self._is_done = True
                return b""
            self._member = self._next_member()
        data = self._waiting
        self._waiting = b""
        if not data and self._member.needs_input and not (data := self._raw.read(1 << 16)):
            raise DamagedError(self._name, "the archive ends early; copy it again, whole", "truncated")
        try:
            return self._member.decompress(data, CHUNK_BYTES)
        except _DAMAGES:
            raise DamagedError(self._name, "the archive does not decompress; copy it again", "damaged") from None

    def close(self) -> None:
        self._raw.close()
        super().close()


def open_plain(path: Path) -> BinaryIO:
    """Open a file as its decompressed bytes; gzip, zstd, bzip2 and xz are told by their first bytes.

    Raises DamagedError where the file cannot be read; reading from it raises DamagedError at the end of what is readable.
    """
    try:
        raw = path.open("rb")
        head = raw.read(8)
        raw.seek(0)
    except OSError:
        raise DamagedError(path.name, "cannot be opened; check that it exists and may be read", "unreadable") from None
    magic = next((magic for magic in _COMPRESSIONS if head.startswith(magic)), None)
    return raw if magic is None else cast("BinaryIO", io.BufferedReader(_Decompressed(path, raw, magic), CHUNK_BYTES))


def whole(archive: BinaryIO, place: str, most_bytes: int = MOST_OPENED_BYTES) -> bytes:
    """Return all that an archive opens to; raises DamagedError where that is too much for memory, or cannot be read."""
    opened = archive.read(most_bytes + 1)
    if len(opened) > most_bytes:
        raise DamagedError(place, f"the archive opens to more than {most_bytes >> 20} MB, too much to be read whole; deliver it in parts", "too_large")
    return opened
