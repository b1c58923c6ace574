"""The rehearsal and the search together: what does come out is found, in every sort of file that holds it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project import resources
from dagster_project.proving.canaries import Canary
from dagster_project.proving.planting import plant, settings
from dagster_project.proving.sinks import search
from dagster_project.proving.traces import traces
from dagster_project.settings import Settings

ACCOUNT = "zelda.fitzroy@example.com"


@pytest.mark.slow
def test_what_a_vendor_declares_is_shown_and_found(tmp_path: Path) -> None:
    """Account ids are shown as they are declared: an e-mail address for one must be found in lake, warehouse, report and exports, or the search is blind to them."""
    plant(tmp_path / "landing", 0)
    with (tmp_path / "landing" / "accounts" / "canaries.csv").open("a") as file:
        file.write(f"{ACCOUNT},2025-01-01T00:00:00Z,,,\n")
    line = {"time": "2026-03-02T10:15:00Z", "remote_addr": "192.0.2.7", "method": "GET", "path": "/jobs", "status": 200, "account_id": ACCOUNT}
    log = tmp_path / "landing" / "web_logs" / "json" / "more.log"
    log.write_text(f"{json.dumps(line)}\n" * 3)
    (tmp_path / "settings.json").write_text(settings(Settings()).model_dump_json())
    for name in ("exports", "user", "tmp"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "dagster_project.rehearsal", str(tmp_path), "0"]
    done = subprocess.run(command, env=resources.environment_below(tmp_path), capture_output=True, check=False, timeout=600)
    assert done.returncode == 0
    known = traces([Canary("declared account", ACCOUNT, ACCOUNT)])
    found = {leak.file for name in ("home", "exports") for leak in search([tmp_path / name], known).leaks}
    assert {"home/warehouse.duckdb", "home/reports/2026-03/report.html", "home/reports/2026-03/report.json"} <= found
    assert any(name.startswith("home/lake/scrubbed/requests/") for name in found)
    assert any(name.startswith("exports/") for name in found)
    assert not any(name.startswith("home/dagster/") for name in found)
    told = json.loads((tmp_path / "faults.json").read_text())
    assert told["steps"] == told["steps_failed"]
    assert set(told["steps"]) < set(told["steps_failed_for_good"])
    assert set(told["selects"]) <= set(told["selects_failed"])
