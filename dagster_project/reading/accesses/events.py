"""What a source of access events is read into, and what its reader is told; the sources themselves stand in modules of their own."""

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
    """The entries of a file, each an access, named as something else, or refused: lines = rows + rejects + others + blank.

    `rows`: line_number and the columns of `native.completed`. `rejects`: those of lines.REJECTS. `others`: line_number and name of
    entries that are no access, the name from a closed list of the source. `has_lines`: line_number counts the lines of the file, so that a
    file that grew is continued; else it counts entries, which have no place of their own. `unmapped`: fields without a meaning.
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
        """Return how many lines, or entries, the file has."""
        return int(self.rows.num_rows + self.rejects.num_rows + self.others.num_rows + self.blank)


@dataclass(frozen=True)
class Given:
    """What a reader is told beside the bytes: the source of entries that name none, the file, the zone of each source, what settings declare.

    `take`: what gets the rows as they come; a reader may also return them all.
    """

    source: str
    name: str = ""  # of the file, below the folder of the source
    zones: Mapping[str, str] = field(default_factory=dict)
    declared: Source = field(default_factory=Source)
    access: Access = field(default_factory=Access)
    take: Take | None = None


@dataclass(frozen=True)
class Adapter:
    """A source that is read: its name is that of a folder below access_events/ and of a format in settings.

    `is_mine` looks at the beginning of a file (`adapters.beginning`); `read` gets all its bytes, and holds those of lines some at a time. It raises InputError where
    the file as a whole is none of the source's, and never for an entry. `whole_seconds`: its stamps stand for a whole second.
    """

    name: str
    is_mine: Callable[[bytes], bool]
    read: Callable[[Body, Given], Events]
    whole_seconds: bool = False
