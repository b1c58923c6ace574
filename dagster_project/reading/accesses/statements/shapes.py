"""Statements of one shape, which differ in ids alone, touch the same things but for those ids; programs that bind no parameters write such statements.

Of an id a shape keeps its class and length, which other ids are equal or alike to it, and their order; nothing else can decide what is touched.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from dagster_project.reading.accesses.statements.equalities import alike
from dagster_project.reading.accesses.statements.tables import Touched

Found = tuple[tuple[Touched, ...], ...]
"""What each statement of a text touches."""

_WHOLE = r"[1-9][0-9]{0,17}"
_UUID = r"{0}{{8}}(?:-{0}{{4}}){{3}}-{0}{{12}}"
_HEX = r"(?=[0-9]*[a-fA-F]){0}{{32}}"
_ID = re.compile(
    rf"(?P<whole>{_WHOLE})|(?P<uuid>{_UUID.format('[0-9a-f]')})|(?P<hex>{_HEX.format('[0-9a-f]')})"
    rf"|(?P<capitals>{_UUID.format('[0-9A-Fa-f]')}|{_HEX.format('[0-9A-Fa-f]')})|(?P<word>[A-Za-z][A-Za-z_-]*[0-9][\w-]*)",
    re.ASCII,
)
_LONGEST_ID = 64
# Texts in which a quote may be something else than the beginning or the end of a literal.
_UNCLEAR = re.compile(r"""--|/\*|\\|''|\$\w*\$|\0""")
_ODD_NAME = re.compile(r"[^\w\s.-]")
# What a literal stands behind that is a value; behind a word it may be a name, or be read by the parser, as an interval is.
_BEFORE_VALUE = re.compile(r"[=<>(,\[]\s*$")
# Whole numbers that are compared; elsewhere one may be the place of a column, a limit or a size.
_COMPARED = re.compile(rf"(?:=|\bin\s*\()\s*{_WHOLE}(?:\s*,\s*{_WHOLE})*(?![\w.])", re.IGNORECASE)
_NUMBER = re.compile(_WHOLE)
_WORD = re.compile(r"[\w.]+")


class Shape(NamedTuple):
    """What all statements of a shape have in common, hashable, and the ids of one of them."""

    common: Hashable
    ids: tuple[str, ...]


class _Text(NamedTuple):
    """A statement with a NUL for each of its ids, those ids, and what else in it may be alike to one."""

    rest: str
    ids: tuple[str, ...]
    others: frozenset[str]


def shape_of(statement: str, parameters: Sequence[str] | None) -> Shape | None:
    """Return the shape of a statement and its parameters; None where it has no ids, or where what looks like one may be something else."""
    text = _text(statement)
    if text is None or any(_is_array(each) or "\0" in each for each in parameters or ()):
        return None
    ids = (*text.ids, *filter(_class, parameters or ()))
    others = [each for each in parameters or () if not _class(each)]
    equals, likes = dict[str, int](), dict[str, int]()
    marks = tuple((_class(each), len(each), equals.setdefault(each, place), likes.setdefault(alike(each), place)) for place, each in enumerate(ids))
    if not ids or not likes.keys().isdisjoint(text.others) or not likes.keys().isdisjoint(map(alike, others)):
        return None
    distinct = list(equals)
    order = tuple(sorted(range(len(distinct)), key=distinct.__getitem__))
    bound = None if parameters is None else tuple("\0" if _class(each) else each for each in parameters)
    return Shape((text.rest, bound, marks, order), ids)


@lru_cache(maxsize=4096)
def _text(statement: str) -> _Text | None:
    """Take a statement apart; None where it is not clear where its literals begin and end, or one is an array, whose items are values of their own."""
    pieces = statement.split("'")
    names = [piece.split('"') for piece in pieces[::2]]
    if _UNCLEAR.search(statement) or not len(pieces) % 2 or any(map(_is_array, pieces[1::2])):
        return None
    if any(not len(each) % 2 or any(map(_ODD_NAME.search, each[1::2])) for each in names):
        return None
    rest, ids, others = list[str](), list[str](), set[str]()
    for place, piece in enumerate(pieces):
        if not place % 2:
            ids += [number for compared in _COMPARED.findall(piece) for number in _NUMBER.findall(compared)]
            rest.append(_COMPARED.sub(lambda compared: _NUMBER.sub("\0", compared[0]), piece))
            others |= {alike(word) for word in _WORD.findall(rest[-1])}
        elif _class(piece) and _BEFORE_VALUE.search(pieces[place - 1]):
            ids.append(piece)
            rest.append("\0")
        else:
            rest.append(piece)
            others.add(alike(piece))
    return _Text("'".join(rest), tuple(ids), frozenset(others))


def _class(text: str) -> str | None:
    """Return what kind of id a text is; None where it may be something else."""
    found = _ID.fullmatch(text) if len(text) <= _LONGEST_ID else None
    return found.lastgroup if found else None


def _is_array(text: str) -> bool:
    return text.lstrip().startswith("{")


def generalised(found: Found, shape: Shape) -> Found | None:
    """Return what a statement touches with placeholders for ids; None where a value was derived from an id, or ids are sorted among other texts."""
    general = _renamed(found, {text: mark for mark, text in reversed(_marks(shape.ids).items())})
    ordered = [{one.account_id or "" for one in each} - {""} for each in general] + [{*(one.record_ids or ())} for each in general for one in each]
    kept = {text for texts in ordered for text in texts if not text.startswith("\0")}
    is_mixed = any(texts & kept and texts - kept for texts in ordered)
    return None if is_mixed or any(alike(text) in alike(each) for text in shape.ids for each in kept) else general


def special(general: Found, shape: Shape) -> Found:
    """Return what another statement of the shape touches."""
    return _renamed(general, _marks(shape.ids))


def _marks(ids: Sequence[str]) -> dict[str, str]:
    """Return what stands for each id, and for the UUID that one without hyphens is."""
    uuids = {f"\0{place} as UUID": str(UUID(text)) for place, text in enumerate(ids) if _class(text) == "hex"}
    return {f"\0{place}": text for place, text in enumerate(ids)} | uuids


def _renamed(found: Found, names: dict[str, str]) -> Found:
    return tuple(
        tuple(
            replace(
                one,
                account_id=names.get(one.account_id, one.account_id) if one.account_id else one.account_id,
                record_ids=None if one.record_ids is None else tuple(names.get(text, text) for text in one.record_ids),
            )
            for one in each
        )
        for each in found
    )
