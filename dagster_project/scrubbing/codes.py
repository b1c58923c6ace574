"""Columns of ledgers and events that are meant to hold a code or the name of a company: free text, in which a person could stand, is not kept."""

import re
from collections.abc import Callable

import polars as pl

from dagster_project.scrubbing.detectors import PERSONAL, kinds
from dagster_project.scrubbing.readable import decoded
from dagster_project.scrubbing.telling import is_telling

REDACTED = "{redacted}"

# At most 64 characters, and as many words as a code (account_setup, customer support) or a company (Ad & Co. (Berlin), Inc.) has.
CODE_WORDS, COMPANY_WORDS = 4, 6
_WORD = r"[\w.:/+&,()'-]+"
_BARE_NUMBER = re.compile(r"(?:[\W_]*\d){9,}[\W_]*")
"""A telephone number or that of somebody's papers; a date has eight digits."""
_SOMEBODY = re.compile(r"@(?!v?\d)|(?<!\w)~\w|\+AEA-|=40\w|%[0-9a-f]{2}", re.IGNORECASE)
"""An at sign in any writing (jane@desk; invoice@2 is a version), somebody's home, an escape that is left.

All else may be the name of a class: `App\\Models\\Invoice`, `urn:…:User`, `GET /v1?id=`.
"""


def codes(column: pl.Series, words: int = CODE_WORDS) -> pl.Series:
    """Return a column with `{redacted}` for what is no code: more words, a text that names a person, a number or token of somebody's. Null stays null."""
    return _without(column, lambda text: _is_code(text, words))


def scopes(column: pl.Series) -> pl.Series:
    """Return a column of names that are compared exactly (record classes, actions, sources) with `{redacted}` for one that a detector knows or that has a sign of somebody."""
    return _without(column, _is_scope)


def scope(text: str) -> str:
    """Return a name that is compared exactly, `{redacted}` where it names a person."""
    return text if _is_scope(text) else REDACTED


def are_scopes(column: pl.Series) -> pl.Series:
    """Tell which rows hold a name that is kept, or nothing."""
    return scopes(column).eq_missing(column)


def code(text: str) -> str:
    """Return a text that is a code, else `{redacted}`."""
    return text if _is_code(text, CODE_WORDS) else REDACTED


def code_lists(column: pl.Series) -> pl.Series:
    """Return lists without what is no code: redacted, an entry would permit whatever else is redacted. Null stays null."""
    return _lists_without(column, lambda text: _is_code(text, CODE_WORDS))


def scope_lists(column: pl.Series) -> pl.Series:
    """Return lists without the names that are not kept, for the same reason."""
    return _lists_without(column, _is_scope)


def are_codes(column: pl.Series, words: int = CODE_WORDS) -> pl.Series:
    """Tell which rows hold a code, or nothing."""
    return codes(column, words).eq_missing(column)


def _without(column: pl.Series, is_sound: Callable[[str], bool]) -> pl.Series:
    unsound = [text for text in column.drop_nulls().unique().to_list() if not is_sound(text)]
    return column.replace(unsound, [REDACTED] * len(unsound)) if unsound else column


def _lists_without(column: pl.Series, is_sound: Callable[[str], bool]) -> pl.Series:
    unsound = [text for text in column.explode().drop_nulls().unique().to_list() if not is_sound(text)]
    return column.list.eval(pl.element().filter(~pl.element().is_in(unsound))) if unsound else column


def _is_scope(text: str) -> bool:
    return not kinds(text) & PERSONAL and not _SOMEBODY.search(decoded(text))


def _is_code(text: str, words: int) -> bool:
    shape = rf"{_WORD}(?: {_WORD}){{0,{words - 1}}}"
    return len(text) <= 64 and bool(re.fullmatch(shape, text)) and not _BARE_NUMBER.fullmatch(text) and not kinds(text) & PERSONAL and not is_telling(text)
