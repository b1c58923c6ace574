"""The raw texts of many lines as typed columns, where they are written plainly; row.py reads every other line alone.

A line is not plain where anything in it is unusual: a request that is not plain HTTP, a value that does not convert. No line can spoil its neighbour.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.reading.logs.values.distinct import CODED, Expressions, Part, filled, per_line, recoded
from dagster_project.reading.logs.values.instants import FIRST_YEAR, LAST_YEAR
from dagster_project.reading.logs.values.row import DECODED, LAST_PORT, MOST_BYTES, NO_USER, READ, VERSION, client, host, trailing

CODED_ROWS = pa.schema([pa.field(field.name, CODED if pa.types.is_string(field.type) else field.type) for field in READ])
"""The columns of values.READ, texts dictionary-encoded."""

Texts = Mapping[str, pl.Expr]
_Cells = tuple[object, ...]

WORDS = ("asked_method", "asked_target", "asked_version")
"""The words of a request line."""
_ALL_WORDS = [*WORDS, "asked_more"]
_REQUEST = "request"

_METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "REPORT", "CONNECT", "TRACE"]
_VERSIONS = [f"HTTP/{version}" for version in ("1.0", "1.1", "2.0", "2", "3.0", "3")]
_ODD_CLIENT, _ODD_HOST = r'[,\[\]%"\s]|^-?$|^[^:]*:[^:]*$|^:?[^:].*:\d{1,3}\.', r"[:\[\]]|^-?$"
_ABSOLUTE = r"^https?://([A-Za-z0-9][A-Za-z0-9.-]*)(?::[0-9]{1,5})?(/.*)$"
_STATUS, _SIZE, _PORT = r"^(?:[0-9]{1,3}|-)$", r"^(?:[0-9]{1,19}|-)$", r"^[0-9]{1,18}$"
"""Numbers without a sign, which conversion would take."""
_FIRST, _END = (datetime(year, 1, 1, tzinfo=UTC) for year in (FIRST_YEAR, LAST_YEAR + 1))


@dataclass(frozen=True)
class Reading:
    """The raw texts by name (values.Fields), what must hold for a line to be plain, and how its instant and duration (ns) are read.

    `is_absolute`: targets may be absolute URLs, of which host and target are taken.
    """

    texts: Texts
    checks: list[pl.Expr]
    moment: pl.Expr
    duration: pl.Expr
    is_absolute: bool = False


class Typed:
    """Reads parts, each with columns of raw texts of known names, as the columns of values.READ."""

    def __init__(self, columns: Sequence[Sequence[str]], reading: Reading) -> None:
        self._has_words = [_REQUEST in names and _REQUEST in reading.texts for names in columns]
        typed = _typed(reading)
        held = [(*names, *_ALL_WORDS) if has_words else names for names, has_words in zip(columns, self._has_words, strict=True)]
        self._expressions = Expressions(held, typed, _checks(reading, typed))

    def read(self, line_numbers: pa.Int64Array, parts: Sequence[Part]) -> pa.Table:
        """Return the plain ones of some lines as CODED_ROWS, in order."""
        parts = [_with_words(part) if has_words else part for part, has_words in zip(parts, self._has_words, strict=True)]
        found, is_plain = self._expressions.evaluated(parts, len(line_numbers))
        found["line_number"] = line_numbers
        _read_odd(found)
        table = pa.table([found[name].cast(kind) for name, kind in zip(CODED_ROWS.names, CODED_ROWS.types, strict=True)], schema=CODED_ROWS)
        return table if is_plain.all() else recoded(table.filter(pa.array(is_plain)))


def _with_words(part: Part) -> Part:
    words = pl.col(_REQUEST).str.split_exact(" ", len(WORDS)).struct.rename_fields(_ALL_WORDS)
    return Part(part.values.with_columns(words.alias("words")).unnest("words"), part.indices)


def _typed(reading: Reading) -> dict[str, pl.Expr]:
    """Return the columns of values.READ (client and host still as written), and `rest`."""
    texts = reading.texts
    asked = _asked(texts)
    missing = pl.lit(None, pl.String)
    host, target = texts.get("host", missing), asked.target
    if reading.is_absolute:
        host, target = pl.coalesce(target.str.extract(_ABSOLUTE, 1), host), pl.coalesce(target.str.extract(_ABSOLUTE, 2), target)
    return {
        "ts": reading.moment, "method": asked.method, "target": target, "http_version": asked.version,
        "status": _status(texts).cast(pl.Int16, strict=False),
        "bytes": pl.when(_bytes(texts) == "-").then(0).otherwise(_bytes(texts).cast(pl.Int64, strict=False)),
        "duration_ns": reading.duration, "client_port": _port(texts),
        "client_ip": texts.get("client", pl.lit("-")), "host": host, "rest": texts.get("rest", pl.lit("")),
        "user": _user(texts.get("user", missing)),
        **{name: text(texts.get(name, missing)) for name in ("referer", "user_agent", "account", "forwarded_for", "client_header")},
    }  # fmt: skip


def _checks(reading: Reading, typed: Texts) -> list[pl.Expr]:
    """Return what must hold for a line to be plain."""
    texts, asked = reading.texts, _asked(reading.texts)
    checks = [*reading.checks, *asked.checks]
    if {"forwarded_for", "rest"} <= texts.keys():
        checks.append(~texts["forwarded_for"].is_in(["", "-"]) | (texts["rest"] == ""))
    if reading.is_absolute:
        is_path = asked.target.str.starts_with("/") & ~asked.target.str.contains("://", literal=True)
        checks.append(asked.target.is_null() | asked.target.str.contains(_ABSOLUTE) | is_path)
    return [
        *checks,
        typed["ts"].is_between(_FIRST, _END, closed="left"),
        _status(texts).str.contains(_STATUS),
        _bytes(texts).str.contains(_SIZE),
        typed["bytes"] <= MOST_BYTES,
    ]


def _status(texts: Texts) -> pl.Expr:
    return texts.get("status", pl.lit("-"))


def _bytes(texts: Texts) -> pl.Expr:
    return texts.get("bytes", texts.get("total", pl.lit("-")))


def text(written: pl.Expr) -> pl.Expr:
    """Return a text, null where the log says `-` or nothing."""
    return pl.when((written != "-") & (written != "")).then(written)


def _user(written: pl.Expr) -> pl.Expr:
    return pl.when(~written.is_in(["-", "", *NO_USER])).then(written)


def _port(texts: Texts) -> pl.Expr:
    if "client_port" not in texts:
        return pl.lit(None, pl.Int32)
    port = texts["client_port"].cast(pl.Int64, strict=False)
    return pl.when((port <= LAST_PORT) & texts["client_port"].str.contains(_PORT)).then(port).cast(pl.Int32)


@dataclass(frozen=True)
class _Request:
    """What was asked for, and what must hold for it to be plain."""

    method: pl.Expr
    target: pl.Expr
    version: pl.Expr
    checks: Sequence[pl.Expr] = ()


def _asked(texts: Texts) -> _Request:
    if "request" in texts or "asked_target" in texts:
        method, target, version = map(pl.col, WORDS)
        has_no_more = [pl.col("asked_more").is_null()] if "request" in texts else []
        checks = [method.is_in(_METHODS), ~target.is_in(["", "-"]), version.is_in(_VERSIONS), *has_no_more]
        return _Request(method, target, version.str.slice(len("HTTP/")), checks)
    missing = pl.lit(None, pl.String)
    target, path = (text(texts.get(name, missing)) for name in ("target", "path"))
    if "path" in texts and "query" in texts:
        query = text(texts["query"])
        path = pl.when(query.is_null()).then(path).otherwise(pl.concat_str(path, query.str.strip_prefix("?"), separator="?"))
    version = texts["protocol"].str.extract(VERSION) if "protocol" in texts else missing
    return _Request(text(texts.get("method", missing)), pl.coalesce(target, path), version)


def _read_odd(found: dict[str, pa.Array]) -> None:
    """Read what is not written plainly in rest, client and host, in place; a list of addresses in the client's place counts where no other field holds one."""
    if trailing_columns := _read_distinct(found["rest"], "(?s).", _trailing, lambda _: (None, None), (pa.int64(), pa.string())):
        lengths, hops = trailing_columns
        found["duration_ns"], found["forwarded_for"] = pc.coalesce(found["duration_ns"], lengths), filled(found["forwarded_for"], hops)
    found["client_list"] = pa.nulls(len(found["client_ip"]), CODED)
    if client_columns := _read_distinct(found["client_ip"], _ODD_CLIENT, client, lambda text: (text, None, None), (pa.string(), pa.int32(), pa.string())):
        found["client_ip"], ports, found["client_list"] = client_columns
        found["client_port"] = pc.coalesce(ports, found["client_port"])
        found["forwarded_for"] = filled(found["forwarded_for"], found["client_list"])
    if host_columns := _read_distinct(found["host"], _ODD_HOST, lambda text: (host(text),), lambda text: (text,), (pa.string(),)):
        [found["host"]] = host_columns


