"""What lies in the landing folder and is not read although it seems to be meant to, in sentences. Keep out: opening files."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from dagster_project.engines.intake import records
from dagster_project.engines.intake.inputs import TAKEN_ONCE
from dagster_project.reading.files import below
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.ledgers import FORMATS

LANDING_FOLDERS = (*LEDGERS, *TAKEN_ONCE, records.FOLDER)
LIKENESS = 0.75  # from which on a name is one of these misspelt
_DELIVERED = {*(f".{name}" for name in FORMATS), ".log"}  # how files that are meant to be read may be called
_MOST_LOOKED_AT = 1000


def unread(landing: Path) -> Iterator[str]:
    """Yield what to say of folders and files that count for nothing, and of a landing folder without any that counts."""
    entries = sorted(path for path in landing.iterdir() if not path.name.startswith("."))
    folders = [path for path in entries if path.is_dir()]
    for path in folders:
        if path.name in LANDING_FOLDERS:
            continue
        if meant := _likely(path.name):
            yield f"{path.name}/: no such folder is read; rename it if it is meant to be {meant}/"
        elif any(map(_is_delivery, islice(below(path), _MOST_LOOKED_AT))):
            yield f"{path.name}/: no such folder is read; move its files to the folder of their kind, as docs/ledgers.md names them"
    for path in entries:
        if path.is_file() and ((meant := _likely(path.name.partition(".")[0])) or _is_delivery(path)):
            yield f"{path.name}: nothing that lies in LANDING itself is read; move it to {f'{meant}/' if meant else 'the folder of its kind'}"
    yield from _unmeasured(landing / records.FOLDER)
    if not {path.name for path in folders} & set(LANDING_FOLDERS):
        yield "LANDING holds none of the folders that are read, web_logs/, access_events/, grants/ and so on"


def _unmeasured(root: Path) -> Iterator[str]:
    """Yield what to say of files among the record stores that are not measured."""
    others: dict[str, None] = {}
    for path in islice(below(root), _MOST_LOOKED_AT) if root.is_dir() else ():
        store, *inside = path.relative_to(root).parts
        if not inside:
            yield f"{root.name}/{store}: it lies in no folder of a record class, so it is not measured; move it to {root.name}/<record_class>/"
        elif not path.name.endswith(".parquet") and not any(part.startswith("_") for part in inside):
            others[store] = None
    yield from (f"{root.name}/{store}/: files that are not called .parquet are not measured; write the records as Parquet" for store in others)


def _likely(name: str) -> str | None:
    """Return the folder of the landing folder that a name may be meant to be."""
    return next(iter(get_close_matches(name.lower().replace("-", "_"), LANDING_FOLDERS, 1, LIKENESS)), None)


def _is_delivery(path: Path) -> bool:
    """Tell whether a file is called as those of ledgers and logs are."""
    return not _DELIVERED.isdisjoint(suffix.lower() for suffix in path.suffixes)
