"""Parses an SQL text in PostgreSQL's dialect into trees, one for each statement."""

import logging
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect

from dagster_project.reading.accesses.fields import words

UNREADABLE = exp.Command(this="")
_CHANGES = (TokenType.UPDATE, TokenType.DELETE)
# PostgreSQL tells a statement by its first word; these give back no rows of a table, whatever stands behind it.
_REACH_NOTHING = words("""
    ABORT ALTER ANALYSE ANALYZE BEGIN CHECKPOINT CLOSE CLUSTER COMMENT COMMIT DEALLOCATE DISCARD DROP END FETCH GRANT IMPORT LISTEN LOAD LOCK MOVE NOTIFY REASSIGN
    REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SET SHOW START UNLISTEN VACUUM
""")
_QUERIES = frozenset({"(", "EXECUTE", "SELECT", "TABLE", "VALUES", "WITH"})  # what `create … as` is followed by
# What stands before a query that is prepared, explained or opened as a cursor; its own rows are what is read.
_BEFORE = re.compile(
    r"""(?:(?P<plan>explain)\s*(?:\([^()]*\)|(?:(?:analyze|verbose)\s+)*)
      |declare\s+(?:"[^"]*"|[\w$]+)\s+(?:(?:binary|asensitive|insensitive|no|scroll)\s+)*cursor\s+(?:with(?:out)?\s+hold\s+)?for\b
      |prepare\s+(?:"[^"]*"|[\w$]+)\s*(?:\((?:[^()]|\([^()]*\))*\)\s*)?as\b)""",
    re.IGNORECASE | re.VERBOSE,
)
# Without a blank behind it, the parser may take `$1,$2` or `$1),($2` for the beginning of a dollar quote; what is quoted, or a comment, stays as it is.
_PIECE = re.compile(
    r"""--[^\n]*|(?P<comment>/\*)|(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"[^"]*"|(?P<quote>(?<![\w$])\$(?:[^\W\d]\w*)?\$)|(?P<parameter>\$[0-9]+)""", re.DOTALL
)
_AROUND = r"""--[^\n]*|/\*.*?(?:\*/|\Z)|"[^"]*"|(?<![\w$])(?P<quote>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=quote)|\Z)|(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'|"""
_STANDARD, _ESCAPED = (re.compile(_AROUND + literal, re.DOTALL) for literal in (r"'(?:[^']|'')*'", r"'(?:[^'\\]|\\.|'')*'"))
_ANALYZED = re.compile(r"\banaly[sz]e\b(?!\s*(?:false|off|0)\b)", re.IGNORECASE)


class Tree(NamedTuple):
    """A statement. `is_plan`: it returns only a plan. `is_run`: it is executed, not only planned. `cursor`: the only rows that it changes are this cursor's."""

    root: exp.Expr
    is_plan: bool = False
    is_run: bool = True
    cursor: str | None = None


@lru_cache(maxsize=1024)
def trees(text: str) -> tuple[Tree | None, ...]:
    """Return the statements of a text, None for one that reaches no record; a text that cannot be tokenised is one statement, UNREADABLE."""
    if _has_two_meanings(text):
        return (Tree(UNREADABLE),)
    try:
        chunks = list(_chunks(_dialect().tokenize(_spaced(text))))
    except Exception:  # noqa: BLE001 - the library raises what it likes
        return (Tree(UNREADABLE),)
    return tuple(tree for chunk in chunks for tree in _of_chunk(chunk, text)) or (None,)


def _spaced(text: str) -> str:
    """Return a text with a blank behind each parameter."""
    parts, at = list[str](), 0
    while (found := _PIECE.search(text, at)) is not None:
        end = found.end()
        if closing := "*/" if found["comment"] else found["quote"]:
            closed = text.find(closing, end)
            end = len(text) if closed < 0 else closed + len(closing)
        parts += [text[at:end], " " if found["parameter"] else ""]
        at = end
    return "".join([*parts, text[at:]])


