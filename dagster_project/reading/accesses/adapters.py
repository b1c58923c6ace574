"""Chooses what reads a file of access events: by settings, else by the native columns, by the folder's name, or by its first bytes."""

from codecs import BOM_UTF8
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.reading.accesses import mapped, native, packed
from dagster_project.reading.accesses.events import Adapter
from dagster_project.reading.accesses.native import PARQUET
from dagster_project.reading.accesses.postgres import pgaudit
from dagster_project.reading.accesses.services import cloudtrail, github, google, ocsf, okta, salesforce, teleport, zendesk
from dagster_project.reading.files import Body, Found, head
from dagster_project.settings import Source

_FIRST_BYTES = 1 << 16
ADAPTERS: Mapping[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        pgaudit.ADAPTER,
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


def beginning(file: Found) -> bytes:
    """Return the first bytes of a file, decompressed; of Parquet its mark and the names of its columns. Raises DamagedError where it cannot be read."""
    first = head(file.path, _FIRST_BYTES)
    text = first.removeprefix(BOM_UTF8).lstrip()
    if packed.is_packed(text):
        return packed.beginning(text)
    if not first.startswith(PARQUET):
        return packed.within(first)
    try:
        with Body.of(file.path).seekable() as stream:
            names = pq.read_schema(stream).names
    except (pa.ArrowException, OSError):
        return first
    return b" ".join([PARQUET, *(name.encode() for name in names)])


def chosen(folder: str, declared: Source, first: bytes) -> Adapter | None:
    """Return the adapter for a file below access_events/<folder>/; None for native events.

    `declared` is what settings say of the source, `first` the file's `beginning`.
    """
    if declared.format:
        return ADAPTERS.get(declared.format)
    if native.is_mine(first):
        return None
    told = ADAPTERS.get(folder) or next((adapter for adapter in ADAPTERS.values() if adapter.is_mine(first)), None)
    return told or (mapped.ADAPTER if declared.fields else None)
