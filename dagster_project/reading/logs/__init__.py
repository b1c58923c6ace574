"""Log lines to rows. Rows hold what the log says and live in memory only; refused lines leave an index without their text."""

from codecs import BOM_UTF8
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.reading.logs.changed import read_changed, read_others
from dagster_project.reading.logs.detect import detect
from dagster_project.reading.logs.formats import FORMATS, named
from dagster_project.reading.logs.layouts.w3c import header_of
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.reader import read
from dagster_project.reading.logs.values.distinct import decoded
from dagster_project.reading.logs.values.row import CLAIMS, NO_REQUEST
from dagster_project.reading.pieces import Bounds


@dataclass(frozen=True)
class Parsed:
    """What a piece of a log holds: `rows` have the columns of values.ROWS (parse) or typed.CODED_ROWS (parse_claims), `rejects` those of lines.REJECTS.

    A blank line or a comment is in neither.
    """

    rows: pa.Table
    rejects: pa.Table
    others: tuple[str, ...] = ()
    """The formats that read lines which the format of the file refuses."""


__all__ = ["FORMATS", "Parsed", "header_of", "parse", "parse_claims"]


def parse(lines: bytes, format: str = "auto", header: bytes | None = None) -> Parsed:  # noqa: A002 - the name of the setting
    """Read whole lines of a log; line_number counts from 1 within them.

    `format` is a name of FORMATS, `apache:<LogFormat>`, `nginx:<log_format>` or `auto`; `header` the `#Fields` line that
    stood before them. Raises SettingsError for a format that does not exist; where `auto` finds none every line is refused.
    """
    parsed = parse_claims(lines, format, header)
    reasons = pc.if_else(pc.equal(parsed.rejects["reason"], NO_REQUEST), "field_missing", parsed.rejects["reason"])
    rejects = parsed.rejects.set_column(parsed.rejects.schema.get_field_index("reason"), "reason", reasons)
    return replace(parsed, rows=decoded(parsed.rows.drop_columns(CLAIMS.names)), rejects=rejects)


def parse_claims(  # noqa: PLR0913 (what is known of a piece)
    lines: bytes,
    format: str = "auto",  # noqa: A002
    header: bytes | None = None,
    client_headers: tuple[str, ...] = (),
    *,
    is_detected: bool = False,
    is_begin: bool = True,
    bounds: Bounds | None = None,
) -> Parsed:
    """Read lines as `parse` does; rows are typed.CODED_ROWS, which also hold values.CLAIMS, by which scrubbing tells the client.

    `client_headers`: request headers that name the client, the best first. `is_detected`: the format was detected, so that what it refuses is read by any
    other, as with `auto`. `is_begin`: the lines are the first of a file, so that the first may be cut. `bounds`: where they begin and end, if that is known
    (pieces.Piece). A whole record of something else than a request is refused as values.NO_REQUEST.
    """
    if format == "auto":
        head = lines[: 1 << 20] if header is None else header.rstrip(b"\r\n") + b"\n" + lines[: 1 << 20].removeprefix(BOM_UTF8)
        detected = detect(head).format
        format, is_detected = detected or "common", detected is not None  # noqa: A001
    piece, known = split(lines) if bounds is None else Lines(lines, bounds), named(format, client_headers)
    found = read(piece, known, header, is_begin=is_begin)
    if is_detected:
        found = read_changed(piece, found, format, client_headers, is_begin=is_begin)
        return Parsed(found.rows, piece.rejects(found.reasons), found.others)
    found = read_others(piece, found, known.others)
    return Parsed(found.rows, piece.rejects(found.reasons))