def _has_two_meanings(text: str) -> bool:
    """Tell whether literals end elsewhere where standard_conforming_strings is off, and any session can switch it off: one that ends with a backslash goes on.

    A text with a backslash outside of literals, or with a literal that does not end, cannot be meant.
    """
    if "\\'" not in text:
        return False
    outside = _ESCAPED.sub("", text)
    return "\\" not in outside and "'" not in outside and outside != _STANDARD.sub("", text)


def _chunks(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    chunk: list[Token] = []
    for token in tokens:
        if token.token_type != TokenType.SEMICOLON:
            chunk.append(token)
        elif chunk:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _of_chunk(chunk: list[Token], text: str) -> Sequence[Tree | None]:
    if chunk[0].token_type == TokenType.COMMAND and (before := _BEFORE.match(whole := " ".join(token.text for token in chunk))):
        is_plan = before["plan"] is not None
        is_run = not is_plan or _ANALYZED.search(before[0]) is not None
        return [tree and Tree(tree.root, tree.is_plan or is_plan, tree.is_run and is_run) for tree in trees.__wrapped__(whole[before.end() :])]
    if _reaches_nothing([token.text.upper() for token in chunk]):
        return [None]
    if chunk[0].token_type in _CHANGES and (at := _current(chunk)) is not None:
        return [Tree(root, cursor=_name(chunk[at + 2])) for root in _parsed([*chunk[:at], Token(TokenType.TRUE, "TRUE"), *chunk[at + 3 :]], text)]
    roots = _parsed(chunk, text)
    if roots == [UNREADABLE] or isinstance(roots[0], exp.Command):
        query = _made_from(chunk)
        roots = [exp.Create(kind="TABLE", expression=root) if isinstance(root, exp.Query) else UNREADABLE for root in _parsed(query, text)] if query else roots
    return [Tree(root) for root in roots]


def _parsed(chunk: list[Token], text: str) -> list[exp.Expr]:
    try:
        roots = [root or UNREADABLE for root in _dialect().parser().parse(chunk, text)]
    except Exception:  # noqa: BLE001 - the library raises what it likes, RecursionError among it
        return [UNREADABLE]
    # So PostgreSQL itself writes what its foreign keys ask.
    for written in [written for root in roots for written in root.find_all(exp.Operator) if written.args["operator"] == "pg_catalog.="]:
        written.replace(exp.EQ(this=written.this, expression=written.expression))
    return roots


def _current(chunk: list[Token]) -> int | None:
    """Return where `current of` a cursor stands behind `where`."""
    words = [token.text.upper() for token in chunk]
    return next((at for at in range(1, len(words) - 2) if words[at - 1 : at + 2] == ["WHERE", "CURRENT", "OF"]), None)


def _name(token: Token) -> str:
    return token.text if token.token_type == TokenType.IDENTIFIER else token.text.lower()


def _made_from(chunk: list[Token]) -> list[Token]:
    """Return the query of `create table … as`, whatever stands before it that the parser does not know; none where there is no query."""
    if chunk[0].token_type != TokenType.CREATE:
        return []
    words = [token.text.upper() for token in chunk]
    at = next((place + 1 for place, (one, other) in enumerate(pairwise(words)) if one == "AS" and other in _QUERIES), len(words))
    end = next((len(words) - len(last) for last in (["WITH", "NO", "DATA"], ["WITH", "DATA"]) if words[-len(last) :] == last), len(words))
    return chunk[at:end]


def _reaches_nothing(written: Sequence[str]) -> bool:
    if written[0] == "CREATE":
        return not any(one == "AS" and other in _QUERIES for one, other in pairwise(written))
    return written[0] in _REACH_NOTHING or (written[0] == "PREPARE" and written[-1].startswith("TRANSACTION"))


@cache
def _dialect() -> Dialect:
    """Return PostgreSQL's dialect, and silence the parser: its warnings quote the statement."""
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)
    return Dialect.get_or_raise("postgres")
