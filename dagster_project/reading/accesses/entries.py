"""Splits a file into entries, by content: JSON Lines, one JSON document, documents one after the other, CSV or Parquet.

A line that cannot be read is refused alone; a document that cannot be read refuses its file, since nothing shows what it held.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.errors import ColumnError, DamagedError, FormatError
from dagster_project.reading.accesses import otlp
from dagster_project.reading.accesses.packed import is_packed, unpacked
from dagster_project.reading.files import Body
from dagster_project.reading.misdelivered import HEAD_BYTES, fault
from dagster_project.reading.rejects import Place
from dagster_project.reading.rows import LONGEST_ROW_BYTES, Places, blocks, is_utf8, parquet_rows
from dagster_project.reading.separated import csv_batches

Fields = Mapping[str, Any]

# Where the entries stand in a document of one source or another, and what else such a document says.
LISTS = (
    "QueryResultRows", "Records", "records", "entries", "events", "Events", "logEvents", "audit_logs", "access_logs", "items", "logs", "value", "Messages",
    "receivedMessages", "result", "results", "data",
)  # fmt: skip
_OF_PAGES = {
    "after_cursor", "after_url", "before_cursor", "before_url", "count", "cursor", "done", "end_time", "etag", "has_more", "kind", "links", "logGroup", "logStream",
    "messages", "messageType", "meta", "QueryStatistics", "QueryStatus", "next", "nextBackwardToken", "nextForwardToken", "nextPageToken", "nextRecordsUrl", "nextToken",
    "NextToken", "next_page", "owner", "page", "per_page", "prev", "previous_page", "ResponseMetadata", "result_info", "searchedLogStreams", "size", "startKey",
    "subscriptionFilters", "success", "total", "totalSize",
}  # fmt: skip
_OF_FAILURES = {"error", "errors"}  # an answer that tells of one may lack entries
_OF_LISTS = frozenset({*LISTS, "hits", "messageType", otlp.LIST})
_LISTING = re.compile(rb'\{\s*"(' + "|".join(LISTS).encode() + rb')"\s*:\s*\[')
_SPACE = re.compile(r"\s*")
# What carriers of lines write before an object: a stamp, a host and a program, a tag.
_BEFORE = re.compile(rb'[^"{}]*[\s:|](?=\{)')
_FIRST_LINES = 64
_FIRST_BYTES = LONGEST_ROW_BYTES  # these lines are looked for in them


@dataclass(frozen=True)
class Batch:
    """Some entries of a file and where each stands; `rejects` are lines that hold none."""

    places: Places
    entries: Sequence[Fields]
    rejects: list[tuple[Place, str]] = field(default_factory=list)
    blank: int = 0


@dataclass(frozen=True)
class Entries:
    """The entries of a file, in batches; `form` is jsonl, document, csv or parquet."""

    form: str
    batches: Iterator[Batch]

    @property
    def has_lines(self) -> bool:
        """Tell whether entries are numbered by the lines they begin on, so that a file that grew can be continued."""
        return self.form in ("jsonl", "csv")


def read(body: Body, place: str) -> Entries:
    """Return the entries of a file in batches; raises InputError where it has none of the forms or is cut off."""
    first = body.head(_FIRST_BYTES)
    start = _without_begin(first)
    if is_packed(start):
        return read(Body.held(unpacked(_without_begin(body.whole()), place)), place)
    if start.startswith(b"PAR1"):
        return Entries("parquet", _parquet(body, place))
    lines = start.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]
    if not start or start[:1] in b"{[" or any(_parsed(line)[0] for line in lines):
        documents = _documents(body, lines, place)
        return Entries("jsonl", _lines(body)) if documents is None else Entries("document", iter([_document(documents)]))
    if rule := fault(first[:HEAD_BYTES], "table"):
        raise FormatError(place, rule, "format")
    return Entries("csv", _csv(body, place))


def _without_begin(body: bytes) -> bytes:
    """Return bytes without a byte-order mark and what is blank before they say anything."""
    return body.removeprefix(BOM_UTF8).lstrip()


def _lines(body: Body) -> Iterator[Batch]:
    first_line = 1
    with body.opened() as stream:
        for block in blocks(stream):
            raws = block.lines()
            yield _batch(raws, block.places(raws, first_line), is_cut=block.cut_bytes > 0)
            first_line += len(raws)


def _batch(raws: list[bytes], every: Places, *, is_cut: bool) -> Batch:
    found: dict[int, Fields] = {}
    faults: dict[int, str] = {}
    for row, raw in enumerate(raws):
        if not raw.strip():
            continue
        entry, fault = (None, "too_long") if is_cut else _parsed(raw)
        if entry is None:
            faults[row] = fault
        else:
            found[row] = entry
    rejects = [(every[row], reason) for row, reason in faults.items()]
    return Batch(every.taken(np.fromiter(found, np.int64)), list(found.values()), rejects, len(raws) - len(found) - len(faults))


def _parsed(raw: bytes) -> tuple[Fields | None, str]:
    line = raw.strip().removesuffix(b",")
    try:
        loaded = orjson.loads(line[before.end() :] if line[:1] not in b"{[" and (before := _BEFORE.match(line)) else line)
    except orjson.JSONDecodeError:
        return None, "json_error" if is_utf8(raw) else "bad_utf8"
    return (loaded, "") if isinstance(loaded, dict) else (None, "json_not_object")


def _documents(body: Body, first_lines: Sequence[bytes], place: str) -> list[Any] | None:
    """Return what a file holds that is not one object a line; None where it is."""
    lines = [line for line in first_lines if line.strip()]
    first = _parsed(lines[0])[0] if lines else {}
    if first is not None and listed(first) is None:
        return None
    whole = _without_begin(body.whole())
    documents = _sequence(whole)
    if documents is None and first is None and _is_lines(whole, lines):
        return None
    if documents is None:
        raise DamagedError(place, "this JSON ends early or is none; deliver it again, whole", "json_error")
    return documents


def _is_lines(body: bytes, lines: Sequence[bytes]) -> bool:
    """Tell whether a file whose first line is broken has one object a line: then that line refuses itself alone."""
    if body.startswith(b"[") or len(lines[0].strip()) == 1 or _LISTING.match(body):
        return False
    return any(_parsed(line)[0] for line in lines[1:]) or (body.endswith(b"\n") and all(line.startswith(b"{") and len(line.strip()) > 1 for line in lines))


def _sequence(body: bytes) -> list[Any] | None:
    """Return JSON values that stand one behind the other, with or without something blank between them; None where one is broken."""
    try:
        return [orjson.loads(body)]
    except orjson.JSONDecodeError:
        pass
    text = body.decode("utf-8", "replace")
    found, at, decoder = [], 0, json.JSONDecoder()
    try:
        while at < len(text):
            _, end = decoder.raw_decode(text, at)
            found.append(orjson.loads(text[at:end]))
            at = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing, too
    except (ValueError, RecursionError):
        return None
    return found


def listed(document: Any) -> list[Any] | None:
    """Return the entries that a document lists; None where the document is an entry itself."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict) or _OF_LISTS.isdisjoint(document):
        return None
    if isinstance(document.get(otlp.LIST), list):
        return otlp.records(document)
    if document.get("messageType") == "CONTROL_MESSAGE":
        return []
    if isinstance(document.get("hits"), dict):
        return listed({"items": document["hits"].get("hits")})
    others = {name for name, value in document.items() if value or name not in _OF_FAILURES}
    name = next((name for name in LISTS if isinstance(document.get(name), list) and others - {name} <= _OF_PAGES), None)
    return None if name is None else [_row(item) for item in document[name]]


