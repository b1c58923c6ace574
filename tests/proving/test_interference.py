"""Two runs are compared row by row, up to the names that follow from the bytes of their inputs."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.engines.lake import Lake, schema
from dagster_project.proving.interference import compare

HOMES = ("one", "other")


def home(root: Path, name: str, **changed: object) -> Path:
    """Write a HOME with an input and a finding about a line of it; what is changed stands in the finding."""
    lake = Lake(root / name)
    input_id = f"{name:0>8}" * 4
    names = pa.Table.from_pylist([{"input_id": input_id, "file_name": "web_logs/a.log", "advice": None}], schema("ledger.input_files"))
    lake.write("ledger.input_files", names, "part")
    finding = {"finding_id": f"{name}-1", "code": "CARD", "summary": f"line 7 of input {input_id}", "line_number": 7} | changed
    for table in ("flagged.card_number_in_logs", "reported.findings"):
        folder = lake.folder(table)
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist([finding]), folder / "part.parquet")
    return root / name


def test_the_same_up_to_names_of_inputs_is_the_same(tmp_path: Path) -> None:
    """Other bytes have other names; that is no influence of a person."""
    compared = compare(*(home(tmp_path, name) for name in HOMES))
    assert (compared.tables, compared.rows, compared.different) == (2, 2, [])


@pytest.mark.parametrize("changed", [{"code": "OTHER"}, {"line_number": 8}, {"summary": "line 8"}, {"summary": None}])
def test_any_other_cell_counts(changed: dict[str, object], tmp_path: Path) -> None:
    """A route, a count or a word that changes with the person tells of the person."""
    compared = compare(home(tmp_path, "one"), home(tmp_path, "other", **changed))
    assert compared.different == ["flagged.card_number_in_logs", "reported.findings"]


def test_a_row_more_counts(tmp_path: Path) -> None:
    """So does a table that only one of both has."""
    one, other = (home(tmp_path, name) for name in HOMES)
    path = Lake(other).folder("reported.findings") / "part.parquet"
    rows = pq.read_table(path, partitioning=None)
    pq.write_table(pa.concat_tables([rows, rows]), path)
    (Lake(one).folder("flagged.card_number_in_logs") / "part.parquet").unlink()
    assert compare(one, other).different == ["flagged.card_number_in_logs", "reported.findings"]


def test_a_renaming_must_be_one(tmp_path: Path) -> None:
    """A finding that two tables call differently in one run and alike in the other is not the same finding."""
    one, other = (home(tmp_path, name) for name in HOMES)
    path = Lake(other).folder("reported.findings") / "part.parquet"
    row = pq.read_table(path, partitioning=None).to_pylist()[0]
    pq.write_table(pa.Table.from_pylist([row | {"finding_id": "another"}]), path)
    assert compare(one, other).different == ["reported.findings"]
