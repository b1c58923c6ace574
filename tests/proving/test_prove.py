"""What the proof makes of its experiments: each that shows nothing, or shows a leak, must not count as held."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagster_project import resources
from dagster_project.cli.common import house_of
from dagster_project.errors import GlasshouseError, UsageError
from dagster_project.proving.attacks import CellAttack, TokenAttack
from dagster_project.proving.interference import Compared
from dagster_project.proving.planting import Planted
from dagster_project.proving.prove import FILE_NAMES_STAND_IN, Rehearsed, _attacked, _compared, _end, _scanned, _searched, look
from dagster_project.proving.sinks import Found, Leak

PLANTED = Planted(Counter(json=1848, iis=1344), 3530)
GOOD = Rehearsed(PLANTED, {"json": 1680, "iis": 1125}, Found(set(), Counter(parquet=2)), 66, 66, 56, 56, 33_000_000, Compared(57, 10_000))


@pytest.fixture
def running() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Give a list of processes that are ended after the test."""
    held: list[subprocess.Popen[bytes]] = []
    yield held
    for each in held:
        each.kill()
        each.wait()


def test_a_good_rehearsal_holds() -> None:
    """With its figures in words, since a reader of the report sees nothing else."""
    tried = _searched(GOOD, [])
    assert [each.held for each in tried] == [True, True, True]
    assert "3,192 lines of 2 log formats" in tried[1].sentence
    assert "66 of 66 steps and 56 of 56 selects failed on purpose" in tried[2].sentence


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({"found": Found({Leak("e-mail", "home/lake/a.parquet")})}, "invented persons"),
        ({"parsed": {"json": 1680}}, "invented persons"),
        ({"parsed": {"json": 1680, "iis": 0}}, "invented persons"),
        ({"steps_failed": 65}, "faults and little memory"),
        ({"selects_failed": 55}, "faults and little memory"),
        ({"spilled_bytes": 0}, "faults and little memory"),
    ],
)
def test_a_rehearsal_that_leaks_or_shows_nothing_does_not_hold(changed: dict[str, Any], failed: str) -> None:
    """A format that nobody read, a step that never failed and a disk that was never used prove nothing."""
    assert [each.name for each in _searched(replace(GOOD, **changed), []) if not each.held] == [failed]


def test_a_blind_search_does_not_hold() -> None:
    """Then its finding nothing elsewhere is worth nothing."""
    assert [each.name for each in _searched(GOOD, ["zip"]) if not each.held] == ["the search itself"]


@pytest.mark.parametrize("compared", [Compared(), Compared(57, 10_000, ["measured.site_pages_daily"])])
def test_no_table_or_another_table_does_not_hold(compared: Compared) -> None:
    """Two empty worlds are the same too."""
    assert not _compared(compared)[0].held


def test_attacks_and_scans_that_succeed_do_not_hold() -> None:
    """What was caught before it was stored is told apart from what is stored."""
    won = _attacked(TokenAttack(60, 60, 1, 15, is_key_left=False), CellAttack(246, 1943, 1))
    assert [each.held for each in won] == [False, False]
    row = {"table_name": "scrubbed.routes", "column_name": "route", "kind": "email", "values_scanned": 9, "hits": 1}
    assert not _scanned([row]).held
    assert _scanned([row | {"kind": "backstop"}, row | {"hits": 0}]).held


@pytest.mark.parametrize("code", ["raise SystemExit(4)", "import os; os.abort()"])
def test_a_rehearsal_that_breaks_down_proves_nothing(code: str, running: list["subprocess.Popen[bytes]"]) -> None:
    """Half a run leaves little to find: that must not pass for clean."""
    running += [subprocess.Popen([sys.executable, "-c", each], stderr=subprocess.DEVNULL) for each in ("", code)]
    with pytest.raises(GlasshouseError, match="nothing is proven"):
        _end(running)


def test_the_rehearsal_lives_below_its_folder_and_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it writes anywhere must be found, and the keys of the real house are none of its business."""
    monkeypatch.setenv("GLASSHOUSE_KEK", "ab" * 32)
    monkeypatch.setenv("DAGSTER_HOME", "/elsewhere")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    made = resources.environment_below(tmp_path)
    assert {name: made[name] for name in ("HOME", "XDG_STATE_HOME", "TMPDIR")} == {"HOME": f"{tmp_path}/user", "XDG_STATE_HOME": f"{tmp_path}/state", "TMPDIR": f"{tmp_path}/tmp"}
    assert not made.keys() & {"GLASSHOUSE_KEK", "DAGSTER_HOME", "CREDENTIALS_DIRECTORY"}


def test_names_of_files_may_stand_in_few_places() -> None:
    """A file can be named after a customer: never in the warehouse, never in a report."""
    assert not any(
        place.startswith(FILE_NAMES_STAND_IN) for place in ("home/warehouse.duckdb", "home/reports/2026-03/report.html", "home/dagster/history/runs.db", "exports/a.csv")
    )


def test_a_house_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A run at work moves files: DuckDB's words about them must not reach the console, and nothing counts as proven."""
    folder = tmp_path / "lake" / "scrubbed" / "routes"
    folder.mkdir(parents=True)
    (folder / "part.parquet").write_bytes(b"PAR1 of jane@example.com")
    with pytest.raises(UsageError, match="changed meanwhile"):
        look(house_of(tmp_path))
