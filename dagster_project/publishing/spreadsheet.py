"""A report as a workbook for spreadsheets: text stays text, never a formula or a link; the same rows give the same bytes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

from dagster_project.publishing.exports import cell
from dagster_project.publishing.words import titled

ROWS, SIGNS = 1_048_575, 32_767  # what a sheet and a cell can hold
LOCKED = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "nan_inf_to_errors": True}
Sheet = tuple[Sequence[str], Iterable[Mapping[str, Any]]]


def workbook(sheets: Mapping[str, Sheet], made_at: datetime) -> bytes:
    """Return a workbook: of each sheet its name, its columns and its rows; `made_at` stands in its properties in place of the clock."""
    out = BytesIO()
    with Workbook(out, LOCKED) as book:
        book.set_properties({"title": "Glasshouse", "created": made_at.replace(tzinfo=None)})
        head = book.add_format({"bold": True, "bottom": 1})
        for name, (columns, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            last = 0
            for place, column in enumerate(columns):
                sheet.write_string(0, place, titled(column), head)
                sheet.set_column(place, place, 18)
            for last, row in enumerate(rows, 1):
                if last > ROWS:
                    break
                for place, column in enumerate(columns):
                    _write(sheet, last, place, row[column])
            sheet.autofilter(0, 0, min(last, ROWS), len(columns) - 1)
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, value: object) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(row, column, value)
    elif text := cell(value):
        sheet.write_string(row, column, text if len(text) <= SIGNS else text[: SIGNS - 1] + "…")