def _row(item: Any) -> Any:
    """Return an entry whose columns are an object each, as CloudTrail Lake answers, as one object."""
    is_row = isinstance(item, list) and item and all(isinstance(cell, dict) and len(cell) == 1 for cell in item)
    return {name: value for cell in item for name, value in cell.items()} if is_row else item


def _document(documents: Sequence[Any]) -> Batch:
    every: list[Any] = []
    for document in documents:
        entries = listed(document)
        every += [document] if entries is None else entries
    numbers = np.arange(len(every)) + 1
    is_entry = np.fromiter((isinstance(entry, dict) for entry in every), bool, len(every))
    rejects = [(Place(int(number), None, None), "json_not_object") for number in numbers[~is_entry]]
    return Batch(Places(numbers[is_entry]), [entry for entry in every if isinstance(entry, dict)], rejects)


def _parquet(body: Body, place: str) -> Iterator[Batch]:
    first = 1
    try:
        with body.seekable() as stream:
            store = pq.ParquetFile(stream)
            if len(set(store.schema_arrow.names)) < len(store.schema_arrow.names):
                raise ColumnError(place, "the file has a column twice; write each once", "column_twice")
            for rows in parquet_rows(store):
                yield Batch(Places(np.arange(first, first + rows.num_rows)), rows.to_pylist())
                first += rows.num_rows
    except (pa.ArrowException, OSError, ValueError):
        raise DamagedError(place, "not a whole Parquet file; deliver it again", "damaged") from None


def _csv(body: Body, place: str) -> Iterator[Batch]:
    with body.opened() as stream:
        for batch in csv_batches(stream, None, place):
            columns = [found.values.to_pylist() for found in batch.cells.values()]
            rows = zip(*columns, strict=True)
            paths = [name.split(".") for name in batch.cells]
            is_flat = all(len(path) == 1 for path in paths)
            yield Batch(batch.places, [dict(zip(batch.cells, row, strict=True)) if is_flat else _nested(paths, row) for row in rows], batch.rejects, batch.blank)


def _nested(paths: Sequence[Sequence[str]], row: Sequence[Any]) -> Fields:
    """Return the cells of a row as an object: what is called `a.b` stands in `a`, as where it was taken from."""
    found: dict[str, Any] = {}
    for path, cell in zip(paths, row, strict=True):
        node = found
        for name in path[:-1]:
            inner = node.setdefault(name, {})
            if not isinstance(inner, dict):
                break
            node = inner
        else:
            node[path[-1]] = cell
            continue
        found[".".join(path)] = cell
    return found
