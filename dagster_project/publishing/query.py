"""Answers one question to the warehouse: a single select, which reads this file alone, changes nothing and ends in time."""

import io
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.engines.connections import CLOSED
from dagster_project.errors import UsageError
from dagster_project.publishing.exports import csv_text, json_text, visible, written
from dagster_project.publishing.warehouse import FORMAT, FORMAT_NAME

Format = Literal["table", "csv", "json", "parquet"]
_VALUES = re.compile(r"'((?:[^']|'')*)")  # texts in a question, the last of which may lack its end

# Set when the file is opened: nothing is installed, nothing of this process is taken for a table, nothing spills to disk.
_OPENED = CLOSED | {"python_enable_replacements": "false", "temp_directory": "", "memory_limit": "1GB"}
# Then, in this order: after the last line nothing can be set any more.
_LOCKED = ("set TimeZone = 'UTC'", "set enable_progress_bar = false", "set allowed_directories = []", "set enable_external_access = false", "set lock_configuration = true")
# Functions that stand where a table does. Any other could read a file or memory, or run text as SQL.
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "duckdb_tables", "duckdb_columns", "duckdb_functions", "duckdb_schemas"}
_LISTENING_S = 0.2
_ONE_SELECT = "query: one select is wanted, nothing else; docs/analysts.md shows what can be asked"


def query(warehouse: Path, sql: str, row_limit: int = 10_000, seconds: float = 30) -> pa.Table:
    """Answer one select with at most `row_limit` rows.

    Raises UsageError where the text is not one select, is wrong, reaches outside the warehouse or takes longer than `seconds`.
    """
    if not warehouse.is_file():
        raise UsageError(f"{warehouse.name}: there is no warehouse yet; `glasshouse run` builds it")
    if any("\ud800" <= sign <= "\udfff" for sign in sql):
        raise UsageError("query: the question is no text in the encoding of this terminal; set it to UTF-8")
    with _opened(warehouse) as connection:
        try:
            return _in_time(connection, partial(_answer, connection, sql, row_limit), seconds)
        except TimeoutError:
            raise UsageError(f"query: stopped after {seconds:g} s; ask for fewer days or accounts") from None
        except duckdb.Error as error:
            raise UsageError(f"query: {_complaint(error, sql)}") from None


def _in_time(connection: duckdb.DuckDBPyConnection, ask: Callable[[], pa.Table], seconds: float) -> pa.Table:
    """Ask in a thread of its own and interrupt it when the time is over or this one is stopped: while DuckDB works, its thread hears of no Ctrl-C.

    This one listens at short intervals: a signal that the system hands to another thread wakes nobody who waits. Raises TimeoutError after `seconds`.
    """
    answer: Future[pa.Table] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 (it is raised where the answer is awaited)
            answer.set_exception(error)

    over = time.monotonic() + seconds
    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    try:
        while not answer.done() and (left := over - time.monotonic()) > 0:
            wait([answer], min(left, _LISTENING_S))
        return answer.result(0)
    finally:
        while not answer.done():  # an interrupt between two statements is lost; Thread.join() may call a thread ended when it is interrupted itself
            connection.interrupt()
            wait([answer], 0.05)


