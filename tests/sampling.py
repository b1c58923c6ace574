"""A sample of many cases for each run of CI; `make test-slow` runs the others."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], is_sampled: Callable[[int], bool]) -> list[Any]:
    """Return all cases as parameters: what the sample leaves out, told by its place from 0, is marked slow."""
    return [case if is_sampled(place) else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for place, case in enumerate(cases)]
