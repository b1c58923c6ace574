"""What one statement touches says what all of its shape do: those that differ in ids alone, as programs write them that bind no parameters.

A shape keeps of an id its class and length, which others are equal or alike to it and how they are ordered; nothing else of an id can decide what is touched.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from dagster_project.reading.accesses.equalities import alike
from dagster_project.reading.accesses.tables import Touched

Found = tuple[tuple[Touched, ...], ...]
"""What each statement of a text touches."""

_WHOLE = r"[1-9][0-9]{0,17}"
_ID = re.compile(rf"(?P<w>{_WHOLE})|(?P<u>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})|(?P<n>[A-Za-z][A-Za-z_-]*[0-9][\w-]*)", re.ASCII)
_LONGEST_ID = 64
# Texts in which a quote may be something else than the beginning or the end of a literal.
_UNCLEAR = re.compile(r"""--|/\*|\\|''|\$\w*\$|\0""")
_ODD_NAME = re.compile(r"[^\w\s.-]")
# Whole numbers that are compared; elsewhere one may be the place of a column, a limit or a size.
_COMPARED = re.compile(rf"(?:=|\bin\s*\()\s*{_WHOLE}(?:\s*,\s*{_WHOLE})*(?![\w.])", re.IGNORECASE)
_NUMBER = re.compile(_WHOLE)
_WORD = re.compile(r"[\w.]+")


class Shape(NamedTuple):
    """What statements have in common, to be compared, with marks where ids stand; and the ids of one."""

    common: tuple[str, tuple[str, ...] | None, tuple[int, ...]]
    ids: tuple[str, ...]


def shape_of(statement: str, parameters: Sequence[str] | None) -> Shape | None:
    """Return the shape of a statement and its parameters; None where it has no ids, or may mean more by one than an id."""
    if _UNCLEAR.search(statement):
        return None
    pieces = statement.split("'")
    names = [piece.split('"') for piece in pieces[::2]]
    if not len(pieces) % 2 or any(not len(each) % 2 or any(map(_ODD_NAME.search, each[1::2])) for each in names):
        return None
    ids: list[str] = []
    equals: dict[str, int] = {}
    likes: dict[str, int] = {}
    others: list[str] = []

    def marked(text: str) -> str:
        kind = _ID.fullmatch(text) if len(text) <= _LONGEST_ID else None
        if kind is None:
            others.append(text)
            return text
        number = len(ids)
        ids.append(text)
        return f"\0{kind.lastgroup}{len(text)}_{equals.setdefault(text, number)}_{likes.setdefault(alike(text), number)}"

    for place, piece in enumerate(pieces):
        if not place % 2:
            pieces[place] = _COMPARED.sub(lambda compared: _NUMBER.sub(lambda number: marked(number[0]), compared[0]), piece)
            others += _WORD.findall(pieces[place])
        elif pieces[place - 1][-1:].isalnum() or pieces[place - 1].endswith(("_", "&")):  # E'…', U&'…'
            others.append(piece)
        else:
            pieces[place] = marked(piece)
    bound = None if parameters is None else tuple(map(marked, parameters))
    if not ids or not likes.keys().isdisjoint(map(alike, others)):
        return None
    distinct = list(equals)
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    return Shape(("'".join(pieces), bound, tuple(order)), tuple(ids))


def generalised(found: Found, shape: Shape) -> Found | None:
    """Return what a statement touches with places in its shape for ids; None where something was made of an id, or the order of ids and other texts matters."""
    general = _renamed(found, {text: f"\0{place}" for place, text in reversed([*enumerate(shape.ids)])})
    ordered = [{one.account_id or "" for one in each} - {""} for each in general] + [{*(one.record_ids or ())} for each in general for one in each]
    kept = {text for texts in ordered for text in texts if not text.startswith("\0")}
    is_mixed = any(texts & kept and texts - kept for texts in ordered)
    return None if is_mixed or any(text.casefold() in one.casefold() for one in kept for text in shape.ids) else general


def special(general: Found, shape: Shape) -> Found:
    """Return what another statement of the shape touches."""
    return _renamed(general, {f"\0{place}": text for place, text in enumerate(shape.ids)})


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