def _opened(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse. Raises UsageError where this DuckDB cannot read it."""
    try:
        return duckdb.connect(str(warehouse), read_only=True, config=_OPENED)
    except duckdb.Error:
        raise UsageError(f"{warehouse.name}: DuckDB {duckdb.__version__} cannot open it; upgrade glasshouse if a newer one wrote it, else run with --rebuild") from None


def _check_format(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise UsageError for a warehouse of a newer format than this code knows; an older one stays readable."""
    try:
        found = connection.execute(f"select {FORMAT_NAME}()").fetchall()[0][0]
    except duckdb.CatalogException:
        return  # from before formats were numbered
    if found > FORMAT:
        raise UsageError(f"query: the warehouse has format {found}, and this glasshouse reads up to {FORMAT}; upgrade glasshouse")


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """Return the statement if the text is one select that calls no forbidden table function."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(_ONE_SELECT)
    parsed = connection.execute("select json_serialize_sql($1)", [statements[0].query]).fetchall()
    tree = json.loads(parsed[0][0])
    if tree["error"]:
        raise UsageError(_ONE_SELECT)
    for name in sorted(_table_functions(tree["statements"]) - _TABLE_FUNCTIONS):
        raise UsageError(f"query: {visible(name)}() cannot stand in a from clause; the tables of the warehouse can")
    return statements[0]


def _table_functions(node: object) -> set[str]:
    """Return the names of all functions that stand where a table does, at any depth of DuckDB's own parse tree."""
    if isinstance(node, list):
        return set().union(*(_table_functions(child) for child in node))
    if not isinstance(node, dict):
        return set()
    below = _table_functions(list(node.values()))
    if node.get("type") != "TABLE_FUNCTION":
        return below
    return below | {str(node["function"]["function_name"]).lower()}


def _answer(connection: duckdb.DuckDBPyConnection, sql: str, row_limit: int) -> pa.Table:
    """Ask for no more rows than wanted, and for all at once: fetched one after the other they may never come (engines/answers.py)."""
    for sentence in _LOCKED:
        connection.execute(sentence)
    _check_format(connection)
    rows = connection.sql(_one_select(connection, sql).query).limit(row_limit).to_arrow_table()
    return rows.rename_columns(_distinct(rows.column_names))


def _distinct(names: list[str]) -> list[str]:
    """Return the column names with the later of two equal ones numbered, so that no format loses one of them."""
    seen: list[str] = []
    for name in names:
        place = 2
        candidate = name
        while candidate in seen:
            candidate, place = f"{name}_{place}", place + 1
        seen.append(candidate)
    return seen


def _complaint(error: duckdb.Error, sql: str) -> str:
    """Name the fault; only messages that quote the question are passed on, and never a value, that of the question neither."""
    if isinstance(error, duckdb.ParserException | duckdb.CatalogException | duckdb.BinderException):
        first_line = str(error).split("\n", 1)[0]
        for value in filter(None, _VALUES.findall(sql)):
            first_line = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "\u2026", first_line, flags=re.IGNORECASE)
        return visible(first_line)
    if isinstance(error, duckdb.OutOfMemoryException):
        return "it needs more than 1 GB of memory; ask for fewer days or accounts"
    return f"DuckDB refused it ({type(error).__name__}); a value may not convert to the type asked for"


def shown(answer: pa.Table, kind: Format, width: int = 120) -> bytes:
    """Write an answer as a table for people, CSV, JSON or Parquet; what a terminal would obey is written as its escape."""
    if kind == "parquet":
        return _parquet(answer)
    rows = list(zip(*(column.to_pylist() for column in answer.columns), strict=True))
    if kind == "csv":
        return csv_text(answer.column_names, rows).encode()
    if kind == "json":
        return json_text([dict(zip(answer.column_names, row, strict=True)) for row in rows]).encode()
    return _drawn(answer, rows, width).encode()


def _parquet(answer: pa.Table) -> bytes:
    sink = io.BytesIO()
    try:
        pq.write_table(answer, sink, compression="zstd")
    except pa.ArrowException:
        raise UsageError("query: a column has a type that Parquet does not know; cast it to varchar") from None
    return sink.getvalue()


def _drawn(answer: pa.Table, rows: list[tuple[object, ...]], width: int) -> str:
    table = Table()
    for name, of_type in zip(answer.column_names, answer.schema.types, strict=True):
        is_number = pa.types.is_integer(of_type) or pa.types.is_floating(of_type) or pa.types.is_decimal(of_type)
        table.add_column(Text(visible(name)), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(written(value)) for value in row))
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False).print(table)
    return f"{out.getvalue()}{len(rows):,} row{'' if len(rows) == 1 else 's'}\n"
