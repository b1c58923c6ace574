"""What every source of access events has in common: what its reader is given, what it returns, and how a file is recognised."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.files import Body
from dagster_project.settings import Access, Source

Take = Callable[[pa.Table, bool], None]  # gets rows of `Events.rows` and whether they have lines
OTHERS = pa.schema([("line_number", pa.int64()), ("name", pa.string())])


@dataclass(frozen=True)
class Events:
    """What was read from a file, every entry accounted for: lines = rows + rejects + others + blank.

    `rows`: the accesses, with line_number and the columns of `native.completed`. `rejects`: the refused entries, with the columns of rejects.REJECTS.
    `others`: line_number and name of entries that are no access, the name from a closed list of the source. `has_lines`: line_number counts lines of
    the file, so a file that grew is continued; else it counts entries, which have no byte offset. `unmapped`: fields that fill no column.
    """

    rows: pa.Table
    rejects: pa.Table
    others: pa.Table = field(default_factory=OTHERS.empty_table)
    blank: int = 0
    has_lines: bool = True
    form: str = "jsonl"  # how the entries stand in the file: jsonl, document, csv, parquet, text
    attestations: tuple[Attestation, ...] = ()  # what the file says of the source's completeness
    unmapped: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        """Return the number of lines of the file, or of its entries."""
        return int(self.rows.num_rows + self.rejects.num_rows + self.others.num_rows + self.blank)


@dataclass(frozen=True)
class Given:
    """What a reader is given beside the bytes of a file.

    `source`: that of entries that name none. `zones`: the declared time zone of each source. `declared` and `access`: what settings say of the source
    and of tables. `take`: called with the rows, batch by batch; a reader may also return them all.
    """

    source: str
    name: str = ""  # of the file, below the folder of the source
    zones: Mapping[str, str] = field(default_factory=dict)
    declared: Source = field(default_factory=Source)
    access: Access = field(default_factory=Access)
    take: Take | None = None


@dataclass(frozen=True)
class Adapter:
    """How one source is recognised and read; `name` is that of its folder below access_events/ and of its format in settings.

    `is_mine` tells from the beginning of a file (`adapters.beginning`) whether it is of this source. `read` raises InputError where the file as a whole
    cannot be of this source, never for an entry. `whole_seconds`: a stamp stands for the whole second it names.
    """

    name: str
    is_mine: Callable[[bytes], bool]
    read: Callable[[Body, Given], Events]
    whole_seconds: bool = False
