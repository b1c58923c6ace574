"""Which source of access events reads a file, and what its form says of the whole source."""

from pathlib import Path

import pyarrow as pa

from dagster_project.errors import DamagedError
from dagster_project.reading.accesses.adapters import ADAPTERS, chosen
from dagster_project.reading.accesses.events import Adapter
from dagster_project.reading.files import Found, body, found, head
from dagster_project.settings import Settings, Source

FOLDER = "access_events"
FIRST_BYTES = 1 << 16
PARQUET = b"PAR1"


def adapter_of(file: Found, settings: Settings) -> Adapter | None:
    """Return the source that reads a file; None for the native form."""
    declared = settings.sources.get(file.site, Source())
    first = head(file.path, FIRST_BYTES)
    return chosen(file.site, declared.format or ("json" if declared.fields else None), body(file) if first.startswith(PARQUET) else first)


def whole_second_sources(landing: Path, settings: Settings) -> set[str]:
    """Return the sources below access_events/ with a file in a form whose stamps stand for whole seconds."""
    names: set[str] = set()
    for file in found(landing, FOLDER):
        try:
            if file.site not in names and (adapter := adapter_of(file, settings)) and adapter.whole_seconds:
                names.add(file.site)
        except DamagedError:
            continue  # it is refused when it is read
    return names


def whole_second_inputs(inputs: pa.Table) -> set[str]:
    """Return such sources among the rows of ledger.inputs."""
    rows = inputs.select(["folder", "site", "format"]).to_pylist()
    adapters = ((row["site"], ADAPTERS.get((row["format"] or "").split(" ")[0])) for row in rows if row["folder"] == FOLDER)
    return {site for site, adapter in adapters if adapter and adapter.whole_seconds}
