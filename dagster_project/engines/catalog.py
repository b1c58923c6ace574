"""sql/ as values: what each file defines, in an order in which dependencies come first.

A table's name is its path, its description the first comment, a column's documentation the comment at the end of its line,
its dependencies what DuckDB's own parser says it reads. Keep out: running anything on data.
"""

import functools
import itertools
import json
import re
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import duckdb

from dagster_project.engines.connections import CLOSED
from dagster_project.errors import GlasshouseError

FINDINGS = "flagged.findings"
COMMON_COLUMNS = ("finding_id", "occurred_at", "account_id", "staff_id", "code", "severity", "promise_ids", "summary")
DECLARED = re.compile(r"Kept: (?P<kept>.+)\. Swept: (?P<swept>no|with its (?:input|run|run of requests))\. Scanned: (?P<scanned>yes|no)\.")


@dataclass(frozen=True)
class Column:
    """A column, its DuckDB type and what it means."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One file of sql/; `select` is its text, empty for a contract. `parts` are its statements: their rows together make the table.

    A contract says what happens to its rows: how long they are kept (often by a key of [retention]), with what those of a killed run are swept away, and whether
    they are searched for persons. Tables by day that do not say it are kept for `published_months`.
    """

    name: str
    layer: int
    kind: Literal["contract", "select"]
    path: Path
    comment: str
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    parts: tuple[str, ...]
    create: str
    is_daily: bool
    is_published: bool
    promises: tuple[str, ...]
    is_control: bool
    kept: str = ""
    swept: str = "no"
    is_scanned: bool = False

    @property
    def schema(self) -> str:
        """Return the schema, `measured` of `measured.account_requests_daily`."""
        return self.name.split(".")[0]

    @property
    def fault(self) -> str:
        """Return what to do where its select fails."""
        return f"a fault in {self.path.relative_to(root()).as_posix()}; please report it"

    @property
    def select(self) -> str:
        """Return all parts as one statement."""
        return "".join(self.parts) if len(self.parts) < 2 else "\nunion all\n".join(f"(\n{part}\n)" for part in self.parts)


def root() -> Path:
    """Return the folder that holds sql/ and expectations/: the checkout, or the installed package."""
    package = Path(__file__).resolve().parent.parent
    return package.parent if (package.parent / "sql").is_dir() else package


@functools.cache
def tables() -> dict[str, Table]:
    """Return every table of sql/, dependencies first; raises as `tables_of` does."""
    return tables_of(root() / "sql")


def tables_of(folder: Path) -> dict[str, Table]:
    """Return every table that the files below a folder define, dependencies first.

    Raises GlasshouseError where a file breaks the rules of sql/ (a comment is missing, a higher layer is read, a circle).
    """
    with duckdb.connect(config=dict(CLOSED)) as connection:
        read = {table.name: table for table in (_read(path, connection) for path in sorted(folder.glob("[1-4]_*/*.sql")))}
        if controls := [table for table in read.values() if table.is_control]:
            read[FINDINGS] = _findings(controls)
        for table in read.values():
            _refuse_higher(table, read)
        return _typed(_ordered(read), connection)


def _ordered(found: dict[str, Table]) -> dict[str, Table]:
    try:
        order = TopologicalSorter({name: table.reads for name, table in sorted(found.items())}).static_order()
        return {name: found[name] for name in order}
    except CycleError as circle:
        raise GlasshouseError(f"sql: {' reads '.join(reversed(circle.args[1]))}; break the circle") from None


def kept(how_long: str) -> tuple[str, ...]:
    """Return the tables whose rows are kept so long, dependencies first."""
    return tuple(table.name for table in tables().values() if table.kept == how_long)


@functools.cache
def questions(folder: Literal["adhoc", "report", "told"]) -> dict[str, str]:
    """Return the selects of a folder of sql/ that defines no tables, by name: their text."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((root() / "sql" / folder).glob("*.sql"))}


def _read(path: Path, connection: duckdb.DuckDBPyConnection) -> Table:
    text = path.read_text(encoding="utf-8")
    layer, schema = int(path.parent.name[0]), path.parent.name[2:]
    name = f"{schema}.{path.stem}"
    header = [line[2:].strip() for line in itertools.takewhile(lambda line: line.startswith("--"), text.splitlines())]
    if not header:
        raise GlasshouseError(f"sql/{path.parent.name}/{path.name}: begin with a comment that says what a row is")
    promised = [line.removeprefix("Promises:").strip(" .") for line in header if line.startswith("Promises:")]
    declared = next(filter(None, map(DECLARED.fullmatch, header)), None)
    comment = " ".join(line for line in header if not line.startswith("Promises:") and not DECLARED.fullmatch(line))
    is_contract = bool(re.search(r"^create table", text, re.MULTILINE))
    if is_contract and not declared:
        raise GlasshouseError(f"sql/{path.parent.name}/{path.name}: say what happens to its rows, '-- Kept: …. Swept: …. Scanned: yes or no.'")
    reads = () if is_contract else _reads(text, path, connection)
    return Table(
        name=name,
        layer=layer,
        kind="contract" if is_contract else "select",
        path=path,
        comment=comment.removesuffix("Stays in HOME.").strip(),
        columns=_contract_columns(text) if is_contract else _select_columns(text, path),
        reads=reads,
        parts=() if is_contract else tuple(re.split(r";\n+", text.rstrip().rstrip(";"))),
        create=text if is_contract else "",
        is_daily="$day" in text,
        is_published="Stays in HOME." not in comment and schema != "scrubbed",
        promises=tuple(part.strip() for part in promised[0].split(",") if part.strip() != "none") if promised else (),
        is_control=bool(promised),
        kept=declared["kept"] if declared else "published_months" if "$day" in text else "",
        swept=declared["swept"] if declared else "no",
        is_scanned=declared["scanned"] == "yes" if declared else schema == "measured",
    )


def _reads(text: str, path: Path, connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the tables that a select reads, as DuckDB's own parser sees them; a name without a schema is a step of the select."""
    read: set[str] = set()

    def seen(node: dict[str, Any]) -> dict[str, Any]:
        if node.get("type") == "BASE_TABLE" and node["schema_name"]:
            read.add(f"{node['schema_name']}.{node['table_name']}")
        return node

    parsed = json.loads(connection.execute("select json_serialize_sql(?)", [text]).fetchall()[0][0], object_hook=seen)
    if parsed["error"]:
        raise GlasshouseError(f"sql/{path.parent.name}/{path.name}: {parsed.get('error_message', 'DuckDB cannot parse it')}")
    return tuple(sorted(read))


