"""What must not change a verdict, on generated worlds: the clock moved, a permission of somebody else, one told in two parts, another order of rows and files."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dagster_project.engines.decide import decide
from dagster_project.settings import Settings
from tests import reference
from tests.worlds import DRAWN, HOUR, INSTANTS, US, Row, World, is_instant, world, write_landing

SEEDS, ACCESSES = DRAWN["test_decide_follows"]
SECOND_PART = "~2"
KEYS = {
    "access_events": ("source", "event_id"), "grants": ("grant_id",), "emergencies": ("emergency_id",), "policies": ("policy_id",), "accounts": ("account_id",),
    "sources": ("source",),
}  # fmt: skip
OF_TIME = ("occurred_at", "uncovered_from", "uncovered_to")

Rows = list[dict[str, Any]]
Changed = tuple[World, datetime]


def as_instant(text: Any) -> datetime | None:
    """Return a stamp that can be read and has a zone, to the microsecond."""
    return datetime.fromisoformat(text) if isinstance(text, str) and is_instant(text) else None


def plain(made: World) -> World:
    """Return a world that no order of rows can change: one row of each key, and no stamp of an access that depends on a zone."""
    kept: World = {}
    for folder, rows in made.items():
        seen: set[tuple[Any, ...]] = set()
        kept[folder] = []
        for row in rows:
            key = tuple(row.get(name) for name in KEYS.get(folder, ()))
            is_zoned = folder != "access_events" or all(as_instant(row[name]) for name in INSTANTS if row.get(name) is not None)
            if is_zoned and (not key or key not in seen):
                seen.add(key)
                kept[folder].append(row)
    return kept


def shifted(made: World, as_of: datetime, rng: Random) -> Changed:
    """Move every instant by the same time, in whole seconds, as some sources tell no more."""
    by = shift_of(rng)
    moved = {folder: [{name: later(name, value, by) for name, value in row.items()} for row in rows] for folder, rows in made.items()}
    return moved, as_of + by


def shift_of(rng: Random) -> timedelta:
    """Return by how much a seed moves its world."""
    return timedelta(days=rng.randint(-900, 900), seconds=rng.randint(1, 86_399))


def later(name: str, value: Any, by: timedelta) -> Any:
    """Return a value of a row, moved where it is an instant."""
    at = as_instant(value) if name in INSTANTS else None
    return value if at is None else (at + by).isoformat()


def with_unrelated_grants(made: World, as_of: datetime, rng: Random) -> Changed:
    """Add grants of an account nobody reaches, such as are recorded after the as-of, and such as never cover an instant."""
    added: list[Row] = []
    for number, row in enumerate(made["grants"]):
        begin = as_instant(row["valid_from"])
        if begin is None or not reference.is_grantee(row["grantee"]):
            continue
        other = {**row, "grant_id": f"{rng.choice('0g~')}-other-{number}", "revoked_at": None, "revocation_recorded_at": None}
        kinds: tuple[Row, ...] = ({"account_id": "nobody's"}, {"recorded_at": (as_of + US).isoformat()}, {"valid_to": (begin - rng.choice((0, 1)) * US).isoformat()})
        added.append(other | rng.choice(kinds))
    return {**made, "grants": [*added, *made["grants"]]}, as_of


def with_split_grants(made: World, as_of: datetime, rng: Random) -> Changed:
    """Tell each grant as two that follow on each other, both before its revocation: a part that begins after it is revoked and not yet valid at once."""
    parts: list[Row] = []
    for row in made["grants"]:
        begin, end, revoked = (as_instant(row.get(name)) for name in ("valid_from", "valid_to", "revoked_at"))
        last = end or (begin and begin + 4 * HOUR)
        if begin is None or last is None or last <= begin + US or (row.get("valid_to") and end is None):
            parts.append(row)
            continue
        cut = begin + rng.randint(1, (last - begin) // US - 1) * US
        cut = rng.choice((cut, cut.replace(minute=0, second=0, microsecond=0)))
        if not begin < cut < last or (revoked and revoked <= cut):
            parts.append(row)
        else:
            second = {**row, "grant_id": row["grant_id"] + SECOND_PART, "valid_from": cut.isoformat()}
            parts += [{**row, "valid_to": cut.isoformat()}, second]
    return {**made, "grants": parts}, as_of


def permuted(made: World, as_of: datetime, rng: Random) -> Changed:
    """Shuffle the rows of each folder; the files they stand in differ by the seed."""
    return {folder: rng.sample(rows, len(rows)) for folder, rows in made.items()}, as_of


def judged(made: World, as_of: datetime, folder: Path, rng: Random) -> dict[tuple[str, str], Row]:
    """Return the decisions on a world by event."""
    write_landing(made, folder, rng)
    return {(row["source"], row["event_id"]): row for row in decide(folder, as_of, Settings()).to_pylist()}


@cache
def unchanged(seed: int) -> tuple[World, datetime, dict[tuple[str, str], Row]]:
    """Return the world of a seed, its as-of and its decisions, with which each change is compared."""
    made, as_of = world(Random(seed), ACCESSES)
    with TemporaryDirectory() as folder:
        return plain(made), as_of, judged(plain(made), as_of, Path(folder) / "landing", Random(seed))


def unlike(row: Row, other: Row, by: timedelta) -> list[str]:
    """Return the columns in which two decisions differ, once time is moved back and the parts of a grant are one again."""

    def told(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 6)
        if isinstance(value, datetime):
            return value - by
        return value.removesuffix(SECOND_PART) if isinstance(value, str) else value

    return [name for name in reference.COLUMNS if told(other[name]) != (round(row[name], 6) if isinstance(row[name], float) else row[name])]


@pytest.mark.parametrize("change", [shifted, with_unrelated_grants, with_split_grants, permuted], ids=lambda change: change.__name__)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_verdicts_follow(seed: int, change: Callable[[World, datetime, Random], Changed], tmp_path: Path) -> None:
    """A rule that looks at anything but its own facts would show here, whatever both readings of the rules agree on."""
    made, as_of, before = unchanged(seed)
    after = judged(*change(made, as_of, Random(seed)), tmp_path / "after", Random(seed + 1))
    by = shift_of(Random(seed)) if change is shifted else timedelta(0)
    assert before, f"seed {seed}"
    assert before.keys() == after.keys(), f"seed {seed}"
    wrong = [f"{key} {before[key]['code']} {after[key]['code']}: {names}" for key in sorted(before) if (names := unlike(before[key], after[key], by))]
    assert not wrong, f"seed {seed}, as_of {as_of.isoformat()}, {len(wrong)} of {len(before)} differ:\n" + "\n".join(wrong[:20])
