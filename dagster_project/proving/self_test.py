"""The search put to the test: one canary in a file of each sort must be found, or its finding nothing elsewhere says nothing."""

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from dagster_project.proving.sinks import HIDDEN, SORTS, search
from dagster_project.proving.traces import Traces

PLAIN = ("text", "other", "name")
_PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstandard.ZstdCompressor().compress}


def unseen(folder: Path, text: str, traces: Traces) -> list[str]:
    """Write the text into a file of each sort and return the sorts in which the search does not see it; none is right."""
    folder.mkdir(parents=True)
    for sort in (*SORTS, *PLAIN):
        place = folder / (f"name={text}" if sort == "name" else sort)
        _write(sort, place, text)
    seen = {Path(leak.file).name for leak in search([folder], traces).leaks}
    return [sort for sort in (*SORTS, *PLAIN) if (HIDDEN if sort == "name" else sort) not in seen]


def _write(sort: str, path: Path, text: str) -> None:
    raw = text.encode()
    match sort:
        case "parquet":
            table = pa.table({"texts": pa.array([[None, text]]), "number": [7]})
            pq.write_table(table, path, compression="gzip", use_dictionary=False, write_statistics=False, store_schema=False)
        case "duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.execute("create table held as select repeat('x', 5000) || ? as word", [text])
        case "sqlite":
            with closing(sqlite3.connect(path)) as database, database:
                database.execute("create table held (word)")
                database.execute("insert into held values (?)", [raw])
        case "zip" | "xlsx":
            path.write_bytes(_archive({"xl/workbook.xml" if sort == "xlsx" else "notes.txt": b"-", "xl/sharedStrings.xml": f"<t>{text.replace('@', '&#64;')}</t>".encode()}))
        case "pdf":
            drawn = b"BT [" + b" -3 ".join(b"(" + raw[at : at + 3] + b")" for at in range(0, len(raw), 3)) + b"] TJ ET"
            path.write_bytes(b"%PDF-1.7\n1 0 obj <</Filter /FlateDecode>>\nstream\n" + zlib.compress(drawn) + b"\nendstream\nendobj\n")
        case "other":
            path.write_bytes(b"\0\1\2" + raw.upper() + b"\xff")
        case "text" | "name":
            path.write_bytes(raw if sort == "text" else b"")
        case _:
            path.write_bytes(_PACKERS[sort](raw))


def _archive(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()
