"""Which source of access events reads a file, which sources have stamps of whole seconds, and the gaps that sources prove themselves."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from dagster_project.engines.intake.inputs import ACCESS_EVENTS
from dagster_project.engines.lake import schema
from dagster_project.errors import DamagedError
from dagster_project.reading.accesses.adapters import ADAPTERS, beginning, chosen
from dagster_project.reading.accesses.attestations import Attestation, Proof, stated_gaps
from dagster_project.reading.accesses.events import Adapter
from dagster_project.reading.accesses.postgres import sessions
from dagster_project.reading.accesses.services import digest_chains
from dagster_project.reading.files import Found, found
from dagster_project.settings import Settings, Source


def adapter_of(file: Found, settings: Settings) -> Adapter | None:
    """Return the source that reads a file; None for the native form."""
    return chosen(file.site, settings.sources.get(file.site, Source()), beginning(file))


def name_below(file: Found) -> str:
    """Return the name of a file below the folder of its source."""
    parts = file.path.parts
    start = len(parts) - 1 - parts[::-1].index(ACCESS_EVENTS) if ACCESS_EVENTS in parts else len(parts) - 2
    inside = parts[start + 1 :]
    return "/".join(inside[1:] if len(inside) > 1 else inside)


def source_proofs(said: pa.Table) -> list[tuple[str, Proof]]:
    """Return what follows from rows of ledger.attestations, by source."""
    by: dict[str, list[Attestation]] = {}
    for row in said.to_pylist():
        by.setdefault(row["source"], []).append(Attestation(**{name: row[name] for name in Attestation._fields}))
    return [(source, proof) for source in sorted(by) for proof in (*stated_gaps(by[source]), *digest_chains.proofs(by[source]), *sessions.proofs(by[source]))]


def source_gaps(proven: Iterable[tuple[str, Proof]]) -> pa.Table:
    """Return the rows of ledger.source_gaps for what was proven."""
    rows = [{"source": source, "gap_from": proof.begin, "gap_to": proof.end, "rule": proof.rule, "object": proof.object} for source, proof in proven if proof.is_gap]
    return pa.Table.from_pylist(rows, schema("ledger.source_gaps"))


def gaps(found: pa.Table) -> pa.Table:
    """Return the rows of scrubbed.gaps for those of ledger.source_gaps."""
    names = schema("scrubbed.gaps").names
    return found.select(names).group_by(names).aggregate([]).sort_by([(name, "ascending") for name in names]).select(names).cast(schema("scrubbed.gaps"))


def whole_second_sources(landing: Path, settings: Settings) -> set[str]:
    """Return the sources below access_events/ with a file in a form whose stamps stand for whole seconds."""
    names: set[str] = set()
    for file in found(landing, ACCESS_EVENTS):
        try:
            if file.site not in names and (adapter := adapter_of(file, settings)) and adapter.whole_seconds:
                names.add(file.site)
        except DamagedError:
            continue  # it is refused when it is read
    return names


def whole_second_inputs(inputs: pa.Table) -> set[str]:
    """Return such sources among the rows of ledger.inputs."""
    rows = inputs.select(["folder", "site", "format"]).to_pylist()
    adapters = ((row["site"], ADAPTERS.get((row["format"] or "").split(" ")[0])) for row in rows if row["folder"] == ACCESS_EVENTS)
    return {site for site, adapter in adapters if adapter and adapter.whole_seconds}
