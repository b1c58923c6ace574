"""Files are opened as what they are: a leak in a compressed, nested or half-written one is seen, and named by its file."""

import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.proving.canaries import canaries
from dagster_project.proving.self_test import PLAIN, unseen
from dagster_project.proving.sinks import SORTS, Leak, search, sort_of
from dagster_project.proving.traces import traces

TRACES = traces(canaries(0))
EMAIL = next(canary.text for canary in canaries(0) if canary.kind == "e-mail")


def leaks(folder: Path) -> list[Leak]:
    """Return what the search finds below a folder; that the family name stands in the e-mail address is left out."""
    return sorted(leak for leak in search([folder], TRACES).leaks if leak.kind != "family name")


def test_the_search_sees_one_canary_in_a_file_of_each_sort(tmp_path: Path) -> None:
    """The self-test that every proof begins with."""
    assert unseen(tmp_path / "held", EMAIL, TRACES) == []
    assert len(SORTS) == 10


def test_the_self_test_can_fail(tmp_path: Path) -> None:
    """A search that looks for somebody else sees nothing, and the self-test says so of every sort."""
    assert unseen(tmp_path / "held", "nobody.at.all@example.org", TRACES) == [*SORTS, *PLAIN]


@pytest.mark.parametrize(
    "column", [pa.array([EMAIL]), pa.array([EMAIL]).dictionary_encode(), pa.array([[None, EMAIL]]), pa.array([EMAIL.encode()]), pa.array([{"a": {"b": [EMAIL]}}])]
)
def test_a_leak_in_a_compressed_column_is_seen(column: pa.Array, tmp_path: Path) -> None:
    """The bytes of a Parquet file do not show what it holds."""
    pq.write_table(pa.table({"number": [1], "text": column}), tmp_path / "part.parquet", compression="gzip", write_statistics=False, store_schema=False)
    assert leaks(tmp_path) == [Leak("e-mail", f"{tmp_path.name}/part.parquet")]


def test_archives_in_archives_are_opened(tmp_path: Path) -> None:
    """A backup of an export is a leak too."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", f"ask {EMAIL}")
    (tmp_path / "backup.gz").write_bytes(gzip.compress(inner.getvalue()))
    assert leaks(tmp_path) == [Leak("e-mail", f"{tmp_path.name}/backup.gz")]


def test_a_leak_in_the_name_of_a_file_is_seen(tmp_path: Path) -> None:
    """A partition named after a value leaks it to everyone who lists the folder; whoever is told of it reads no name."""
    (tmp_path / f"user={EMAIL}").mkdir()
    (tmp_path / f"user={EMAIL}" / "empty").write_text("")
    assert leaks(tmp_path) == [Leak("e-mail", f"{tmp_path.name}/\u2026/empty")]


def packed(write: str) -> bytes:
    """Return an archive with two members, the second with the canary in its text or its name."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first", "-")
        archive.writestr(EMAIL if write == "name" else "second", f"a\nb {EMAIL}" if write == "text" else "-")
    return held.getvalue()


def stored(write: str) -> bytes:
    """Return a Parquet file with the canary in a column of another name, or a column named after it."""
    held = io.BytesIO()
    pq.write_table(
        pa.table({"number": ["1"], EMAIL if write == "name" else "text": [EMAIL]}), held, compression="gzip", use_dictionary=False, write_statistics=False, store_schema=False
    )
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "places"),
    [
        (f"one\ntwo {EMAIL} and {EMAIL}\n".encode(), {"line 2, byte 8"}),
        (b"\0\0" + EMAIL.encode(), {"byte 2"}),
        (gzip.compress(f"one\n{EMAIL}".encode()), {"unpacked: line 2, byte 4"}),
        (gzip.compress(packed("text")), {"unpacked: member 2: line 2, byte 4"}),
        (packed("name"), {"name of member 2: line 1, byte 0"}),
        (stored("text"), {"column text"}),
        (stored("name"), {"\u2026"}),
    ],
    ids=["text", "bytes", "gzip", "gzip of an archive", "name in an archive", "column", "name of a column"],  # an archive tells the second it was made
)
def test_the_place_of_a_leak_is_told_and_never_its_text(content: bytes, places: set[str], tmp_path: Path) -> None:
    """Whoever has to mend it must find it, and whoever reads the proof must not."""
    (tmp_path / "file").write_bytes(content)
    assert {leak.place for leak in leaks(tmp_path)} == places


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_leak_in_a_database_is_told_by_table_and_column(engine: str, tmp_path: Path) -> None:
    """A warehouse has hundreds of columns."""
    unseen(tmp_path / "held", EMAIL, TRACES)
    found = {leak.place for leak in leaks(tmp_path) if leak.file.endswith(engine)}
    assert found == {"column main.held.word" if engine == "duckdb" else "column held.word"}


@pytest.mark.parametrize("sort", SORTS)
def test_a_file_cut_short_is_no_reason_to_stop(sort: str, tmp_path: Path) -> None:
    """A run that was killed leaves halves; what is behind them must be searched all the same."""
    unseen(tmp_path / "held", EMAIL, TRACES)
    content = (tmp_path / "held" / sort).read_bytes()
    folder = tmp_path / "cut"
    folder.mkdir()
    (folder / "a").write_bytes(content[: len(content) * 2 // 3])
    (folder / "b").write_text(EMAIL)
    assert Leak("e-mail", "cut/b") in leaks(folder)


def test_files_are_counted_by_what_they_are(tmp_path: Path) -> None:
    """`searched 3 parquet` must mean three files that were opened as Parquet, whatever they are called."""
    unseen(tmp_path / "held", EMAIL, TRACES)
    found = search([tmp_path / "held"], TRACES)
    assert found.files == {**dict.fromkeys(SORTS, 1), "text": 2, "other": 1}
    assert sort_of(b"") == "text"
