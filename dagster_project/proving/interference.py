"""Whether a person makes a difference: the tables of two runs that differ in who the people were, compared row by row.

What an input is called follows from its bytes, and those differ: ids of inputs, and findings named after them, are compared up to a
renaming that must be the same in every table.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.lake import Lake

LAYERS = ("measured", "flagged", "reported")
FINDING = "finding_id"


@dataclass
class Compared:
    """How many tables and rows were compared, and the tables that differ."""

    tables: int = 0
    rows: int = 0
    different: list[str] = field(default_factory=list)


def compare(one: Path, other: Path) -> Compared:
    """Compare every stored table of two HOMEs whose rows should be the same."""
    compared = Compared()
    renamed: dict[str, str] = {}
    names = [table.name for table in catalog.tables().values() if table.schema in LAYERS and (Lake(one).has_files(table.name) or Lake(other).has_files(table.name))]
    for name in names:
        left, right = sorted(_rows(one, name)), sorted(_rows(other, name))
        compared.tables += 1
        compared.rows += len(left)
        if [row for row, _ in left] != [row for row, _ in right] or not _is_renaming(renamed, zip((id_ for _, id_ in left), (id_ for _, id_ in right), strict=True)):
            compared.different.append(name)
    return compared


def _is_renaming(known: dict[str, str], pairs: Iterable[tuple[str, str]]) -> bool:
    """Tell whether each id always stands for the same other id, and enter those that are new."""
    return all(known.setdefault(one, other) == other for one, other in pairs) and len(set(known.values())) == len(known)


def _rows(home: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield each row as text, with inputs by the name of their file, beside its finding_id where that follows from an input."""
    lake = Lake(home)
    inputs = {row["input_id"]: row["file_name"] for row in lake.read("ledger.input_files").to_pylist()}
    for path in lake.files(name):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            text = repr([path.parent.name, *(value for column, value in sorted(row.items()) if column != FINDING)])
            for input_id, file_name in inputs.items():
                text = text.replace(input_id, file_name) if input_id[:8] in text else text
            yield text, str(row.get(FINDING, ""))
