"""A report as PDF, set by Typst: its parts as tables on A4, with the same bytes for the same parts; made where the extra [pdf] is installed."""

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dagster_project.publishing.exports import written
from dagster_project.publishing.parts import Part
from dagster_project.publishing.words import titled

ROWS = 500  # of a table: more pages than that nobody reads, and setting them takes seconds and a gigabyte
SIGNS = 500  # of a value: a text of pages is read in none of them
TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def left_out() -> dict[str, str]:
    """Return the files of a report that cannot be made here, each with what to install: the print, where Typst is missing."""
    return {} if find_spec("typst") else {"report.pdf": "not made; for it install the extra [pdf]: pip install 'glasshouse[pdf]'"}


def printed(title: str, parts: Sequence[Part], made_at: datetime) -> bytes:
    """Return the PDF. Every value goes in as data and is set as text, so nothing in it is obeyed; no font of the machine is used."""
    import typst

    inputs = {"facts": json.dumps({"title": title, "parts": [_told(part) for part in parts]})}
    made: bytes = typst.compile(TEMPLATE.read_bytes(), format="pdf", sys_inputs=inputs, ignore_system_fonts=True, timestamp=int(made_at.timestamp()))
    return made


def _told(part: Part) -> dict[str, Any]:
    rows = [[written(row[column]) for column in part.columns] for row in part.rows[:ROWS]]
    said = [part.lead]
    if len(part.rows) > ROWS:
        said.append(f"The first {ROWS:,} of {len(part.rows):,}; all of them stand in findings.xlsx and report.json.")
    if any(len(text) > SIGNS for row in rows for text in row):
        said.append(f"Texts are cut after {SIGNS} signs; whole they stand in report.json.")
    cells = [[_breakable(text if len(text) <= SIGNS else f"{text[:SIGNS]}…") for text in row] for row in rows]
    return {"title": part.title, "lead": " ".join(said), "columns": [titled(column) for column in part.columns], "rows": cells}


def _breakable(text: str) -> list[str]:
    """Return a text in pieces between which it may break, each long word after any eight signs, so that no id runs out of its cell.

    Typst is told the places, not given a sign for them, which would stand in whatever is copied from the page and hide it from a search.
    """
    words = text.split(" ")
    return [piece for place, word in enumerate(words) for piece in _pieces(word if place == len(words) - 1 else f"{word} ")] or [text]


def _pieces(word: str) -> list[str]:
    return [word[place : place + 8] for place in range(0, len(word), 8)] if len(word) > 12 else [word]
