"""A layout applied to whole columns: every line that is written plainly, at about a million lines a second.

A line is left to the exact pattern of layouts.py wherever anything is unusual: a backslash, a NUL, a tab or line end within, a byte-order
mark, another number of quotes or blanks, a request that is not plain HTTP, a value that does not convert. No line can spoil its neighbour.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from dagster_project.reading.logs.instants import FIRST_YEAR, LAST_YEAR
from dagster_project.reading.logs.layouts import DECODED, Field, Layout, Part
from dagster_project.reading.logs.lines import BOM, Lines
from dagster_project.reading.logs.values import LAST_PORT, LONGEST_NS, MOST_BYTES, client, host, trailing
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

ROW: dict[str, pl.DataType] = {
    "ts": pl.Datetime("us", "UTC"), "client_ip": pl.String(), "client_port": pl.Int32(), "method": pl.String(),
    "target": pl.String(), "host": pl.String(), "status": pl.Int16(), "bytes": pl.Int64(), "referer": pl.String(),
    "user": pl.String(), "user_agent": pl.String(), "http_version": pl.String(), "duration_ns": pl.Int64(),
    "account": pl.String(), "forwarded_for": pl.String(), "client_list": pl.String(), "client_header": pl.String(),
}  # fmt: skip

Sections = tuple[tuple[Part, ...], ...]
"""The items between one quote and the next: a literal that must stand there, or a field."""

Texts = Mapping[str, pl.Expr]

_METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "REPORT", "CONNECT", "TRACE"]
_VERSIONS = [f"HTTP/{version}" for version in ("1.0", "1.1", "2.0", "2", "3.0", "3")]
_ODD_CLIENT, _ODD_HOST = r'[,\[\]%"\s]|^-?$|^[^:]*:[^:]*$|^[^:]+:.*:\d{1,3}\.', r"[:\[\]]"
_CLF, _W3C, _ISO = "[%d/%b/%Y:%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.fZ"
_FIRST, _END = (datetime(year, 1, 1, tzinfo=UTC) for year in (FIRST_YEAR, LAST_YEAR + 1))
_BATCH_LINES = 1 << 18
_LENGTH = r"^[0-9]+(?:\.[0-9]+)?$"
_ODD = {b"\\", b"\0", b"\t"}
_EXACT_ONLY = {"total"}
_TARGETS = {"target", "path"}


def sections(layout: Layout) -> Sections | None:
    """Return a layout's items by section, null where only its pattern can tell them apart."""
    names = [field.name for field in layout.fields if field.name]
    times = names.count("time")
    if ("forwarded_for" in names and "client" not in names) or layout.time_pattern:
        return None
    if len(set(names)) + times - 1 != len(names) or times > 2 or _EXACT_ONLY & set(names):
        return None
    if layout.is_absolute and not _TARGETS & set(names):
        return None
    marked = "".join(part if isinstance(part, str) else f"\0{at}\0" for at, part in enumerate(layout.parts))
    cut: list[list[Part]] = []
    for index, section in enumerate(marked.split('"')):
        items: list[Part] = []
        for text in [section] if index % 2 else section.split(layout.separator):
            items += _items(text, layout)
        cut.append(items)
    if any(isinstance(section[0], str) for section in cut[1::2]) or any("\0" in item for section in cut for item in section if isinstance(item, str)):
        return None
    return tuple(map(tuple, cut))


def _items(text: str, layout: Layout) -> list[Part]:
    found = re.fullmatch("(\\[?)\0(\\d+)\0(]?)", text)
    field = layout.parts[int(found[2])] if found else None
    if found is None or not isinstance(field, Field):
        return [text]
    if found[1] and found[3] and field.name == "time":
        return [field, Field("zone")]
    return [field] if not found[1] + found[3] else [text]


def rows(lines: Lines, layout: Layout, start: int, stop: int) -> pl.DataFrame:
    """Return `line_number` and the columns of ROW for the plainly written lines from `start` up to `stop`, in order."""
    none = pl.DataFrame(schema={"line_number": pl.Int64(), **ROW})
    how = sections(layout)
    if how is None or start >= stop:
        return none
    texts = lines.texts()
    ends = [*range(start + _BATCH_LINES, stop, _BATCH_LINES), stop]
    batches = [_batch(lines, texts[first:end], first, how, layout) for first, end in zip([start, *ends], ends, strict=False)]
    return pl.concat([none, *batches])


