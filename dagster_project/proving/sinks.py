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

from dagster_project.engines.catalog import CLOSED
from dagster_project.proving.traces import Traces

DEEPEST = 4
"""Archives in archives are opened this far."""
BATCH_BYTES = 64 << 20

_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PDF_STRING = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f]+)>", re.DOTALL)


@dataclass(frozen=True, order=True)
class Leak:
    """A canary that was found: its kind, and the file that holds it, named from the folder that was searched."""

    kind: str
    file: str


@dataclass
class Found:
    """What a search saw: the leaks, and how many files and bytes of each sort it went through."""

    leaks: set[Leak] = field(default_factory=set)
    files: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


def search(folders: Iterable[Path], traces: Traces) -> Found:
    """Look for every trace in every file below the folders: name, bytes, and decoded content."""
    found = Found()
    held: list[tuple[str, bytes]] = []
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            name = path.relative_to(folder.parent).as_posix()
            content = path.read_bytes()
            found.bytes += len(content)
            found.files[sort_of(content)] += 1
            held.append((name, name.encode()))
            for part in parts(content):
                held.append((name, part if isinstance(part, bytes) else b"\n".join(map(_raw, part))))
                found.leaks |= {Leak(kind, name) for kind in ([] if isinstance(part, bytes) else traces.as_cells(part))}
            if sum(len(content) for _, content in held) > BATCH_BYTES:
                found.leaks |= _leaks(held, traces)
                held.clear()
    found.leaks |= _leaks(held, traces)
    return found


def _leaks(held: list[tuple[str, bytes]], traces: Traces) -> set[Leak]:
    kinds = traces.in_each([content for _, content in held])
    return {Leak(kind, name) for (name, _), of_content in zip(held, kinds, strict=True) for kind in of_content}


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


def parts(content: bytes, depth: int = 0) -> Iterator["Part"]:
    """Yield the bytes of a file and what they decode to."""
    yield content
    opened = _OPENERS.get(sort_of(content))
    if opened is None or depth == DEEPEST:
        return
    with suppress(*_BROKEN):  # half a file: what it has in the open is looked at
        for part in opened(content):
            yield from parts(part, depth + 1) if isinstance(part, bytes) else [part]


Part = bytes | list[object]
"""Unpacked bytes, or decoded cells."""

_BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError, sqlite3.Error, duckdb.Error, pa.ArrowException)


def _parquet(content: bytes) -> Iterator[Part]:
    with pq.ParquetFile(io.BytesIO(content)) as file:
        for batch in file.iter_batches():
            for column in batch.columns:
                yield _cells(column)


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


def _on_disk(content: bytes, name: str, read: Callable[[Path], Iterator[Part]]) -> Iterator[Part]:
    """Read a database from a copy: to open the file itself could change it."""
    with TemporaryDirectory(prefix="glasshouse-prove-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield from read(path)


def _duckdb(content: bytes) -> Iterator[Part]:
    def read(path: Path) -> Iterator[Part]:
        with duckdb.connect(str(path), read_only=True, config=dict(CLOSED)) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                for column in connection.execute(f'from "{schema}"."{table}"').to_arrow_table().columns:
                    yield [cell for chunk in column.chunks for cell in _cells(chunk)]

    return _on_disk(content, "held.duckdb", read)


def _sqlite(content: bytes) -> Iterator[Part]:
    def read(path: Path) -> Iterator[Part]:
        with closing(sqlite3.connect(path)) as connection:
            connection.text_factory = bytes
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                name = table.decode().replace('"', '""')
                yield [cell for row in connection.execute(f'select * from "{name}"') for cell in row]

    return _on_disk(content, "held.db", read)


def _zip(content: bytes) -> Iterator[Part]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            inner = archive.read(member)
            yield member.filename.encode()
            yield inner
            if member.filename.endswith(".xml"):  # a spreadsheet's cells
                yield html.unescape(re.sub(r"<[^>]*>", "\n", inner.decode("utf-8", "replace"))).encode()


def _pdf(content: bytes) -> Iterator[Part]:
    """Yield the streams, inflated, and the strings that a page shows, put together as their operators do."""
    for found in _PDF_STREAM.finditer(content):
        try:
            stream = zlib.decompressobj().decompress(found[1])
        except zlib.error:
            continue
        yield stream
        yield b"".join(
            re.sub(rb"\\(.)", rb"\1", plain) or bytes.fromhex(packed.decode().ljust(len(packed) + len(packed) % 2, "0")) for plain, packed in _PDF_STRING.findall(stream)
        )


def _one(unpack: Callable[[bytes], bytes]) -> Callable[[bytes], Iterator[Part]]:
    return lambda content: iter([unpack(content)])


def _zstd(content: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True) as stream:
        return bytes(stream.read())


_MAGIC = {
    "parquet": (0, b"PAR1"), "duckdb": (8, b"DUCK"), "sqlite": (0, b"SQLite format 3\0"), "gzip": (0, b"\x1f\x8b"), "zip": (0, b"PK\x03\x04"),
    "pdf": (0, b"%PDF-"), "zstd": (0, b"\x28\xb5\x2f\xfd"), "bzip2": (0, b"BZh"), "xz": (0, b"\xfd7zXZ\0"),
}  # fmt: skip
_OPENERS: dict[str, Callable[[bytes], Iterator[Part]]] = {
    "parquet": _parquet, "duckdb": _duckdb, "sqlite": _sqlite, "zip": _zip, "xlsx": _zip, "pdf": _pdf,
    "gzip": _one(gzip.decompress), "zstd": _one(_zstd), "bzip2": _one(bz2.decompress), "xz": _one(lzma.decompress),
}  # fmt: skip
SORTS = tuple(_OPENERS)