def _contract_columns(text: str) -> tuple[Column, ...]:
    found = re.findall(r"^    \"?(\w+)\"? ([a-z0-9\[\]]+)[^-\n]*-- (.+)$", text, re.MULTILINE)
    return tuple(Column(name, kind, meaning.strip()) for name, kind, meaning in found)


def _select_columns(text: str, path: Path) -> tuple[Column, ...]:
    """Read names and meanings from the last select at the left margin; DuckDB adds the types."""
    last = re.split(r"^select\b", text, flags=re.MULTILINE)[-1]
    listed = re.split(r"^(?:from|order by)\b", last, maxsplit=1, flags=re.MULTILINE)[0]
    found = [re.match(r"^.*?(\w+)\"?,?\s+-- (.+)$", line) for line in listed.splitlines()]
    columns = [Column(each.group(1), "", each.group(2).strip()) for each in found if each]
    if not columns:
        raise GlasshouseError(f"sql/{path.parent.name}/{path.name}: write ' -- meaning' behind each column of the last select")
    return tuple(columns)


def _findings(controls: list[Table]) -> Table:
    """Return the one table that no file holds: the findings of every control, so that a new control needs no other change."""
    columns = ", ".join(COMMON_COLUMNS)
    parts = [f"select '{table.name.split('.')[1]}' as control, {columns} from {table.name}" for table in controls]
    meanings = {column.name: column for table in controls for column in table.columns}
    listed = (Column("control", "", "control that found it, a file of sql/3_flagged"), *(meanings[name] for name in COMMON_COLUMNS if name in meanings))
    return Table(
        name=FINDINGS,
        layer=3,
        kind="select",
        path=root() / "sql" / "3_flagged",
        comment="One row for each finding of any control: the columns that all controls share.",
        columns=listed,
        reads=tuple(sorted(table.name for table in controls)),
        parts=tuple(parts),
        create="",
        is_daily=False,
        is_published=False,
        promises=(),
        is_control=False,
    )


def _typed(found: dict[str, Table], connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """Create every table empty in DuckDB, which checks each file and tells the types of its columns."""
    connection.execute("set TimeZone = 'UTC'")
    for schema in {table.schema for table in found.values()}:
        connection.execute(f"create schema {schema}")
    for table in found.values():
        create_empty(table, connection)
    types: dict[str, dict[str, str]] = {name: {} for name in found}
    told = "select schema_name || '.' || table_name, column_name, lower(data_type) from duckdb_columns() where not internal order by table_oid, column_index"
    for name, column, kind in connection.execute(told).fetchall():
        types[name][column] = kind
    return {name: replace(table, columns=_with_types(table, types[name])) for name, table in found.items()}


def _with_types(table: Table, types: dict[str, str]) -> tuple[Column, ...]:
    """Return the documented columns of a table with the types it has."""
    if list(types) != [column.name for column in table.columns]:
        raise GlasshouseError(f"sql: {table.name}: the documented columns are not those it has; each stands on a line of its own with ' -- meaning' behind it")
    return table.columns if table.kind == "contract" else tuple(replace(column, type=types[column.name]) for column in table.columns)


def create_empty(table: Table, connection: duckdb.DuckDBPyConnection) -> None:
    """Create a table without rows, as the file defines it."""
    if table.kind == "contract":
        statement = table.create
    elif all(column.type for column in table.columns):
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        statement = f"create table {table.name} ({columns})"
    else:
        statement = f"create table {table.name} as from ({_any_day(table.select)}) limit 0"
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        raise GlasshouseError(f"sql: {table.name}: {error}") from None


def _any_day(select: str) -> str:
    """Return a select with a day for its parameter: where rows do not matter, DuckDB takes none."""
    return select.replace("$day", "date '2000-01-01'")


def _refuse_higher(table: Table, found: dict[str, Table]) -> None:
    for read in table.reads:
        if read not in found:
            raise GlasshouseError(f"sql: {table.name} reads {read}, which no file of sql/ defines")
        if found[read].layer > table.layer:
            raise GlasshouseError(f"sql: {table.name} reads {read} of a higher layer")
