"""Native access events: JSON Lines, CSV or Parquet with the columns that Glasshouse itself declares."""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.reading.accesses.events import Events, Take
from dagster_project.reading.cells import TEXTS, Column
from dagster_project.reading.instants import INSTANT, placed
from dagster_project.reading.ledgers import format_of, partitioned, read_rows
from dagster_project.zones import is_zone

EVENTS = (
    Column("event_id", is_required=True, meaning="the event, unique in its source; the same again is a duplicate, with other content it is refused"),
    # Nobody by that name: an access all the same.
    Column("actor", is_required=True, keeps_empty=True, meaning="who: a staff_id or login of staff/, or a user_id of users/"),
    Column("occurred_at", "stamp", is_required=True, meaning="when; without a zone that of its source"),
    Column("source", meaning="system that wrote the event; missing = name of the sub-folder"),
    Column("account_id", meaning="customer whose records were reached; missing = undetermined (CUSTOMER_UNRESOLVED)"),
    Column("record_class", meaning="class of the records, as grants and `[record_classes]` name it; missing = undetermined (CLASS_UNKNOWN)"),
    Column("record_id", keeps_empty=True, meaning="the record; missing with record_ids missing = all records"),
    Column("record_ids", "list", meaning="the records, where there were several"),
    Column("action", meaning="`read`, `list`, `export`, `write`, `delete`, `impersonate`, …"),
    Column("content", "boolean", meaning="false where only counts and sizes came back; missing = true"),
    Column("purpose", meaning="declared purpose, a code: `servicing`, `account_setup`, `configuration`, `billing`, `contact`, …"),
    Column("case_id", keeps_empty=True, meaning="ticket"),
    Column("observed_at", "stamp", meaning="when the event was received; without a zone it counts as missing"),
    Column("rows", "integer", meaning="rows that came back"),
    Column("bytes", "integer", meaning="bytes that came back"),
    Column("outcome", meaning="`denied`, or an access that took place; missing = it took place"),
    Column("started_at", "stamp", meaning="begin of a session, all of which must be permitted"),
    Column("ended_at", "stamp", meaning="end of a session, the first instant after it"),
    Column("request_id", meaning="id that the request log shares"),
)
PARQUET = b"PAR1"
_BETWEEN_NAMES = re.compile(rb'[,"\s]+')
REQUIRED = frozenset(column.name for column in EVENTS if column.is_required)
TIME_STATUS = pa.array(["zoned", "ambiguous", "unzoned"])
_STAMPS = ("occurred_at", "started_at", "ended_at")


def read(path: Path, source: str, zones: Mapping[str, str], take: Take | None = None) -> Events:
    """Read a file of native events; `source` is that of rows without one, `zones` the declared zone of each source. Raises as `ledgers.read` does.

    `take` gets the rows as they come, and none are returned.
    """
    has_lines = format_of(path) != "parquet"

    def complete(rows: pa.Table) -> None:
        if take:
            take(completed(rows, source, zones), has_lines)

    found = read_rows(path, partitioned(EVENTS, "access_events", path), complete if take else None)
    return Events(completed(found.rows, source, zones), found.rejects, blank=found.blank, has_lines=has_lines, form=f"native {found.format}", unmapped=found.unknown_columns)


def is_mine(first: bytes) -> bool:
    """Tell whether a file has the native columns, by its beginning."""
    line = first.removeprefix(BOM_UTF8).lstrip().split(b"\n", 1)[0]
    if line.startswith(b"{"):
        return all(f'"{name}"'.encode() in line for name in REQUIRED)
    return {name.encode() for name in REQUIRED} <= set(_BETWEEN_NAMES.split(line))


def completed(rows: pa.Table, source: str, zones: Mapping[str, str]) -> pa.Table:
    """Return events with defaults filled in and instants in UTC; `rows`: line_number, the columns of EVENTS and, optionally, `actor_aliases` and `is_part`.

    Appends `time_status`: zoned, ambiguous (a stamp without a zone lies in a fold or a gap of the declared zone) or unzoned (no zone is declared
    either). `is_part`: the source writes one access as several entries with one event_id, so a later one is a duplicate whatever its time and
    outcome. `actor_aliases`: other names of the same actor.
    """
    columns = {name: _one(rows.column(name)) for name in rows.column_names}
    columns["source"] = columns["source"].fill_null(source)
    status = np.zeros(rows.num_rows, np.int8)
    for name in _STAMPS:
        columns[name], of_stamp = _zoned(columns[name], columns["source"], zones)
        status = np.maximum(status, of_stamp)
    # Received when, in a zone unknown: that says nothing, and counts as missing.
    columns["observed_at"] = pc.struct_field(columns["observed_at"], "instant")
    columns["content"] = columns["content"].fill_null(True)
    is_denied = pc.equal(pc.utf8_lower(columns["outcome"]), "denied").fill_null(False)
    columns["outcome"] = pc.if_else(is_denied, "denied", "ok")
    columns["time_status"] = TIME_STATUS.take(pa.array(status))
    columns["actor_aliases"] = columns.pop("actor_aliases", pa.nulls(rows.num_rows, TEXTS))
    columns["is_part"] = pc.fill_null(columns.pop("is_part", pa.nulls(rows.num_rows, pa.bool_())), False)
    return pa.table(columns)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type)


def _zoned(cells: pa.Array, sources: pa.Array, zones: Mapping[str, str]) -> tuple[pa.Array, npt.NDArray[np.int8]]:
    """Return the instants of a column of stamps and, for each, the index of its status."""
    instants, local = (pc.struct_field(cells, name) for name in ("instant", "local"))
    status = np.zeros(len(cells), np.int8)
    is_local = pc.is_valid(local)
    if not pc.any(is_local).as_py():
        return instants, status
    status[np.asarray(is_local.to_numpy(zero_copy_only=False), bool)] = 2
    for source in sources.filter(is_local).unique().to_pylist():
        if not is_zone(zone := zones.get(source, "")):
            continue
        here = pc.and_(is_local, pc.equal(sources, source))
        found, is_ambiguous = placed(pc.if_else(here, local, pa.scalar(None, local.type)), zone)
        instants = pc.if_else(here, found, instants).cast(INSTANT)
        status[np.asarray(here.to_numpy(zero_copy_only=False), bool)] = 0
        status[np.asarray(is_ambiguous.to_numpy(zero_copy_only=False), bool)] = 1
    return instants, status
