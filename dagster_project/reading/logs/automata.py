"""Regular expressions of Python for Polars, whose automata match whole columns but cannot look around, have no atomic groups, and grow with every count."""

import re

import polars as pl

UNUSUAL = r"[^\t -~]"
"""Characters that engines of regular expressions may treat differently: a line with one may be of any format."""
_SIGN = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|\(\?<?[=!]|\(\?>|[()]|([*+?])\+|(\{(?:\d+,)?(\d+)\})\+?|.", re.DOTALL)
_MOST_COUNTED = 5
"""A count of no more than this stays; a larger one, which would make the automaton large, becomes `*`."""
_IRREGULAR = re.compile(r"\(\?<?[=!]|\(\?>|[*+?}]\+")
"""Look-around, atomic groups and possessive quantifiers."""


def loosened(pattern: str) -> str:
    """Return a pattern for automata that matches at least what a pattern of Python matches in ASCII, trying the same alternatives in the same order."""
    kept: list[str] = []
    depth = around = 0
    for found in _SIGN.finditer(pattern):
        sign = found[0]
        depth += (sign[0] == "(") - (sign == ")")
        if around:
            around = 0 if sign == ")" and depth < around else around
        elif sign[:2] == "(?" and sign[-1] in "=!":
            around = depth
        elif found[2]:
            kept.append(found[2] if int(found[3]) <= _MOST_COUNTED else "*")
        else:
            kept.append("(?:" if sign == "(?>" else found[1] or sign)
    return "".join(kept)


def is_irregular(pattern: str) -> bool:
    """Tell whether a pattern asks for what automata cannot do."""
    return bool(_IRREGULAR.search(pattern))


def can_be_compiled(pattern: str) -> bool:
    """Tell whether the automaton of a pattern is not too large, as counts within counts make it."""
    try:
        pl.Series([""]).str.extract_groups(pattern)
    except pl.exceptions.ComputeError:
        return False
    return True
