"""Measures the record stores that settings declare and the landing folder holds, each once a UTC day, and remembers what unchanged files hold."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines.house import House
from dagster_project.engines.intake.accounting import Books, Entry
from dagster_project.engines.lake import Lake, schema, stored
from dagster_project.errors import StoreError, UsageError
from dagster_project.paths import as_text, replacing
from dagster_project.reading.files import Found
from dagster_project.reading.records.measured import HELD
from dagster_project.reading.records.measuring import measure
from dagster_project.reading.records.places import S3
from dagster_project.scrubbing.codes import REDACTED, scope
from dagster_project.settings import Store

FOLDER = "records"
RECORDS, METERING, FILES = "scrubbed.records", "ledger.metering", "scrubbed.record_files"
_ROWS_AT_ONCE = 200_000
_NOTHING = pa.Table.from_pylist([{"records": 0, "bytes": 0, "stored_bytes": 0, "is_exact": True}], HELD)


def take(house: House, landing: Path) -> int:
    """Measure every record store once a UTC day, one with a part missing at every run; return the rows of account, class and store.

    What a store gave that day before is replaced only by as much or more: a number is never overwritten by a worse one.
    """
    lake, books = Lake(house.home), Books(Lake(house.home), FOLDER)
    day = house.as_of.date()
    rows = 0
    declared = stores(house, landing)
    _refuse(books, [name for name in _folders(landing) if name not in declared])
    for name, store in declared.items():
        before = _records(lake, day, name)
        if before is not None and not _is_partial(before):
            continue
        with remembering(lake, name) as memory:
            measured = measure(name, store, day, memory)
        for fault in measured.faults:
            _enter(books, store.record_class, fault.place, StoreError(f"{name}: {fault.place}" if fault.place != name else name, fault.rule, fault.code))
        _write_metering(lake, day, name, measured.metering)
        if before is None or not measured.is_partial or _count(measured.records) >= _count(before):
            lake.write(RECORDS, measured.records, name, day)
            rows += measured.records.num_rows
    _forget(lake, declared)
    books.commit(house.run_id([]), house.as_of)
    return rows


def stores(house: House, landing: Path) -> dict[str, Store]:
    """Return every record store by its name: the folder below records/, which is its class, or the key in settings; a folder named after somebody is none.

    Raises UsageError where both have the same name: their rows would be told apart no more.
    """
    found = {name: Store(path=path, record_class=name) for name, path in _folders(landing).items() if scope(name) == name}
    for name, store in sorted(house.settings.stores.items()):
        if name in found:
            raise UsageError(f"[stores.{name}] has the name of a folder below {FOLDER}/; give it another key")
        is_elsewhere = store.kind == "postgres" or store.path.startswith(S3)
        found[name] = store if is_elsewhere else store.model_copy(update={"path": str(house.settings_folder / store.path)})
    return found


def _folders(landing: Path) -> dict[str, str]:
    return {as_text(path.name): str(path) for path in sorted((landing / FOLDER).glob("[!.]*")) if path.is_dir()}


def _refuse(books: Books, folders: Iterable[str]) -> None:
    """Enter folders whose name no table may show: it would be that of a record class, and of files in HOME."""
    for name in folders:
        place = f"{FOLDER}/{name}"
        _enter(books, REDACTED, place, StoreError(place, "a folder is named by the class of its records, and this name is somebody's or a key; give it another"))


def _enter(books: Books, site: str, place: str, refusal: StoreError) -> None:
    """Enter what could not be measured as a refused input, which the next run tries again."""
    entry = Entry(f"refused-records-{len(books.entries):04d}", Found(FOLDER, site, Path(place)), place)
    entry.refuse(refusal)
    books.entries.append(entry)


def _write_metering(lake: Lake, day: date, name: str, metering: pa.Table) -> None:
    """Write what was touched, beside what earlier measurements of the day touched: none of it is ever unsaid."""
    attempt = 1 + len(list(lake.folder(METERING).glob(f"{day}-{name}-[0-9]*.parquet")))
    numbered = metering.append_column("attempt", pa.array([attempt], pa.int64()))
    lake.write(METERING, numbered, f"{day}-{name}-{attempt}")


def _records(lake: Lake, day: date, name: str) -> pa.Table | None:
    """Return what a store gave that day; None where it was not measured."""
    path = lake.folder(RECORDS, day) / f"{name}.parquet"
    return pq.read_table(path, columns=["records", "is_partial"], partitioning=None) if path.exists() else None


def _is_partial(records: pa.Table) -> bool:
    return bool(pc.any(records.column("is_partial")).as_py())


def _count(records: pa.Table) -> int:
    return pc.sum(records.column("records")).as_py() or 0


def _forget(lake: Lake, declared: dict[str, Store]) -> None:
    """Forget the files of stores that are no more."""
    for path in lake.files(FILES):
        if path.stem not in declared:
            path.unlink()


@contextmanager
def remembering(lake: Lake, name: str) -> Iterator["Remembered"]:
    """Give what is remembered of the files of a store, and put what is to be remembered in its place; where nobody asked for it, all stays."""
    target = lake.folder(FILES) / f"{name}.parquet"
    with ExitStack() as stack:
        yield Remembered(target, lambda: stack.enter_context(_writer(target)))


@contextmanager
def _writer(target: Path) -> Iterator[pq.ParquetWriter]:
    with replacing(target) as beside, pq.ParquetWriter(beside, schema(FILES), **stored(FILES)) as writer:
        yield writer


class Remembered:
    """What the files of a store held when they were measured: read in batches and written as it comes, so that it may be large."""

    def __init__(self, path: Path, opened: Callable[[], pq.ParquetWriter]) -> None:
        self._path, self._opened = path, opened

    def recalled(self, identities: Sequence[str]) -> Iterator[tuple[set[str], pa.Table]]:
        """Yield what is known of these files, in batches, and go on remembering it; the others are forgotten."""
        self._writer = self._opened()
        wanted = pa.array(identities, pa.string())
        batches = pq.ParquetFile(self._path).iter_batches(_ROWS_AT_ONCE) if self._path.exists() else ()
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            kept = rows.filter(pc.is_in(rows.column("file_id"), wanted))
            self._writer.write_table(kept)
            held = kept.filter(pc.greater(kept.column("records"), 0)).select(HELD.names)
            yield set(kept.column("file_id").unique().to_pylist()), held

    def keep(self, held: Iterable[tuple[str, pa.Table]]) -> None:
        """Remember what files hold, and that one holds nothing."""
        parts = []
        for identity, rows in held:
            counted = rows if rows.num_rows else _NOTHING
            parts.append(counted.add_column(0, "file_id", pa.repeat(pa.scalar(identity), counted.num_rows)))
        if parts:
            self._writer.write_table(pa.concat_tables(parts).cast(schema(FILES)))
