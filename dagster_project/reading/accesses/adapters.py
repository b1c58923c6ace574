"""Which source of access events reads a file: by settings, else by the native columns, by the folder's name, or by its first bytes."""

from collections.abc import Mapping

from dagster_project.reading.accesses import cloudtrail, github, google, mapped, native, ocsf, okta, salesforce, teleport, zendesk
from dagster_project.reading.accesses.events import Adapter

ADAPTERS: Mapping[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        cloudtrail.ADAPTER,
        google.ADAPTER,
        ocsf.ADAPTER,
        okta.ADAPTER,
        salesforce.ADAPTER,
        zendesk.ADAPTER,
        github.ADAPTER,
        teleport.ADAPTER,
        mapped.ADAPTER,
    )
}


def chosen(folder: str, declared: str | None, first: bytes) -> Adapter | None:
    """Return the source that reads a file below access_events/<folder>/; None for the native form.

    `declared` is the format of settings, `first` the first bytes of the file (all, of Parquet).
    """
    if declared:
        return ADAPTERS.get(declared)
    if native.is_mine(first):
        return None
    return ADAPTERS.get(folder) or next((adapter for adapter in ADAPTERS.values() if adapter.is_mine(first)), None)
