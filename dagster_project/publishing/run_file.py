"""HOME/run.json: what has a date or is random, and so is not reproduced by the same input.

`run` is the last run: its wall-clock times, its runs in Dagster's store, its key ids; `prove` is the last proof.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project import __version__
from dagster_project.engines.house import House
from dagster_project.engines.lake import KEYS, Lake
from dagster_project.paths import replacing
from dagster_project.publishing.exports import json_text

NAME = "run.json"


def read(home: Path) -> dict[str, Any]:
    """Return what stands in run.json; nothing where it is missing or damaged."""
    try:
        told = json.loads((home / NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def put(home: Path, name: str, told: Mapping[str, Any]) -> None:
    """Put one part in place of the last of its name; what else stands there stays."""
    with replacing(home / NAME) as beside:
        beside.write_text(json_text({**read(home), name: told}), encoding="utf-8")


def enter(house: House, started_at: datetime, ended_at: datetime, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Enter a run, whether it went well or not: instants are UTC, keys those that live and those that it destroyed."""
    keys = [row for row in Lake(house.home).read(KEYS).to_pylist() if row["destroyed_at"] in (None, house.as_of)]
    told = {
        "started_at": started_at,
        "ended_at": ended_at,
        "seconds": round((ended_at - started_at).total_seconds(), 3),
        "as_of": house.as_of,
        "settings_sha256": house.settings.sha256(),
        "code_version": __version__,
        "jobs": list(jobs),
        "keys": [{"day": row["day"], "key_id": row["key_id"], "is_destroyed": row["destroyed_at"] is not None} for row in sorted(keys, key=lambda row: row["day"])],
    }
    put(house.home, "run", told)