def _batch(lines: Lines, texts: pl.Series, start: int, how: Sections, layout: Layout) -> pl.DataFrame:
    numbers = pl.int_range(start + 1, start + 1 + len(texts), dtype=pl.Int64, eager=True)
    frame = pl.LazyFrame({"line_number": numbers, "line": texts})
    signs = {*_ODD, *([BOM] if BOM[:1] in lines.body else [])} - {layout.separator.encode()}
    odd = [pl.col("line").str.contains(sign.decode(), literal=True) for sign in signs if sign in lines.body]
    if b"\r" in lines.body:
        odd.append(pl.col("line").str.strip_chars_end("\r\n").str.contains("\r", literal=True))
    if int(lines.lengths().max()) > LONGEST_LINE_BYTES:
        odd.append(pl.col("line").str.len_bytes() > LONGEST_LINE_BYTES)
    frame = frame.filter(~pl.any_horizontal(odd)) if odd else frame
    frame, cells, checks = _cut(frame, how, layout.separator)
    duration = _duration(cells, layout)
    is_duration = duration.is_between(0, LONGEST_NS) & cells["duration"].str.contains(_LENGTH) | (cells["duration"] == "-") if "duration" in cells else pl.lit(True)
    if layout.is_absolute:
        checks += [cells[name].str.starts_with("/") for name in _TARGETS & cells.keys()]
    read = read_columns(frame, Reading(cells, [*checks, is_duration, _is_moment(cells)], _instant(cells), duration))
    if layout.decode:
        read = read.with_columns(_mapped(read[name], layout.decode, pl.String()) for name in DECODED)
    return read


@dataclass(frozen=True)
class Reading:
    """The raw texts by name (values.Fields), what must hold for a line to be plain, and how its instant and duration (ns) are read."""

    texts: Texts
    checks: list[pl.Expr]
    moment: pl.Expr
    duration: pl.Expr


def read_columns(frame: pl.LazyFrame, reading: Reading) -> pl.DataFrame:
    """Return `line_number` and the columns of ROW for the plain lines of a frame, in order."""
    if "request" in reading.texts:
        words = reading.texts["request"].str.split_exact(" ", 3).struct.rename_fields(["asked_method", "asked_target", "asked_version", "asked_more"])
        frame = frame.with_columns(words.alias("words")).unnest("words")
    read = _typed(frame, reading).collect(engine="streaming")
    return _by_distinct((read if read["is_plain"].all(ignore_nulls=False) else read.filter("is_plain")).sort("line_number")).select("line_number", *ROW)


def _cut(frame: pl.LazyFrame, how: Sections, separator: str) -> tuple[pl.LazyFrame, dict[str, pl.Expr], list[pl.Expr]]:
    """Cut lines at the quotes and what lies between them at blanks; return the texts by name and what must hold."""
    last = len(how) - 1
    line = pl.col("line").str.strip_chars_end("\r\n")
    tail = how[last][0]
    has_rest = isinstance(tail, Field) and tail.name in ("rest", "more")
    cut = line.str.splitn('"', last + 1) if has_rest else line.str.split_exact('"', last + 1)
    frame = frame.select("line_number", cut.struct.rename_fields([f"s{at}" for at in range(last + 1 + (not has_rest))]).alias("cut")).unnest("cut")
    checks = [pl.col(f"s{last}").is_not_null()] + ([] if has_rest else [pl.col(f"s{last + 1}").is_null()])
    texts: dict[str, pl.Expr] = {}
    cuts: list[pl.Expr] = []
    for at, section in enumerate(how):
        if at % 2 or (has_rest and at == last):
            _place(section[0], pl.col(f"s{at}"), texts, checks)
            continue
        names = [f"c{at}_{index}" for index in range(len(section) + 1)]
        cuts.append(pl.col(f"s{at}").str.split_exact(separator, len(section)).struct.rename_fields(names).alias(f"c{at}"))
        checks.append(pl.col(names[-1]).is_null())
        for item, name in zip(section, names, strict=False):
            _place(item, pl.col(name), texts, checks)
            if isinstance(item, Field):
                checks += _is_whole(pl.col(name), item)
    cut_names = [f"c{at}" for at in range(len(how)) if not at % 2 and not (has_rest and at == last)]
    frame = frame.with_columns(cuts).unnest(cut_names)
    return frame, texts, checks


