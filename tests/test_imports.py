"""Import contracts: each is seen to fail when it is broken in a copy of the package, so that none of them is an empty promise."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = [contract["name"] for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]]
ONE_WAY, PURE, NO_DAGSTER, ONE_JUDGE, LOGS, ACCESSES, PGAUDIT, STATEMENTS = CONTRACTS


def broken(folder: Path) -> set[str]:
    """Return the names of the contracts that import-linter finds broken below a folder."""
    program = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([str(program), "--no-cache"], cwd=folder, env={"PYTHONPATH": str(folder), "PATH": ""}, capture_output=True, text=True, check=False, timeout=120)
    assert "Contracts: " in ended.stdout, ended.stderr
    found = {name for name in CONTRACTS if f"{name} BROKEN" in ended.stdout}
    assert (ended.returncode != 0) == bool(found)
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of the package with its contracts."""
    shutil.copytree(ROOT / "dagster_project", tmp_path / "dagster_project", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_package_keeps_every_contract() -> None:
    """What a module may import is what keeps readers free of engines and engines free of Dagster."""
    assert broken(ROOT) == set()


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("errors.py", "from dagster_project import settings", ONE_WAY),
        ("reading/files.py", "from dagster_project.scrubbing import people", ONE_WAY),
        ("scrubbing/scrub.py", "from dagster_project.reading import files", ONE_WAY),
        ("evidence/keyring.py", "from dagster_project.engines import lake", ONE_WAY),
        ("publishing/packs.py", "from dagster_project import cli", ONE_WAY),
        ("reading/files.py", "import duckdb", PURE),
        ("scrubbing/scrub.py", "import dagster", PURE),
        ("settings.py", "import sqlalchemy", PURE),
        ("errors.py", "import great_expectations", PURE),
        ("engines/lake.py", "import dagster", NO_DAGSTER),
        ("publishing/report.py", "from great_expectations import core", NO_DAGSTER),
        ("evidence/scan.py", "import dagster", NO_DAGSTER),
        ("cli/daily.py", "import great_expectations", ONE_JUDGE),
        ("automation.py", "import great_expectations", ONE_JUDGE),
        ("resources.py", "import dagster", NO_DAGSTER),
        ("dagster_resources.py", "import great_expectations", ONE_JUDGE),
        ("reading/logs/values/row.py", "from dagster_project.reading.logs.layouts import layout", LOGS),
        ("reading/accesses/statements/trees.py", "from dagster_project.reading.accesses import reader", ACCESSES),
        ("reading/accesses/postgres/audits.py", "from dagster_project.reading.accesses.postgres import pgaudit", PGAUDIT),
        ("reading/accesses/statements/columns.py", "from dagster_project.reading.accesses.statements import bounds", STATEMENTS),
    ],
)
def test_each_contract_is_seen_to_break(module: str, line: str, contract: str, copy: Path) -> None:
    """A contract that names a module which no longer exists, or no module at all, would hold for ever; one line can break several, through what imports it."""
    with (copy / "dagster_project" / module).open("a") as file:
        file.write(f"\n{line}\n")
    assert contract in broken(copy)
