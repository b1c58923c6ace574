"""docs/policy.md, the promise sets and the headers of sql/3_flagged tell the same story."""

import re
import tomllib
from pathlib import Path

import pytest

from dagster_project.engines import catalog

SETS = sorted((catalog.root() / "dagster_project" / "promises").glob("*.toml"))
PAGE = (catalog.root() / "docs" / "policy.md").read_text(encoding="utf-8")
ROWS = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()) if re.fullmatch(r"C[RE]-\d+", cells[0])}
PROMISES = {promise["id"]: promise for path in SETS for promise in tomllib.loads(path.read_text(encoding="utf-8"))["promise"]}
FOLDERS = {name.removeprefix("scrubbed.") for name in catalog.tables() if name.startswith("scrubbed.")} | {"web_logs", "request_logs", "records"}


def controls_of(promise_id: str) -> set[str]:
    """Return the controls whose second line names a promise."""
    return {name.removeprefix("flagged.") for name, table in catalog.tables().items() if promise_id in table.promises}


def test_the_page_lists_the_promises_of_every_set() -> None:
    """Whoever reads the page must be able to rely on it being all."""
    assert set(ROWS) == set(PROMISES)


@pytest.mark.parametrize("promise_id", sorted(PROMISES))
def test_a_promise_reads_the_same_everywhere(promise_id: str) -> None:
    """A control or an input that only one of them names would leave a promise looking proven that is not."""
    promised, evidence, controls, *_ = ROWS[promise_id]
    promise = PROMISES[promise_id]
    assert promised == promise["promised"]
    assert evidence == (", ".join(promise["evidence"]) or "what is stored")
    assert set(controls.split(", ")) == controls_of(promise_id) != set()
    assert set(promise["evidence"]) <= FOLDERS


def test_every_promise_of_a_header_exists() -> None:
    """A promise id mistyped in a control would break nothing, ever."""
    assert {promise for table in catalog.tables().values() for promise in table.promises} <= set(PROMISES)


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_a_set_has_the_shape_that_other_vendors_copy(path: Path) -> None:
    """Another vendor's set is a file of the same shape, so ours must not stray from it."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(found) == {"policy", "promise"}
    assert found["policy"] == path.stem
    assert all(set(promise) == {"id", "promised", "evidence"} for promise in found["promise"])
    assert len({promise["id"] for promise in found["promise"]}) == len(found["promise"])


def test_the_page_names_the_controls_that_break_no_promise() -> None:
    """Findings that break no promise are findings all the same: their meaning must stand somewhere."""
    beside = [name for name, table in catalog.tables().items() if table.is_control and not table.promises]
    assert beside
    assert all(f"`{name.removeprefix('flagged.')}`" in PAGE for name in beside)
