"""Every file that was written, opened as what it is: its name and bytes, and what it holds once it is unpacked and decoded."""

import bz2
import gzip
import html
import io
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard

from dagster_project.engines.connections import CLOSED
from dagster_project.proving.traces import Traces

DEEPEST = 4
"""Archives in archives are opened this far."""
BATCH_BYTES = 64 << 20

_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PDF_STRING = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f]+)>", re.DOTALL)


@dataclass(frozen=True, order=True)
class Leak:
    """A canary that was found: its kind, the file that holds it, named from the folder that was searched, and where in it; names that are one are left out."""

    kind: str
    file: str
    place: str = field(default="", compare=False)


@dataclass
class Found:
    """What a search saw: the leaks, and how many files and bytes of each sort it went through."""

    leaks: set[Leak] = field(default_factory=set)
    files: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


def search(folders: Iterable[Path], traces: Traces) -> Found:
    """Look for every trace in every file below the folders: name, bytes, and decoded content."""
    found = Found()
    held: list[Held] = []
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            name = path.relative_to(folder.parent).as_posix()
            content = path.read_bytes()
            found.bytes += len(content)
            found.files[sort_of(content)] += 1
            held.append((name, NAME, name.encode()))
            for place, part in parts(content):
                held.append((name, place, part if isinstance(part, bytes) else b"\n".join(map(_raw, part))))
                found.leaks |= {Leak(kind, name, place) for kind in ([] if isinstance(part, bytes) else traces.as_cells(part))}
            if sum(len(content) for _, _, content in held) > BATCH_BYTES:
                found.leaks |= _leaks(held, traces)
                held.clear()
    found.leaks = _without_names(found.leaks | _leaks(held, traces), traces)
    return found


Held = tuple[str, str, bytes]
"""A file, a place in it, and what is to be searched there."""


def _leaks(held: list[Held], traces: Traces) -> set[Leak]:
    found: set[Leak] = set()
    for (name, place, content), kinds in zip(held, traces.in_each([content for _, _, content in held]), strict=True):
        found |= {Leak(kind, name, _at(place, content, offset)) for kind, offset in kinds.items()}
    return found


def _without_names(leaks: set[Leak], traces: Traces) -> set[Leak]:
    """Return leaks without those parts of their file and place that are a canary too."""
    parted = [(leak.kind, leak.file.split("/"), leak.place.split(": ")) for leak in leaks]
    named = sorted({part for _, file, place in parted for part in (*file, *place)})
    hidden = {part for part, kinds in zip(named, traces.in_each([part.encode() for part in named]), strict=True) if kinds}
    shown = dict(zip(named, named, strict=True)) | dict.fromkeys(hidden, HIDDEN)
    return {Leak(kind, "/".join(map(shown.__getitem__, file)), ": ".join(map(shown.__getitem__, place))) for kind, file, place in parted}


def _at(place: str, content: bytes, offset: int) -> str:
    """Return a place with line and byte, where it has no columns."""
    if place == NAME or place.startswith(COLUMN) or f": {COLUMN}" in place:
        return place
    number = content.count(b"\n", 0, offset) + 1
    line = f"line {number:,}, " if b"\0" not in content[:4096] else ""
    return f"{place}: {line}byte {offset:,}".removeprefix(": ")


def _raw(cell: object) -> bytes:
    if isinstance(cell, bytes):
        return cell
    return cell.encode("utf-8", "surrogatepass") if isinstance(cell, str) else b""


def sort_of(content: bytes) -> str:
    """Return what a file is, by its first bytes; `text` or `other` where it is nothing that can be opened."""
    for sort, (at, magic) in _MAGIC.items():
        if content[at : at + len(magic)] == magic:
            return "xlsx" if sort == "zip" and b"xl/workbook" in content else sort
    return "text" if b"\0" not in content[:4096] else "other"


def parts(content: bytes, depth: int = 0) -> Iterator[tuple[str, "Part"]]:
    """Yield what the bytes of a file decode to, each with its place, and then the bytes."""
    opened = _OPENERS.get(sort_of(content))
    if opened is not None and depth < DEEPEST:
        with suppress(*_BROKEN):  # half a file: what it has in the open is looked at
            for place, part in opened(content):
                inner = parts(part, depth + 1) if isinstance(part, bytes) else [("", part)]
                yield from ((f"{place}: {within}".removesuffix(": "), held) for within, held in inner)
    yield "", content


Part = bytes | list[object]
"""Unpacked bytes, or decoded cells."""