def _is_whole(text: pl.Expr, item: Field) -> list[pl.Expr]:
    """Tell where something stands in a cell that is no part of a list with blanks in it, as lists of addresses may have."""
    if item.pattern:
        return [~text.str.starts_with(",")]
    whole = [text != "", ~text.str.starts_with(",")]
    return [*whole, ~text.str.ends_with(","), ~text.str.starts_with("[") | text.str.contains("]", literal=True)] if item.name == "client" else whole


def _place(item: Part, text: pl.Expr, texts: dict[str, pl.Expr], checks: list[pl.Expr]) -> None:
    if isinstance(item, str):
        checks.append(text == item)
    elif item.name == "time" and "time" in texts:
        texts["time_of_day"] = text
    elif item.name:
        texts[item.name] = text
    if isinstance(item, Field) and item.name in ("rest", "more"):
        checks.append((text == "") | text.str.starts_with(" "))
    elif isinstance(item, Field) and item.pattern:
        checks.append(text.str.contains(f"^(?:{item.plain or item.pattern})$"))


def _typed(frame: pl.LazyFrame, reading: Reading) -> pl.LazyFrame:
    """Return the columns of ROW (client and host still as written), `rest`, and whether each line is plain."""
    texts = reading.texts
    method, target, version, is_request = _asked(texts)
    status, bytes_sent = (texts.get(name, pl.lit("-")) for name in ("status", "bytes"))
    columns: dict[str, pl.Expr] = {
        "ts": reading.moment, "method": method, "target": target, "http_version": version,
        "status": status.cast(pl.Int16, strict=False),
        "bytes": bytes_sent.replace("-", "0").cast(pl.Int64, strict=False),
        "duration_ns": reading.duration, "client_port": _port(texts),
        "client_ip": texts.get("client", pl.lit("-")), "host": texts.get("host", pl.lit(None, pl.String)),
        "rest": texts.get("rest", pl.lit("")), "client_list": pl.lit(None, pl.String),
    }  # fmt: skip
    for name in ("referer", "user", "user_agent", "account", "forwarded_for", "client_header"):
        columns[name] = _text(texts.get(name, pl.lit(None, pl.String)))
    typed = {name: pl.col(f"typed_{name}") for name in columns}
    is_status = (typed["status"].is_between(0, 999) & (status.str.len_bytes() <= 3)) | (status == "-")
    is_unsigned = ~(status.str.starts_with("+") | bytes_sent.str.starts_with("+"))
    is_instant = typed["ts"].is_between(_FIRST, _END, closed="left")
    is_plain = [*reading.checks, is_instant, is_request, is_status, is_unsigned, typed["bytes"].is_between(0, MOST_BYTES)]
    frame = frame.with_columns(column.alias(f"typed_{name}") for name, column in columns.items())
    return frame.select("line_number", pl.all_horizontal(is_plain).alias("is_plain"), **typed)


def _text(text: pl.Expr) -> pl.Expr:
    return pl.when((text != "-") & (text != "")).then(text)


def _instant(texts: Texts) -> pl.Expr:
    if "time_of_day" in texts:
        local = pl.concat_str(texts["time"], texts["time_of_day"], separator=" ").str.to_datetime(_W3C, time_unit="us", strict=False)
    elif "zone" in texts:
        local = texts["time"].str.to_datetime(_CLF, time_unit="us", strict=False) - _offset(texts["zone"])
    else:
        local = texts["time"].str.to_datetime(_ISO, time_unit="us", strict=False)
    return local.dt.replace_time_zone("UTC")


