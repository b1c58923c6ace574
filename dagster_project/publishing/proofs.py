"""The result of `glasshouse prove`, as HOME keeps it in run.json and a report shows it.

A proof has a date and belongs to one HOME, so the same input does not reproduce it: where nothing was proven, reports are otherwise the same, and say so.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.publishing.run_file import put, read

KEY = "prove"


@dataclass(frozen=True)
class Tried:
    """One thing that was tried, whether it held, and a sentence with its figures."""

    name: str
    held: bool
    sentence: str


@dataclass(frozen=True)
class Proof:
    """The last proof of a HOME: when (UTC), under which settings and code, and how each trial ended."""

    proved_at: datetime
    settings_sha256: str
    code_version: str
    canaries: int
    formats: int
    sinks: int
    leaks: int
    tried: tuple[Tried, ...]

    @property
    def held(self) -> bool:
        """Tell whether all that was tried held."""
        return all(each.held for each in self.tried)


def keep(proof: Proof, home: Path) -> None:
    """Write the proof into HOME's run.json, in place of the last one; what else stands there stays."""
    put(home, KEY, {**asdict(proof), "held": proof.held})


def kept(home: Path) -> Proof | None:
    """Return the last proof of a HOME; None where there is none, or none that this code can read."""
    told = read(home).get(KEY)
    try:
        return _proof(told) if isinstance(told, dict) else None
    except (KeyError, TypeError, ValueError):
        return None


def _proof(told: Mapping[str, Any]) -> Proof:
    tried = tuple(Tried(str(each["name"]), each["held"] is True, str(each["sentence"])) for each in told["tried"])
    counts = {name: int(told[name]) for name in ("canaries", "formats", "sinks", "leaks")}
    return Proof(datetime.fromisoformat(told["proved_at"]), str(told["settings_sha256"]), str(told["code_version"]), tried=tried, **counts)