Placed = Iterator[tuple[str, Part]]
NAME, COLUMN, HIDDEN = "name", "column ", "\u2026"

_BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError, sqlite3.Error, duckdb.Error, pa.ArrowException)


def _parquet(content: bytes) -> Placed:
    with pq.ParquetFile(io.BytesIO(content)) as file:
        for batch in file.iter_batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                yield f"{COLUMN}{name}", _cells(column)


def _cells(column: pa.Array) -> list[object]:
    """Return each different value of a column, lists and structs taken apart."""
    if pa.types.is_dictionary(column.type):
        return _cells(column.dictionary)
    if pa.types.is_struct(column.type):
        return [cell for part in column.flatten() for cell in _cells(part)]
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_map(column.type):
        return _cells(column.flatten()) if not pa.types.is_map(column.type) else [*_cells(column.keys), *_cells(column.items)]
    if pa.types.is_null(column.type):
        return []
    return list(pc.unique(column).to_pylist())


def _on_disk(content: bytes, name: str, read: Callable[[Path], Placed]) -> Placed:
    """Read a database from a copy: to open the file itself could change it."""
    with TemporaryDirectory(prefix="glasshouse-prove-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield from read(path)


def _duckdb(content: bytes) -> Placed:
    def read(path: Path) -> Placed:
        with duckdb.connect(str(path), read_only=True, config=dict(CLOSED)) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                rows = connection.execute(f'from "{schema}"."{table}"').to_arrow_table()
                for name, column in zip(rows.column_names, rows.columns, strict=True):
                    yield f"{COLUMN}{schema}.{table}.{name}", [cell for chunk in column.chunks for cell in _cells(chunk)]

    return _on_disk(content, "held.duckdb", read)


def _sqlite(content: bytes) -> Placed:
    def read(path: Path) -> Placed:
        with closing(sqlite3.connect(path)) as connection:
            connection.text_factory = bytes
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                name = table.decode().replace('"', '""')
                rows = connection.execute(f'select * from "{name}"')
                columns = [f"{COLUMN}{name}.{column[0]}" for column in rows.description]
                yield from zip(columns, map(list, zip(*rows, strict=True)), strict=False)

    return _on_disk(content, "held.db", read)


def _zip(content: bytes) -> Placed:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for number, member in enumerate(archive.infolist(), 1):
            inner = archive.read(member)
            yield f"name of member {number}", member.filename.encode()
            yield f"member {number}", inner
            if member.filename.endswith(".xml"):  # a spreadsheet's cells
                yield f"member {number} as text", html.unescape(re.sub(r"<[^>]*>", "\n", inner.decode("utf-8", "replace"))).encode()


def _pdf(content: bytes) -> Placed:
    """Yield the streams, inflated, and the strings that a page shows, put together as their operators do."""
    for number, found in enumerate(_PDF_STREAM.finditer(content), 1):
        try:
            stream = zlib.decompressobj().decompress(found[1])
        except zlib.error:
            continue
        yield f"stream {number}", stream
        drawn = [re.sub(rb"\\(.)", rb"\1", plain) or bytes.fromhex(packed.decode().ljust(len(packed) + len(packed) % 2, "0")) for plain, packed in _PDF_STRING.findall(stream)]
        yield f"stream {number} as text", b"".join(drawn)


def _one(unpack: Callable[[bytes], bytes]) -> Callable[[bytes], Placed]:
    return lambda content: iter([("unpacked", unpack(content))])


def _zstd(content: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True) as stream:
        return bytes(stream.read())


_MAGIC = {
    "parquet": (0, b"PAR1"), "duckdb": (8, b"DUCK"), "sqlite": (0, b"SQLite format 3\0"), "gzip": (0, b"\x1f\x8b"), "zip": (0, b"PK\x03\x04"),
    "pdf": (0, b"%PDF-"), "zstd": (0, b"\x28\xb5\x2f\xfd"), "bzip2": (0, b"BZh"), "xz": (0, b"\xfd7zXZ\0"),
}  # fmt: skip
_OPENERS: dict[str, Callable[[bytes], Placed]] = {
    "parquet": _parquet, "duckdb": _duckdb, "sqlite": _sqlite, "zip": _zip, "xlsx": _zip, "pdf": _pdf,
    "gzip": _one(gzip.decompress), "zstd": _one(_zstd), "bzip2": _one(bz2.decompress), "xz": _one(lzma.decompress),
}  # fmt: skip
SORTS = tuple(_OPENERS)
