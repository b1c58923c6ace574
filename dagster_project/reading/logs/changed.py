"""Lines that the detected format of their file refuses, by the formats they are in: a server's log format may change in mid-file."""

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.reading.logs.detect import others_of
from dagster_project.reading.logs.formats import naming
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.reader import Parsed, read

_OTHER_FORM = pa.array(["no_match", "json_error", "field_count", "field_missing", "truncated_first", "nul", "bad_utf8"])
"""Why lines are refused that may be whole lines of another format; whatever else is said of one, its form was known."""


def read_others(lines: Lines, parsed: Parsed, name: str, client_headers: tuple[str, ...]) -> Parsed:
    """Return what was parsed, and with it the refused lines that other formats read, each by the most special; an open last line may be half of one."""
    while (left := _of_other_form(lines, parsed.rejects)).num_rows:
        found = others_of(lines, left, name)
        before = parsed.rows.num_rows
        for other in found:
            parsed = _with(lines, parsed, other.name, client_headers)
        if parsed.rows.num_rows == before:
            break
    return parsed


def _of_other_form(lines: Lines, rejects: pa.Table) -> pa.Table:
    left = rejects.filter(pc.is_in(rejects["reason"], _OTHER_FORM))
    return left.filter(pc.less(left["line_number"], len(lines))) if lines.is_open(len(lines) - 1) else left


def _with(lines: Lines, parsed: Parsed, other: str, client_headers: tuple[str, ...]) -> Parsed:
    """Return what was parsed with the refused lines that one more format reads."""
    numbers = _of_other_form(lines, parsed.rejects)["line_number"].to_numpy()
    rows = read(lines.alone(*(numbers - 1).tolist()), naming(other, client_headers), None).rows
    if not rows.num_rows:
        return parsed
    taken = pa.array(numbers[rows["line_number"].to_numpy() - 1])
    rows = rows.set_column(0, rows.schema.field(0), taken)
    rejects = parsed.rejects.filter(pc.invert(pc.is_in(parsed.rejects["line_number"], taken)))
    return Parsed(pa.concat_tables([parsed.rows, rows]).sort_by("line_number"), rejects, (*parsed.others, other))
