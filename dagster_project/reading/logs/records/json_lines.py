"""JSON Lines with flat or nested fields, read exactly and one at a time; what is vectorised stands in json_columns.py."""

import re
from collections.abc import Callable, Container, Iterator
from operator import itemgetter
from urllib.parse import unquote

import orjson

from dagster_project.reading.logs.layouts import w3c
from dagster_project.reading.logs.records.json_names import EVENT, REMARK, W3C_CLIENT, Names
from dagster_project.reading.logs.values.row import NO_REQUEST, ROUTE, Refused, Row, duration_ns, instant_us, origin_form, request, row

DEEPEST = 8
REQUEST_FIELDS = ("method", "request")
EVIDENCE = (("method",), ("target", "path", "request"), ("status",), ("client", "forwarded_for"))
"""A request has two of these: how and what was asked for, how it was answered, who asked. One is not enough, for a shipper names its file as a path, but a method of HTTP or a
request line."""
LIKE_METHOD, LIKE_TARGET, LIKE_STATUS = r"^[A-Z]{3,20}$", r"^(?:/|\*|.{0,9}://)", r'^"?[1-9][0-9]{2}"?$'
"""What a target or a path, and a status, must be to tell a request without a method: other records have a resource, and a state."""

ASKED = {"target", "path", *REQUEST_FIELDS}
_HTTP = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\b|HTTP/[123]")
"""What stands in no record but that of a request, in whatever fields."""
_METHOD = re.compile(LIKE_METHOD)
_DAY, _CLOCK = re.compile(r"\d{4}[-/]\d\d[-/]\d\d"), re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
"""A time in two keys, as FortiGate and exports of databases have it."""
_LIKE_TARGET, _LIKE_STATUS = re.compile(LIKE_TARGET), re.compile(LIKE_STATUS)
_REQUEST_LINE = re.compile(r"[A-Z]{3,20} \S.* HTTP/\d(?:\.\d)?")
QUOTED_AGAIN = ("referer", "user_agent")
"""What Logstash's patterns leave in the quotes that stood around it in the log."""
WRITTEN = "properties"
"""What Azure's web apps hold as the text of an object."""
_WORSE = 10_000
"""How much worse a status is that is a word, as of a message: another key may hold the one of HTTP."""
SAYS_ITSELF = 2
"""How sure a duration is whose value names its unit; 1 where its key does, 0 where neither."""
FIRST_EPOCH_S, LAST_EPOCH_S = 10**8, 10**11
"""From 9 to 11 digits before the point, which are seconds."""
ENCODED = r"^[A-Za-z][\w.-]{0,64}%(?:2F|3A)"
"""The beginning of a referrer or an agent that is percent-encoded as a whole, as Akamai writes both."""
_ENCODED = re.compile(ENCODED)
_BARE_X = re.compile(r"\\x([0-9A-Fa-f]{2})")


def read(line: str, names: Names, stamp: str | None = None) -> Row:
    """Return the values of a line in the order of values.READ.

    `stamp` is the time of a line that has none of its own, empty where what carried it says none either: such a line must say what was asked for.
    Raises values.Refused, also with json_error, json_not_object, field_missing (no time, or not enough of a request) or values.NO_REQUEST.
    """
    record = _loaded(line)
    if not isinstance(record, dict):
        raise Refused("json_not_object")
    if str(record.get(WRITTEN, "")).startswith("{"):
        record[WRITTEN] = held_in(record[WRITTEN])
    if W3C_CLIENT in record and (found := w3c.row_of(record)):
        return found
    return row_of(line, fields_of(record, names), stamp, _is_request)


def row_of(line: str, fields: dict[str, str], stamp: str | None, is_request: Callable[[dict[str, str]], bool]) -> Row:
    """Return the values of a line with these raw texts; raises Refused where it has no time, nor a `stamp` that counts, or is not told to be a request by them."""
    if not _is_dated(fields, stamp) or not is_request(fields):
        raise _refusal(line, fields)
    return _row(fields)


def _is_dated(fields: dict[str, str], stamp: str | None) -> bool:
    """Give what has no time and is a request beyond doubt the time of its carrier; tell whether it needs no more: without any it must say how it was answered, too."""
    if not fields.get("time") and stamp is not None and has_request(fields.keys()):
        fields |= {"time": stamp} if stamp else {}
        return bool(stamp) or "status" in fields
    return bool(fields.get("time"))


def _refusal(line: str, fields: dict[str, str]) -> Refused:
    """Return why a record is no request: it lacks something, or has a time and says something else. Raises Refused for a time that is none."""
    is_other = REMARK in fields or _is_aside(fields) or not (fields.keys() & ASKED or _HTTP.search(line))
    if not is_other or instant_us(fields) is None:
        return Refused("field_missing")
    return Refused(NO_REQUEST)


def _row(fields: dict[str, str]) -> Row:
    for name in ("target", "path"):
        if _REQUEST_LINE.fullmatch(fields.get(name, "")):
            fields["request"] = fields.pop(name)
        elif name in fields:
            fields[name] = ROUTE.sub("", fields[name])
        if "://" in fields.get(name, "")[:12]:
            host, fields[name] = origin_form(fields[name])
            fields.setdefault("host", host or "")
    if "?" not in fields.get("target", "?") and fields.get("path") in (None, fields["target"]) and fields.get("query"):
        fields["path"] = fields.pop("target")
    if "method" not in fields and _METHOD.fullmatch(fields.get("request", "")):
        fields["method"] = fields.pop("request")
    if "request" in fields and "method" in fields:
        _ask(fields, fields.pop("request"))
    for name in QUOTED_AGAIN:
        if name in fields:
            fields[name] = _as_sent(fields[name])
    return row(fields)


