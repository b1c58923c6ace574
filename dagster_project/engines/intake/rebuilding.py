"""Has every input read again: forgets what was read, but not which lines had arrived before their day was sealed."""

from collections.abc import Iterable
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines.intake.inputs import KnownInputs
from dagster_project.engines.lake import INPUTS, REQUESTS, RUNS, Lake
from dagster_project.engines.purging import forget_inputs
from dagster_project.paths import replacing

ON_TIME = "rebuilding.on_time"  # it lives from the forgetting until all is read again


def forget(lake: Lake) -> None:
    """Make every input new again; what was made of them is swept away before they are read."""
    folder = lake.folder(ON_TIME)
    if not folder.exists():  # a rebuild that was killed remembers more than is left
        with replacing(folder / "part.parquet") as beside:
            pq.write_table(_on_time(lake), beside)
    for table in (RUNS, INPUTS):
        lake.drop(table)
    forget_inputs(lake)


def _on_time(lake: Lake) -> pa.Table:
    """Return the inputs, each with the days of which it held lines that were not late (null where there are none)."""
    names = ["input_id", "day", "is_late"]
    parts = [pq.read_table(path, columns=names, partitioning=None) for path in lake.files(REQUESTS)]
    pairs = [part.filter(pc.invert(part.column("is_late"))).group_by(["input_id", "day"]).aggregate([]) for part in parts]
    days = pa.concat_tables([pa.table({"input_id": pa.array([], pa.string()), "day": pa.array([], pa.date32())}), *pairs])
    inputs = lake.read(INPUTS).select(["input_id", "folder", "site", "bytes"])
    return inputs.join(days.group_by(["input_id", "day"]).aggregate([]), "input_id")


class Remembered:
    """What a rebuild remembers of the inputs; nothing in an ordinary run."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._rows = [row for path in lake.files(ON_TIME) for row in pq.read_table(path, partitioning=None).to_pylist()]

    def inputs(self) -> KnownInputs:
        """Return the inputs that were known, by folder and site: id and size in bytes."""
        known: KnownInputs = {}
        for row in self._rows:
            known.setdefault((row["folder"], row["site"]), {})[row["input_id"]] = row["bytes"]
        return known

    def on_time(self, input_ids: Iterable[str]) -> frozenset[date]:
        """Return the days of which any of the inputs held lines that were not late."""
        wanted = set(input_ids) if self._rows else set()
        return frozenset(row["day"] for row in self._rows if row["input_id"] in wanted and row["day"])

    def end(self) -> None:
        """Forget: all is read again."""
        self._lake.drop(ON_TIME)
