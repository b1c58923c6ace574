"""Columns of ledgers and events that are meant to hold a code or the name of a company: free text, in which a person could stand, is not kept."""

import re

import polars as pl

from dagster_project.scrubbing.detectors import PERSONAL, kinds
from dagster_project.scrubbing.telling import is_telling

REDACTED = "{redacted}"

# At most 64 characters, and as many words as a code (account_setup, customer support) or a company (Ad & Co. (Berlin), Inc.) has.
CODE_WORDS, COMPANY_WORDS = 4, 6
_WORD = r"[\w.:/+&,()'-]+"


def codes(column: pl.Series, words: int = CODE_WORDS) -> pl.Series:
    """Return a column with `{redacted}` for what is no code: more words, a text that names a person, a number or token of somebody's. Null stays null."""
    unsound = [text for text in column.drop_nulls().unique().to_list() if not _is_code(text, words)]
    return column.replace(unsound, [REDACTED] * len(unsound)) if unsound else column


def code(text: str) -> str:
    """Return a text that is a code, else `{redacted}`."""
    return text if _is_code(text, CODE_WORDS) else REDACTED


def code_lists(column: pl.Series) -> pl.Series:
    """Return lists without what is no code: redacted, an entry would permit whatever else is redacted. Null stays null."""
    unsound = [text for text in column.explode().drop_nulls().unique().to_list() if not _is_code(text, CODE_WORDS)]
    return column.list.eval(pl.element().filter(~pl.element().is_in(unsound))) if unsound else column


def are_codes(column: pl.Series, words: int = CODE_WORDS) -> pl.Series:
    """Tell which rows hold a code, or nothing."""
    return codes(column, words).eq_missing(column)


def _is_code(text: str, words: int) -> bool:
    shape = rf"{_WORD}(?: {_WORD}){{0,{words - 1}}}"
    return len(text) <= 64 and bool(re.fullmatch(shape, text)) and not kinds(text) & PERSONAL and not is_telling(text)
