"""Commands that only read: a question to the warehouse, the format of a log, the formats there are."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from dagster_project.cli.common import HomeOption, JsonOption, app, tell, warn
from dagster_project.errors import UsageError


@app.command
def query(  # noqa: PLR0913 (an option each)
    sql: Annotated[str, Parameter(help="One select.", allow_leading_hyphen=True)],  # a question may begin with a comment
    *,
    home: HomeOption,
    format: Annotated[Literal["table", "csv", "json", "parquet"], Parameter(help="How the answer is written.")] = "table",  # noqa: A002
    row_limit: Annotated[int, Parameter(help="Most rows of an answer.")] = 10_000,
    seconds: Annotated[float, Parameter(help="Longest time it may take.")] = 30,
    as_json: JsonOption = False,
) -> int:
    """Ask the warehouse one question; read-only, and no file but the warehouse is opened.

    Example: `glasshouse query --home demo "select account_id, sum(requests) as requests from measured.account_requests_daily group by all"`
    """
    from dagster_project.publishing.query import query as answer
    from dagster_project.publishing.query import shown

    if row_limit < 1:
        raise UsageError("--row-limit is a number of rows, at least 1")
    found = answer(home / "warehouse.duckdb", sql, row_limit + 1, seconds)
    is_whole = found.num_rows <= row_limit
    found = found.slice(0, row_limit)
    if not is_whole:
        warn(f"query: there are more rows than these {row_limit:,}; ask for sums or fewer days, or for more rows with --row-limit")
    if as_json:
        tell({"columns": found.column_names, "rows": [list(row.values()) for row in found.to_pylist()], "is_whole": is_whole}, as_json, [])
        return 0
    sys.stdout.flush()
    sys.stdout.buffer.write(shown(found, format, Console().width))
    sys.stdout.buffer.flush()
    return 0


@app.command
def detect(file: Annotated[Path, Parameter(help="A log, plain or compressed.")], *, as_json: JsonOption = False) -> int:
    """Say which log format a file has, how sure that is, and which of its first lines would be refused.

    Example: `glasshouse detect access.log.gz`
    """
    from dagster_project.reading.compression import open_plain
    from dagster_project.reading.files import head
    from dagster_project.reading.logs.detect import detect as detected

    if not file.is_file():
        raise UsageError("FILE is no file; name a log file, plain or compressed")
    open_plain(file).close()  # one that cannot be opened says so itself
    found = detected(head(file))
    refused = f", lines refused: {', '.join(map(str, found.refused_lines))}" if found.refused_lines else ""
    told = {"format": found.format, "confidence": round(found.confidence, 4), "refused_lines": list(found.refused_lines)}
    tell(told, as_json, [f"{found.format or 'no known format'}, confidence {found.confidence:.0%}{refused}"])
    return 0 if found.format else 3


@app.command
def formats(*, as_json: JsonOption = False) -> int:
    """List the log formats that are read, each with an example line.

    Example: `glasshouse formats`
    """
    from dagster_project.reading.logs.formats import FORMATS

    told = [{"name": each.name, "description": each.description, "example": each.example} for each in FORMATS]
    tell({"formats": told}, as_json, [f"{each['name']:<20} {each['description']}\n{'':<20} {each['example']}" for each in told])
    return 0
