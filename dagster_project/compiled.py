"""Machine code for what walks through many bytes: functions of numbers and arrays, compiled by Numba, free of Python's lock.

The compiler takes most of a second to start, and a hundred megabytes. So modules with compiled functions are imported where they are used, and only
where they pay; until then the exact code reads, which says the same.
"""

from collections.abc import Callable
from typing import Any

FEWEST_ROWS = 20_000
_UNCOUNTED: dict[str, Any] = {"_nrt": False}
"""Compiled code makes no arrays: Numba need not count who holds those it is given, which it does at each call of a part and which takes longer than most parts."""
_rows = 0


def pays(rows: int) -> bool:
    """Tell whether this process has seen as many rows, with these, as compiled code is worth."""
    global _rows  # noqa: PLW0603 - what a process has paid for is known in all of it
    _rows += rows
    return _rows >= FEWEST_ROWS


def begin() -> None:
    """Have compiled code read from here on, however few rows there are."""
    pays(FEWEST_ROWS)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call; the code is kept for later processes wherever there is a folder for it."""
    import numba

    try:
        return numba.njit(function, nogil=True, cache=True, **_UNCOUNTED)
    except RuntimeError:
        return numba.njit(function, nogil=True, **_UNCOUNTED)


def part(function: Callable[..., Any]) -> Any:
    """Compile a function that only compiled ones call, as a piece of their code."""
    import numba

    return numba.njit(function, forceinline=True, **_UNCOUNTED)
