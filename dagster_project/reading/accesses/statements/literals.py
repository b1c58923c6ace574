"""Values of an SQL expression that are known without a database: literals and bound parameters, as the text that PostgreSQL compares."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlglot import exp

MOST_DIGITS = 1000
_INTEGER = re.compile(r"[0-9]+")
_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")
_ARRAY = re.compile(r'\s*+(?:"((?:[^"\\]|\\.)*+)"|([^",{}\\\s]++(?:\s++[^",{}\\\s]++)*+))\s*+(?:,|$)')
_TEXTS = (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR)
_INTEGERS = (exp.DataType.Type.INT, exp.DataType.Type.BIGINT, exp.DataType.Type.SMALLINT)


def value(written: exp.Expr, parameters: Sequence[str] | None) -> str | None:
    """Return the text of a literal or of a parameter, `$1` the first; None where it is another thing, null, or not known."""
    if isinstance(written, exp.Parameter):
        return _parameter(written, parameters)
    if isinstance(written, exp.Paren | exp.Cast | exp.Neg):
        inner = value(written.this, parameters)
        if inner is None or isinstance(written, exp.Paren):
            return inner
        return cast(inner, written.to) if isinstance(written, exp.Cast) else _negative(inner)
    return _literal(written)


def several(written: exp.Expr, parameters: Sequence[str] | None) -> set[str] | None:
    """Return the texts of an array, written out or bound; None where one of them is not known."""
    if isinstance(written, exp.Paren):
        return several(written.this, parameters)
    if isinstance(written, exp.Array):
        found = [value(item, parameters) for item in written.expressions]
        return None if None in found or not found else {one for one in found if one is not None}
    if isinstance(written, exp.Cast) and written.to.this == exp.DataType.Type.ARRAY:
        items, kind = several(written.this, parameters), written.to.expressions[0]
        each = [cast(item, kind) for item in items or ()]
        return None if items is None or None in each else {one for one in each if one is not None}
    return array(told) if (told := value(written, parameters)) is not None else None


def array(text: str) -> set[str] | None:
    """Return the items of an array of one dimension in PostgreSQL's own notation; None for anything else, and for one with a null."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    inner, at, found = text[1:-1], 0, set[str]()
    while at < len(inner):
        item = _ARRAY.match(inner, at)
        if item is None or (item[2] or "").upper() == "NULL":
            return None
        found.add(re.sub(r"\\(.)", r"\1", item[1]) if item[1] is not None else item[2])
        at = item.end()
    return found or None


def _literal(written: exp.Expr) -> str | None:
    text = str(written.this)
    if isinstance(written, exp.RawString):
        return text
    if isinstance(written, exp.Literal) and written.is_string:
        return text if "\\" not in text else None  # which is another text where standard_conforming_strings is off
    if isinstance(written, exp.ByteString):  # E'…', of which not every escape is undone as PostgreSQL does
        return text if text.isprintable() and "\\" not in text else None
    return _whole(text) if isinstance(written, exp.Literal) else None


def _whole(text: str) -> str | None:
    return str(int(text)) if _INTEGER.fullmatch(text) and len(text) < MOST_DIGITS else None


def _negative(text: str) -> str | None:
    whole = _whole(text)
    return None if whole is None else f"-{whole}"


def fits(tree: exp.Expr, parameters: Sequence[str]) -> bool:
    """Tell whether a statement has no more parameters than values: else they are not its own, as where a server masks literals as parameters."""
    return all(_number(written) <= len(parameters) for written in tree.find_all(exp.Parameter))


def _parameter(written: exp.Parameter, parameters: Sequence[str] | None) -> str | None:
    number = _number(written)
    if parameters is None or not 0 < number <= len(parameters):
        return None
    return parameters[number - 1] or None  # an empty one is null or an empty text: the log does not tell


def _number(written: exp.Parameter) -> int:
    """Return the number of a parameter; 0 where it has none."""
    number = str(written.this.this) if isinstance(written.this, exp.Literal) else ""
    return int(number) if _INTEGER.fullmatch(number) and len(number) < MOST_DIGITS else 0


def cast(text: str, kind: exp.DataType) -> str | None:
    """Return a text as PostgreSQL casts it to a type; None where it does not, or where that is not known."""
    if kind.this in _TEXTS:
        return text if not kind.expressions or len(text) <= int(kind.expressions[0].name) else None
    if kind.this in _INTEGERS:
        return _whole(text)
    if kind.this == exp.DataType.Type.UUID:
        digits = text[1:-1] if text.startswith("{") and text.endswith("}") else text
        return str(UUID(digits)) if _UUID.fullmatch(digits.lower()) else None
    return None
