"""Writes the pages of docs/ that only say what the code says: `python -m tests.write_docs`; a test sees that they are not out of date."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le
from cyclopts import App
from pydantic.fields import FieldInfo
from rich.console import Console

from dagster_project.cli.common import app
from dagster_project.engines import catalog
from dagster_project.publishing.suppress import BREAKDOWNS
from dagster_project.reading.accesses.native import EVENTS
from dagster_project.reading.cells import Column, Kind
from dagster_project.reading.files import found
from dagster_project.reading.ledger_columns import LEDGERS, ROWS
from dagster_project.reading.ledgers import COMPRESSIONS, FORMATS, read_rows
from dagster_project.settings import RecordRule, Section, Settings, Site, Sites

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 120
SCHEMAS = {
    "measured": "Usage and records by account: the finest view that is kept.",
    "flagged": "What the controls found, and the verdict on every access.",
    "reported": "What compliance reads.",
    "ledger": "What was read, refused, measured, published and destroyed.",
}
EVENTS_ROW = "an access of a member of staff or a user to customers' records, in Glasshouse's own columns; other forms: [access-sources.md](access-sources.md)"
KINDS: dict[Kind, str] = {
    "text": "a text; ids compare exactly, case included; in Parquet a string or a whole number, no fraction. *May be empty*: an empty text in JSON or Parquet is a value",
    "note": "a text or, in JSON and Parquet, an object",
    "list": "in CSV items with `;` between them or a JSON list, `[]` the empty one; in JSON a list of texts; in Parquet list<string>; "
    "in ledgers `{a,b}` is none; `a,b` is one item",
    "instant": "ISO 8601 with a zone, `2026-03-09T09:00:00Z` or `2026-03-09 10:00:00.5+01:00`; in Parquet a timestamp with a zone. A date alone is none, nor is INT96",
    "stamp": "an instant that may lack its zone, where its source has one in `sources/` or the settings",
    "integer": "a whole number",
    "number": "a number, 30 or 0.5",
    "boolean": "true or false",
}


def pages() -> dict[str, str]:
    """Return the text of each page by its file name."""
    return {"settings.md": settings_page(), "tables.md": tables_page(), "command-line.md": command_line_page(), "ledgers.md": ledgers_page()}


def settings_page() -> str:
    """Return glasshouse.toml, whole, with every key, default and meaning."""
    shown = "\n".join(toml_lines()).strip()
    return (
        "# Settings\n\n"
        "One file, `glasshouse.toml`, in the folder that holds LANDING, in LANDING itself, or named by `--settings`. A run without it has the defaults below.\n"
        "A key that is not listed here, a value of another type and a value out of bounds end the run with status 2, and name key and line.\n"
        "HOME keeps the settings of its last run in `settings.json`, for the commands that read no LANDING.\n\n"
        "This is the whole file with every default; keys behind `#` have none. Paths are relative to where the command runs, those of `[stores]` to this file.\n\n"
        f"```toml\n{shown}\n```\n\n"
        "`[sites.<name>]`: what stands in `[sites]` holds for a site unless its own table says otherwise.\n"
        "The name of a site is the sub-folder of `web_logs/` or `request_logs/`; without one it is `web` and `service`.\n\n"
        "`[sources.<name>]`: the name is the sub-folder of `access_events/`, or what a native event says. Each of its `records` is a table with two keys,\n"
        f"`where` ({_meaning(RecordRule, 'where')}) and `gives` ({_meaning(RecordRule, 'gives')}).\n"
        "Each of its `accesses` is such a `where`. [access-sources.md](access-sources.md) has examples for every form.\n"
    )


def _meaning(section: type[Section], name: str) -> str:
    written = section.model_fields[name].description or ""
    return written[0].lower() + written[1:].removesuffix(".")


def toml_lines() -> Iterator[str]:
    """Yield the lines of the whole settings file."""
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if kind is Sites:
            yield from _table("sites", Site, "What is known of every site.")
            yield f"# [{name}.<name>]  the same keys, for one site"
            yield ""
        elif isinstance(kind, type) and issubclass(kind, Section):
            yield from _table(name, kind, kind.__doc__ or "")
        else:
            yield f"# {field.description}"
            yield f"[{name}]"
            yield from _each(name, kind)
            yield ""


def _each(name: str, kind: Any) -> Iterator[str]:
    value = get_args(kind)[1]
    if isinstance(value, type) and issubclass(value, Section):
        yield f"# [{name}.<name>]"
        yield from (line if line.startswith("#") else f"# {line}" for line in _keys(value))


def _table(name: str, section: type[Section], meaning: str) -> Iterator[str]:
    yield f"# {meaning}"
    yield f"[{name}]"
    yield from _keys(section)
    for name_of, field in section.model_fields.items():
        if get_origin(field.annotation) is dict:
            yield from _each(f"{name}.{name_of}", field.annotation)
    yield ""


def _keys(section: type[Section]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield f"{_assigned(name, field)}  # {(field.description or '').removesuffix('.')}{_bounds(field)}."


def _assigned(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return f"{name} = …"
    value: Any = field.get_default()
    if value is None:
        return f"# {name} = …"
    return f"{name} = {json.dumps(list(value) if isinstance(value, tuple) else value)}"


def _bounds(field: FieldInfo) -> str:
    said = {Ge: ("ge", "at least"), Gt: ("gt", "above"), Le: ("le", "at most")}
    parts = [f"{words} {getattr(rule, attribute)}" for rule in field.metadata for kind, (attribute, words) in said.items() if isinstance(rule, kind)]
    return f"; {', '.join(parts)}" if parts else ""


def tables_page() -> str:
    """Return every table and column of the warehouse, from the comments of sql/."""
    lines = ["# The warehouse", "", "`HOME/warehouse.duckdb` holds these tables and no other; [analysts.md](analysts.md) says how to ask and how to read the figures.", ""]
    for schema, meaning in SCHEMAS.items():
        lines += [f"## {schema}", "", meaning, ""]
        for table in sorted(catalog.tables().values(), key=lambda table: table.name):
            if table.is_published and table.schema == schema:
                is_suppressed = " *Suppressed: small cells are hidden, counts are rounded.*" if table.name in BREAKDOWNS else ""
                lines += [f"### {table.name}", "", f"{table.comment}{is_suppressed}", "", "| column | type | meaning |", "|---|---|---|"]
                lines += [f"| {column.name} | {column.type} | {column.meaning.replace('|', '/')} |" for column in table.columns]
                lines.append("")
    return "\n".join(lines)


def ledgers_page() -> str:
    """Return every folder of a landing folder whose columns Glasshouse declares, each with its first row in the sample."""
    lines = [
        "# Ledgers and access events",
        "",
        f"Files `LANDING/<folder>/<any name>`: {_suffixes(FORMATS)}, also compressed: {_suffixes(COMPRESSIONS)}.",
        "CSV has its header in the first line, commas between cells and a line feed behind each line; JSON Lines has one object a line; both are UTF-8.",
        "All files of a ledger are read whole at every run, in the order of their names, and are one ledger; access events are taken once.",
        "All spans are half-open: the end itself is outside.",
        "",
        "A **required** column that is missing refuses its file, and so does opening to more than a gigabyte and a hundred times its size.",
        "A row without its value, or with a value that does not fit, is refused with its line number, and the rest counts.",
        "In CSV an empty cell is missing, in JSON null. Columns that are not listed are ignored, and told. Names are in lower case; there are no aliases.",
        "In a ledger's CSV, what a program writes for nothing (`NULL`, `\\N`, `NaN`, `None`, `#N/A`), an id of which a spreadsheet cut the digits (`1.2E+11`)",
        "and a whole number that may be a thousand (`1.000`) refuse their row: deliver nulls as empty cells.",
        "The name of a folder adds no column: a file below `purpose=marketing/` must hold `purpose` itself. `_SUCCESS` and `_temporary/`, which Spark leaves, are passed over.",
        "*A code* has four words at most and names nobody; any other text in its place is shown as `{redacted}`.",
        "",
        "| kind | what is read |",
        "|---|---|",
        *(f"| {kind} | {meaning} |" for kind, meaning in KINDS.items()),
        "",
    ]
    for folder, columns in {**LEDGERS, "access_events": EVENTS}.items():
        lines += [f"## {folder}/", "", f"A row is {ROWS.get(folder, EVENTS_ROW)}.", "", "| column | kind | meaning |", "|---|---|---|", *map(_column, columns), ""]
        lines += _example(folder, columns)
    return "\n".join(lines)


def _suffixes(names: Sequence[str]) -> str:
    return ", ".join(f"`.{name}`" for name in names)


def _column(column: Column) -> str:
    name = f"**{column.name}** (required)" if column.is_required else column.name
    return f"| {name} | {column.kind}{', may be empty' if column.keeps_empty else ''} | {column.meaning} |"


def _example(folder: str, columns: Sequence[Column]) -> list[str]:
    """Return the first row of the sample as JSON, in a fence."""
    for file in found(catalog.root() / "data_samples", folder):
        for row in read_rows(file.path, columns).rows.select([column.name for column in columns]).slice(0, 1).to_pylist():
            told = {name: cell["instant"] or cell["local"] if isinstance(cell, dict) else cell for name, cell in row.items() if cell is not None}
            return ["```json", json.dumps(told, default=lambda at: at.isoformat().replace("+00:00", "Z")), "```", ""]
    return []


def command_line_page() -> str:
    """Return the help of every command."""
    lines = [
        "# The command line",
        "",
        "Every command but `ui` takes `--json` and then prints one object on stdout.",
        "Errors and warnings go to stderr: place, rule and what to do next, and no data. Progress is drawn on stderr while a person watches.",
        "",
        "| exit status | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | findings at or above `--fail-on` (none by default; undetermined accesses never count), or something found by `prove` or `verify` |",
        "| 2 | wrong usage or settings |",
        "| 3 | an input was refused: it is named with the reason, and everything else was done |",
        "| 4 | a fault of ours, a failed check among them |",
        "| 130 | stopped by Ctrl-C: what was finished stays, and the next run goes on |",
        "",
        "Where several hold, 4 goes before 2, 2 before 3, 3 before 1.",
        "",
    ]
    for name in _commands(app):
        out = io.StringIO()
        app.help_print(name.split(), console=Console(file=out, width=WIDTH, color_system=None, force_terminal=False))
        shown = "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())
        lines += [f"## {name}", "", "```text", shown, "```", ""]
    return "\n".join(lines)


def _commands(of: App) -> Iterator[str]:
    """Yield every command by name, each before its own."""
    for name in sorted(name for name in of if not name.startswith("-")):
        yield name
        yield from (f"{name} {below}" for below in _commands(of[name]))


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