def _as_sent(said: str) -> str:
    """Return a referrer or an agent without the quotes that stood around it in the log, or its encoding."""
    if said.startswith('"') and said.endswith('"'):
        return said[1:-1]
    return unencoded(said) if _ENCODED.match(said) else said


def unencoded(text: str) -> str:
    """Return a text that is percent-encoded as a whole as it was; a plus is a blank where none is written otherwise."""
    return unquote(text if "%20" in text else text.replace("+", " "))


def _ask(fields: dict[str, str], asked: str) -> None:
    """Take what stands under `request` beside a method, unless the target is told better: by itself, or by a path, where `request` is a whole request line.

    A `request` that is a target counts before a path, which may be that of the log; of two that differ by a query the one with it counts.
    """
    known = fields.get("target") or fields.get("path") or ""
    if asked.startswith("/"):
        name, whole = "target" if "?" in asked else "path", asked
        is_better = "target" not in fields and not known.startswith(f"{asked}?")
    else:
        name, whole = "request", request(asked)[1] or ""
        is_better = not known
    if is_better or ("query" not in fields and whole.startswith(f"{known}?")):
        fields[name] = asked


def has_request(names: Container[str]) -> bool:
    """Tell whether fields of these names say what was asked for: a request line, or a method and a target."""
    return "request" in names or ("method" in names and ("target" in names or "path" in names))


def _is_request(fields: dict[str, str]) -> bool:
    if REMARK in fields or _is_aside(fields):
        return False
    names = {name for name, text in fields.items() if "method" in fields or _tells(name, text)}
    is_asked = _METHOD.fullmatch(fields.get("method", fields.get("request", ""))) or request(fields.get("request", ""))[0]
    return bool(is_asked) or sum(bool(names & set(told)) for told in EVIDENCE) > 1


def _tells(name: str, text: str) -> bool:
    """Tell whether a text is like that of a request without a method."""
    like = {"target": _LIKE_TARGET, "path": _LIKE_TARGET, "status": _LIKE_STATUS}.get(name)
    return like is None or like.match(text) is not None


def _is_aside(names: Container[str]) -> bool:
    """Tell whether a record is an event within a request and no answer to it."""
    return EVENT in names and not ("status" in names and any(name in names for name in REQUEST_FIELDS))


def _loaded(line: str) -> object:
    r"""Load a line; nginx writes `\xHH`, which JSON does not know, unless told `escape=json`."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(_BARE_X.sub(r"\\u00\1", line))
    except orjson.JSONDecodeError:
        raise Refused("json_error") from None


def fields_of(record: dict[str, object], names: Names) -> dict[str, str]:
    """Return the raw texts by name, the best named of several, and the duration in nanoseconds."""
    best: dict[str, tuple[int, str]] = {}
    times = list[tuple[int, str]]()
    duration, surest = "", 0
    is_client = names.calls_client_host(record)
    for key, value in _flat(record, ""):
        text = text_of(value)
        if text is None:
            continue
        place = names.place("remote_host" if is_client and key.lower() == "host" else key)
        if place is not None and place[0] == "status" and not text.strip('"').isdecimal():
            place = "status", place[1] + _WORSE
        if place is not None and place[0] == "time":
            times.append((place[1], epoch_us(value) if isinstance(value, float) else text))
        is_unknown = place is not None and place[0] in ("bytes", "status") and text.startswith("-")
        if place is not None and not is_unknown and (place[0] not in best or place[1] < best[place[0]][0]):
            best[place[0]] = place[1], text
        unit_ns = names.unit_ns(key, record)
        said = SAYS_ITSELF if text[-1:].isalpha() else int(not names.is_bare(key))
        if unit_ns and said >= surest and (length := duration_ns(repr(value + 0.0) if isinstance(value, float) else text, unit_ns)) is not None:
            duration, surest = str(length), said
    fields = {name: value for name, (_, value) in best.items()}
    fields |= {"time": _time(times)} if times else {}
    return {**fields, "duration": duration} if duration else fields


def _time(times: list[tuple[int, str]]) -> str:
    """Return the best named of several times, or day and time of day where it is one of them: of several the best named of each."""
    texts = [text for _, text in sorted(times, key=itemgetter(0))]
    day, clock = (next(filter(half.fullmatch, texts), "") for half in (_DAY, _CLOCK))
    return f"{day} {clock}" if day and clock and texts[0] in (day, clock) else texts[0]


def _flat(value: dict[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    if prefix.count(".") > DEEPEST:
        return
    for key, held in value.items():
        inner = attributes(held) if isinstance(held, list) and held and isinstance(held[0], dict) else held
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, inner


def held_in(value: object) -> object:
    """Return the object that a text is; what is none as it is."""
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        return value


def attributes(items: list[object]) -> dict[str, object]:
    """Return a list of keys (names of headers, of AWS's firewall) and values as an object; OpenTelemetry's values stand in objects of their types."""
    pairs = [(item.get("key", item.get("name")), item.get("value")) for item in items if isinstance(item, dict)]
    return {str(key): next(iter(value.values()), None) if isinstance(value, dict) else value for key, value in pairs if key is not None}


def text_of(value: object) -> str | None:
    """Return a value as text, null where it says nothing: a list as one text, but of objects and lists none; numbers without exponent, and no zero with a sign."""
    if isinstance(value, list):
        value = None if any(isinstance(item, dict | list) for item in value) else ", ".join(str(item) for item in value)
    if value in (None, "", "-") or isinstance(value, bool | dict):
        return None
    return f"{value + 0.0:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def epoch_us(seconds: float) -> str:
    """Return an epoch in seconds as whole microseconds; what is none, or in another unit, as it is."""
    return str(round(seconds * 1e6)) if FIRST_EPOCH_S <= seconds < LAST_EPOCH_S else str(text_of(seconds))
