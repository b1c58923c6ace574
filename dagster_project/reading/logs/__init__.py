"""Log lines to rows. Rows hold what the log says and live in memory only; refused lines leave an index without their text."""

from dataclasses import replace

from dagster_project.reading.logs.changed import read_others
from dagster_project.reading.logs.detect import detect
from dagster_project.reading.logs.formats import FORMATS, named, naming
from dagster_project.reading.logs.lines import BOM, split
from dagster_project.reading.logs.reader import Parsed, read
from dagster_project.reading.logs.values import CLAIMS
from dagster_project.reading.logs.w3c import header_of

PARSER_VERSION = "1"

__all__ = ["FORMATS", "PARSER_VERSION", "Parsed", "header_of", "parse", "parse_claims"]


def parse(lines: bytes, format: str = "auto", header: bytes | None = None) -> Parsed:  # noqa: A002 - the name of the setting
    """Read whole lines of a log; line_number counts from 1 within them.

    `format` is a name of FORMATS, `apache:<LogFormat>`, `nginx:<log_format>` or `auto`; `header` the `#Fields` line that
    stood before them. Raises SettingsError for a format that does not exist; where `auto` finds none every line is refused.
    """
    parsed = parse_claims(lines, format, header)
    return replace(parsed, rows=parsed.rows.drop_columns(CLAIMS.names))


def parse_claims(
    lines: bytes,
    format: str = "auto",  # noqa: A002
    header: bytes | None = None,
    client_headers: tuple[str, ...] = (),
    *,
    is_detected: bool = False,
) -> Parsed:
    """Read lines as `parse` does; rows also hold values.CLAIMS, from which scrubbing tells the client. `client_headers` name it, the best first.

    What a format that was detected (`is_detected`, or `auto`) refuses is read by those that it is in.
    """
    if format == "auto":
        head = lines[: 1 << 20] if header is None else header.rstrip(b"\r\n") + b"\n" + lines[: 1 << 20].removeprefix(BOM)
        found = detect(head).format
        format, is_detected = found or "common", found is not None  # noqa: A001
    piece = split(lines)
    parsed = read(piece, naming(format, client_headers) if client_headers else named(format), header)
    return read_others(piece, parsed, format, client_headers) if is_detected else parsed
