"""The attackers of the proof win where they can: otherwise it proves nothing that they lose."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.proving.attacks import VISITORS, TokenAttack, attack_cells, attack_tokens, sums, widths
from dagster_project.publishing.suppress import BREAKDOWNS
from tests.publishing.test_suppress import ROUTES, released, routes


def test_tokens_are_found_with_the_key_and_not_without(tmp_path: Path) -> None:
    """CR-7: the key is all that links a token to an address, and it is gone."""
    attacked = attack_tokens(tmp_path)
    assert (attacked.tokens, attacked.found_with_key, attacked.found_without) == (VISITORS, VISITORS, 0)
    assert attacked.keys_tried > 5
    assert attacked.held


@pytest.mark.parametrize("changed", [{"found_without": 1}, {"found_with_key": 59}, {"is_key_left": True}, {"tokens": 0, "found_with_key": 0}])
def test_an_attack_that_shows_nothing_has_not_held(changed: dict[str, Any]) -> None:
    """No tokens, a key that does not open them, or a key still there: each makes the experiment void."""
    assert not replace(TokenAttack(60, 60, 0, 15, is_key_left=False), **changed).held


def cell(requests: int | None, visitors: int | None) -> dict[str, Any]:
    """Return a published cell; without requests it is hidden."""
    return {"requests": requests, "visitor_days": visitors, "is_suppressed": requests is None}


@pytest.mark.parametrize(
    ("rows", "total", "expected"),
    [
        ([cell(100, 20), cell(None, None)], 107, [4.0]),  # 107 less 98 to 102
        ([cell(100, 20), cell(None, None), cell(None, None)], 112, [12.0, 12.0]),
        ([cell(None, None)], 3, [0.0]),
        ([cell(100, 20), cell(None, None)], 50, [0.0]),  # no solution: what was published cannot be
    ],
)
def test_the_programme_finds_the_range_of_a_hidden_cell(rows: list[dict[str, Any]], total: int, expected: list[float]) -> None:
    """By hand: the sum less what is shown, each shown cell within 2 of its rounded value, every hidden one at least 1."""
    assert widths(rows, "requests", total, 10) == pytest.approx(expected)


def test_the_demo_gives_no_hidden_cell_away(demo_home: Path) -> None:
    """The attack must have something to attack."""
    engine = DuckDBEngine(demo_home)
    try:
        attacked = attack_cells(engine, 10)
        assert attacked.narrowed == 0
        assert attacked.sums > 50
        assert attacked.hidden > attacked.sums
        assert attack_cells(engine, 10_000).narrowed > 0
    finally:
        engine.close()


def test_that_a_log_tells_no_sizes_is_no_success() -> None:
    """Its bytes are none in every cell, hidden or not: such a house would be reported as broken each week."""
    cells = [("/a", "2xx", 40, 0, 9), ("/b", "2xx", 90, 0, 30), ("/c", "2xx", 50, 0, 30)]
    [(rows, measure, total)] = sums(routes(cells), released(cells).published, BREAKDOWNS[ROUTES])
    assert (measure, total) == ("requests", 180)
    assert min(widths(rows, measure, total, 10)) >= 10


def test_a_house_that_published_nothing_has_nothing_to_attack(tmp_path: Path) -> None:
    """An empty HOME is no fault."""
    engine = DuckDBEngine(tmp_path)
    try:
        assert (attack_cells(engine, 10).sums, attack_cells(engine, 10).narrowed) == (0, 0)
    finally:
        engine.close()