def _trailing(rest: str) -> _Cells:
    told = trailing(rest)
    return int(told["duration"]) if "duration" in told else None, told.get("forwarded_for")


def _read_distinct(column: pa.DictionaryArray, odd: str, read: Callable[[str], _Cells], plain: Callable[[str], _Cells], kinds: Sequence[pa.DataType]) -> list[pa.Array] | None:
    """Return a column of each kind, made of the distinct texts: by `read` of those that match `odd`, by `plain` of all others; null where none matches."""
    texts = pl.Series(column.dictionary, dtype=pl.String)
    is_odd = texts.str.contains(odd)
    if not is_odd.any():
        return None
    cells = [read(text) if is_read else plain(text) for text, is_read in zip(texts, is_odd, strict=True)]
    return [per_line(pa.array(values, kind), column.indices) for values, kind in zip(zip(*cells, strict=True), kinds, strict=True)]


def spelt_out(rows: pa.Table, decode: Callable[[str], str]) -> pa.Table:
    """Return rows whose agents, users and lists of addresses are decoded: formats without quotes encode the blanks in them."""
    for name in DECODED:
        column = rows.column(name).combine_chunks()
        texts = pa.array([decode(text) for text in column.dictionary.to_pylist()], pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, per_line(texts, column.indices))
    return rows
