"""The ledger of inputs as it grows in a run: what was read, refused and quarantined, written last and at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from dagster_project import __version__
from dagster_project.engines.lake import Lake, schema
from dagster_project.errors import GlasshouseError, InputError
from dagster_project.reading.files import Found


@dataclass
class Entry:
    """What became of one input; counts are lines, or rows where the file is Parquet."""

    input_id: str
    found: Found
    file_name: str
    format: str | None = None
    bytes: int = 0
    lines: int = 0
    parsed: int = 0
    quarantined: int = 0
    blank: int = 0
    duplicates: int = 0
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    refusal: InputError | None = None
    damage: InputError | None = None
    unknown_columns: tuple[str, ...] = ()

    def saw(self, first: datetime | None, last: datetime | None) -> None:
        """Widen the span of instants."""
        self.first_event_at = min((at for at in (self.first_event_at, first) if at), default=None)
        self.last_event_at = max((at for at in (self.last_event_at, last) if at), default=None)

    def row(self, read_at: datetime) -> dict[str, Any]:
        """Return the row of ledger.inputs.

        Raises GlasshouseError where the lines do not add up.
        """
        if self.lines != self.parsed + self.quarantined + self.blank:
            raise GlasshouseError(f"{self.file_name}: {self.lines} lines are not {self.parsed} parsed + {self.quarantined} quarantined + {self.blank} blank")
        return {
            "input_id": self.input_id,
            "folder": self.found.folder,
            "site": self.found.site,
            "format": self.format,
            "parser_version": __version__,
            "bytes": self.bytes,
            "lines": self.lines,
            "parsed": self.parsed,
            "quarantined": self.quarantined,
            "blank_or_comment": self.blank,
            "duplicates": self.duplicates,
            "first_event_at": self.first_event_at,
            "last_event_at": self.last_event_at,
            "read_at": read_at,
            "status": "refused" if self.refusal else "read",
            "reason": self.advice.code if self.advice else None,
        }

    @property
    def advice(self) -> InputError | None:
        """Return why the input was refused, or why only part of it could be read."""
        return self.refusal or self.damage

    def refuse(self, error: InputError) -> None:
        """Refuse the whole input: it adds no rows."""
        self.refusal = error
        self.lines = self.parsed = self.quarantined = self.blank = self.duplicates = 0


class Accounts:
    """All entries of one kind of input in one run."""

    def __init__(self, lake: Lake, kind: str) -> None:
        self.lake = lake
        self.kind = kind
        self.entries: list[Entry] = []
        self.rejects: list[pa.Table] = []

    def known(self, folder: str, site: str) -> dict[str, int]:
        """Return the inputs of a folder and site that earlier runs read: their ids and sizes in bytes."""
        rows = self.lake.read("ledger.inputs").to_pylist()
        return {row["input_id"]: row["bytes"] for row in rows if row["folder"] == folder and row["site"] == site and row["status"] == "read"}

    def quarantine(self, input_id: str, rejects: pa.Table, line_shift: int = 0, byte_shift: int = 0) -> None:
        """Note refused lines; shifts turn places in a piece into places in the input."""
        if not rejects.num_rows:
            return
        shifted = rejects.set_column(0, "line_number", pa.compute.add(rejects.column("line_number"), line_shift))
        if byte_shift:
            place = shifted.schema.get_field_index("byte_offset")
            shifted = shifted.set_column(place, "byte_offset", pa.compute.add(shifted.column("byte_offset"), byte_shift))
        self.rejects.append(shifted.append_column("input_id", pa.array([input_id] * len(shifted), pa.string())))

    def commit(self, name: str, read_at: datetime) -> None:
        """Write the quarantine, then the files' names, then the ledger of inputs: only now the inputs count.

        Refused inputs stand in a file of their own that each run replaces, so that they are tried again.
        """
        read = [entry for entry in self.entries if not entry.refusal]
        refused = [entry for entry in self.entries if entry.refusal]
        kept_ids = {entry.input_id for entry in read}
        if self.rejects:
            rejects = pa.concat_tables(self.rejects)
            self.lake.write("ledger.quarantine", rejects.filter(pa.compute.is_in(rejects.column("input_id"), pa.array(sorted(kept_ids), pa.string()))), f"{self.kind}-{name}")
        for group, file_name in ((refused, f"{self.kind}-refused"), (read, f"{self.kind}-{name}")):
            if group or file_name.endswith("refused"):
                self._write(group, file_name, read_at)

    def _write(self, entries: list[Entry], file_name: str, read_at: datetime) -> None:
        names = [{"input_id": entry.input_id, "file_name": entry.file_name, "advice": str(entry.advice) if entry.advice else None} for entry in entries]
        self.lake.write("ledger.input_files", pa.Table.from_pylist(names, schema("ledger.input_files")), file_name)
        self.lake.write("ledger.inputs", pa.Table.from_pylist([entry.row(read_at) for entry in entries], schema("ledger.inputs")), file_name)
