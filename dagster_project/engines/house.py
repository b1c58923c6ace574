"""What a run is given: places, settings, the as-of and the key-encryption key. Keep out: reading the environment or the clock."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dagster_project import __version__
from dagster_project.settings import Settings

Watch = Callable[[str, int, int], None]  # gets the progress of a step: its name, how much is done, how much there is
Tell = Callable[[str], None]  # gets a warning, one sentence


def unwatched(_step: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


def untold(_sentence: str) -> None:
    """Tell a warning to nobody."""


@dataclass(frozen=True)
class House:
    """The places, settings and instants of one run; `landing` is None for jobs that read nothing new."""

    home: Path
    landing: Path | None
    settings: Settings
    settings_folder: Path
    as_of: datetime
    key_directory: Path
    key_encryption_key: bytes | None = None
    should_rebuild: bool = False
    watch: Watch = unwatched
    tell: Tell = untold

    def run_id(self, input_ids: list[str]) -> str:
        """Return the run's name, the same for the same settings, code, as-of and new inputs."""
        parts = [self.settings.sha256(), __version__, self.as_of.isoformat(), *sorted(input_ids)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
