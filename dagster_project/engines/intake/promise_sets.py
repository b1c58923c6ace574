"""The promises that settings choose: sets that come with Glasshouse, or files of the same form."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster_project.engines import catalog
from dagster_project.errors import SettingsError
from dagster_project.settings import Settings

OWN_SETS = Path(__file__).resolve().parents[2] / "promises"


def promises(settings: Settings) -> list[dict[str, Any]]:
    """Return the rows of scrubbed.promises; which controls decide a promise stands in the headers of sql/3_flagged.

    Raises SettingsError for a set that is not there or not of that shape.
    """
    return [row for name in settings.promises.policies for row in _set(name, settings)]


def _set(name: str, settings: Settings) -> Iterator[dict[str, Any]]:
    path = OWN_SETS / f"{name}.toml" if "/" not in name and not name.endswith(".toml") else Path(name)
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        for promise in read["promise"]:
            yield {
                "policy": read["policy"],
                "promise_id": promise["id"],
                "promised": promise["promised"],
                "controls": sorted(table.name.split(".")[1] for table in catalog.tables().values() if promise["id"] in table.promises),
                "evidence": list(promise["evidence"]),
                "not_applicable_reason": settings.promises.not_applicable.get(promise["id"]),
            }
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError):
        known = ", ".join(sorted(file.stem for file in OWN_SETS.glob("*.toml")))
        raise SettingsError(f"promises.policies: one of the sets is neither one of {known} nor a file like dagster_project/promises/clientrunner.toml") from None
