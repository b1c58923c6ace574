"""The engine against the reference model on generated worlds: every column of every row."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from dagster_project.engines.decide import decide
from dagster_project.settings import Settings
from tests import reference
from tests.worlds import world, write_landing

SEEDS = range(1, 17)
ACCESSES = 300


def differences(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """Return where two sets of decisions differ, an access a line; distances count to the microsecond."""
    lines = []
    left, right = ({(row["source"], row["event_id"]): row for row in rows} for rows in (expected, found))
    for key in sorted(left.keys() | right.keys()):
        if key not in left or key not in right:
            lines.append(f"{key}: {'missing' if key in left else 'not expected'}")
            continue
        wrong = [f"{name} {right[key].get(name)!r} for {left[key][name]!r}" for name in reference.COLUMNS if value(left[key], name) != value(right[key], name)]
        if wrong:
            lines.append(f"{key} {left[key]['code']}: " + ", ".join(wrong))
    return lines


def value(row: dict[str, Any], name: str) -> Any:
    """Return a column of a row, as far as it is compared."""
    return round(row[name], 6) if isinstance(row.get(name), float) else row.get(name)


@pytest.mark.parametrize("seed", SEEDS)
def test_engine_decides_as_the_reference_does(seed: int, tmp_path: Path) -> None:
    """A verdict may accuse a person: two independent readings of the rules must agree on every access, over 4,000 of them in each run."""
    rng = Random(seed)
    made, as_of = world(rng, ACCESSES)
    write_landing(made, tmp_path / "landing", rng)
    expected = reference.decide(made, as_of)
    found = decide(tmp_path / "landing", as_of, Settings())
    assert found.column_names == list(reference.COLUMNS), f"seed {seed}"
    assert found.num_rows == len(expected), f"seed {seed}: {found.num_rows} rows for {len(expected)}"
    wrong = differences(expected, found.to_pylist())
    assert not wrong, f"seed {seed}, as_of {as_of.isoformat()}, {len(wrong)} of {len(expected)} differ:\n" + "\n".join(wrong[:20])