def _port(texts: Texts) -> pl.Expr:
    if "client_port" not in texts:
        return pl.lit(None, pl.Int32)
    port = texts["client_port"].cast(pl.Int64, strict=False)
    return pl.when(port.is_between(0, LAST_PORT) & ~texts["client_port"].str.contains("+", literal=True)).then(port).cast(pl.Int32)


def _is_moment(texts: Texts) -> pl.Expr:
    """Tell whether a time is written plainly, all its numbers in full; leap seconds are left to the exact pattern."""
    time, length = texts["time"], texts["time"].str.len_bytes()
    if "time_of_day" in texts:
        clock = texts["time_of_day"]
        return (length == len("2026-03-02")) & (clock.str.len_bytes() == len("11:15:00")) & ~clock.str.contains(":60", literal=True)
    is_whole = length == len("[02/Mar/2026:11:15:00") if "zone" in texts else (length == len("2026-03-02T11:15:00Z")) | (time.str.slice(19, 1) == ".")
    return is_whole & ~time.str.contains(":60", literal=True)


def _offset(zone: pl.Expr) -> pl.Expr:
    """Return the offset of `+0100]`, null where it is none."""
    is_offset = zone.str.contains(r"^[+-]\d{4}\]$")
    minutes = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.slice(3, 2).cast(pl.Int64, strict=False)
    signed = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return pl.duration(minutes=pl.when(is_offset).then(signed))


def _asked(texts: Texts) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Return method, target and version, and whether they are as plain as nearly all are."""
    if "request" in texts:
        method, target, version, more = (pl.col(f"asked_{name}") for name in ("method", "target", "version", "more"))
        is_plain = method.is_in(_METHODS) & (target != "") & version.is_in(_VERSIONS) & more.is_null()
        return method, target, version.str.slice(len("HTTP/")), is_plain
    missing = pl.lit(None, pl.String)
    target = _text(texts.get("target", texts.get("path", missing)))
    if "path" in texts and "query" in texts and "target" not in texts:
        query = _text(texts["query"])
        target = pl.when(query.is_null()).then(target).otherwise(pl.concat_str(target, query.str.strip_prefix("?"), separator="?"))
    version = texts["protocol"].str.extract(r"(?:^|/)(\d(?:\.\d)?)[^/]*$") if "protocol" in texts else missing
    return _text(texts.get("method", missing)), target, version, pl.lit(True)


def _duration(texts: Texts, layout: Layout) -> pl.Expr:
    if "duration" not in texts:
        return pl.lit(None, pl.Int64)
    unit_ns = next(field.unit_ns for field in layout.fields if field.name == "duration")
    return (texts["duration"].cast(pl.Float64, strict=False) * unit_ns).round().cast(pl.Int64, strict=False)


def _by_distinct(read: pl.DataFrame) -> pl.DataFrame:
    """Replace what is not written plainly in client, host and rest; each distinct text is looked at once."""
    odd = read["client_ip"].str.contains(_ODD_CLIENT)
    if odd.any():
        texts = read["client_ip"]
        hops = _mapped(texts, lambda text: client(text)[2], pl.String())
        read = read.with_columns(
            client_ip=_mapped(texts, lambda text: client(text)[0], pl.String()),
            client_port=_mapped(texts, lambda text: client(text)[1], pl.Int32()).fill_null(read["client_port"]),
            forwarded_for=read["forwarded_for"].fill_null(hops),
            client_list=hops,
        )
    if (read["host"].str.contains(_ODD_HOST) | (read["host"] == "-")).any():
        read = read.with_columns(host=_mapped(read["host"], host, pl.String()))
    if (read["rest"] != "").any():
        found = _mapped(read["rest"], lambda text: trailing(text).get("duration"), pl.String()).cast(pl.Int64)
        hops = _mapped(read["rest"], lambda text: trailing(text).get("forwarded_for"), pl.String())
        read = read.with_columns(duration_ns=read["duration_ns"].fill_null(found), forwarded_for=read["forwarded_for"].fill_null(hops))
    return read


def _mapped(texts: pl.Series, value: Callable[[str], object], kind: pl.DataType) -> pl.Series:
    distinct = texts.drop_nulls().unique()
    return texts.replace_strict(distinct, pl.Series([value(text) for text in distinct], dtype=kind), default=None, return_dtype=kind)
