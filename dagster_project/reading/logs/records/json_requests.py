"""The raw texts of requests in JSON, many at once, as rows: what json_lines.py makes of each alone.

A frame has a line in each row, and in its columns the raw texts of FIELDS that are there, and `line_number`, `moment` and `duration_ns`.
"""

import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.records.json_lines import EVIDENCE, LIKE_METHOD, LIKE_STATUS, LIKE_TARGET, QUOTED_AGAIN, REQUEST_FIELDS
from dagster_project.reading.logs.values.distinct import Part
from dagster_project.reading.logs.values.typed import Reading, Typed

FIELDS = (
    "client", "client_port", "forwarded_for", "request", "method", "target", "path", "query", "protocol", "host", "status", "bytes", "referer",
    "user_agent", "user", "account", "client_header",
)  # fmt: skip

_LIKE = {"target": LIKE_TARGET, "path": LIKE_TARGET, "status": LIKE_STATUS}
_ROUTE = "^[A-Z]{3,20} /"
"""values.ROUTE, and the path behind it."""
_BROKEN = r"\n| [\s\x1c-\x1f]"
"""What a request line holds that is more than words with a blank between."""


def without_spare_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame in which no `request` stands beside a method: there it repeats the target, or is the target, as json_lines.py has it.

    Lines in which it is a request line that says more than the other fields are left out: they are not plain.
    """
    if "request" not in frame.columns or "method" not in frame.columns:
        return frame
    request, (target, path, query) = pl.col("request"), (_column(frame, name) for name in ("target", "path", "query"))
    known, is_target, has_query = pl.coalesce(target, path), request.str.starts_with("/"), request.str.contains("?", literal=True)
    is_shorter = known.str.starts_with(pl.concat_str(request, pl.lit("?"))).fill_null(value=False)
    is_longer = query.is_null() & request.str.starts_with(pl.concat_str(known, pl.lit("?"))).fill_null(value=False)
    says_more = query.is_null() & request.str.contains(pl.concat_str(pl.lit(" "), known, pl.lit("?")), literal=True)
    is_plain = pl.when(is_target).then(target.is_null() | query.is_null()).otherwise(known.is_not_null() & ~says_more)
    counts = (is_target & ((target.is_null() & ~is_shorter) | is_longer)).fill_null(value=False)
    taken = {
        "target": pl.when(counts & has_query).then(request).otherwise(target),
        "path": pl.when(counts & ~has_query).then(request).otherwise(path),
    }  # fmt: skip
    return frame.filter(request.is_null() | (pl.col("method").is_not_null() & is_plain), *_are_targets(frame)).with_columns(**taken).drop("request")


def _are_targets(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return what must hold for a line whose target and path are neither a route with its method nor a whole request line."""
    texts = [pl.col(name) for name in ("target", "path") if name in frame.columns]
    return [~told.fill_null(value=False) for text in texts for told in (text.str.contains(_ROUTE), text.str.contains(" HTTP/", literal=True))]


def has_request(frame: pl.DataFrame) -> pl.Expr:
    """Tell which lines say what was asked for: a request line, or a method and a target (json_lines.has_request)."""
    request, method, target, path = (_column(frame, name) for name in ("request", "method", "target", "path"))
    return request.is_not_null() | (method.is_not_null() & (target.is_not_null() | path.is_not_null()))


def is_answered(frame: pl.DataFrame) -> pl.Expr:
    """Tell which events within a request say how it was answered (json_lines._is_aside)."""
    return _column(frame, "status").is_not_null() & pl.any_horizontal(_column(frame, name).is_not_null() for name in REQUEST_FIELDS)


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def rows(frame: pl.DataFrame) -> pa.Table:
    """Return the plain lines of a frame as typed.CODED_ROWS, in order; where it has a column `request`, a line without a request line is not plain."""
    known = set(frame.columns)
    present = {name: pl.col(name).is_not_null() if name in known else pl.lit(value=False) for name in FIELDS}
    telling = present | {name: present[name] & (present["method"] | pl.col(name).str.contains(like)) for name, like in _LIKE.items() if name in known}
    told = pl.sum_horizontal(pl.any_horizontal(telling[name] for name in names) for names in EVIDENCE) > 1
    checks = [present["client"] | ~present["forwarded_for"], told | present["request"] | (pl.col("method").str.contains(LIKE_METHOD) if "method" in known else present["method"])]
    checks += _are_targets(frame)
    texts = {name: pl.col(name).fill_null("-") if name in ("status", "bytes") else pl.col(name) for name in FIELDS if name in known}
    texts |= {name: _unquoted(pl.col(name)) for name in QUOTED_AGAIN if name in known}
    if "request" in known:
        checks += [present["request"], ~pl.col("request").str.contains(_BROKEN)]
    elif known & {"target", "path"}:
        texts |= {"target": _target(frame), "path": pl.lit(None, pl.String), "query": pl.lit(None, pl.String)}
    typed = Typed([frame.columns], Reading(texts, checks, pl.col("moment"), pl.col("duration_ns")))
    return typed.read(frame["line_number"].to_arrow(), [Part(frame)])


def _target(frame: pl.DataFrame) -> pl.Expr:
    """Return what was asked for: the query goes on behind a path, and behind a target that has none where no other path stands beside it."""
    target, path, query = (_column(frame, name) for name in ("target", "path", "query"))
    lacks_query = pl.when(target.is_null()).then(path.is_not_null()).otherwise((path.is_null() | (path == target)) & ~target.str.contains("?", literal=True))
    asked = pl.coalesce(target, path)
    return pl.when(lacks_query & query.is_not_null()).then(pl.concat_str(asked, query.str.strip_prefix("?"), separator="?")).otherwise(asked)


def _unquoted(text: pl.Expr) -> pl.Expr:
    """Return a text without the quotes that stood around it in the log."""
    return pl.when(text.str.starts_with('"') & text.str.ends_with('"')).then(text.str.strip_prefix('"').str.strip_suffix('"')).otherwise(text)
