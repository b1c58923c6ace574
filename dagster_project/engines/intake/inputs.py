"""Finds the inputs in the landing folder that no run has read: each once, whatever its name, its compression or the order in which it arrived."""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow.compute as pc

from dagster_project.engines.house import Watch
from dagster_project.engines.intake.accounting import Entry
from dagster_project.engines.lake import INPUTS, Lake
from dagster_project.errors import DamagedError, InputError
from dagster_project.paths import as_text
from dagster_project.reading.files import Found, found, size_bytes
from dagster_project.reading.identity import Identity, identity
from dagster_project.scrubbing.codes import code, scope

REQUEST_LOGS, ACCESS_EVENTS = ("web_logs", "request_logs"), "access_events"
TAKEN_ONCE = (*REQUEST_LOGS, ACCESS_EVENTS)  # folders whose inputs are read once; those of ledgers are read whole at every run
KnownInputs = dict[tuple[str, str], dict[str, int]]  # by folder and site: id and size in bytes


@dataclass
class Discovered:
    """New inputs, the shorter first, so that a longer one continues a shorter one; and refused files.

    `copies`: by input, further files with the same content, since the name may decide how a file is read. `waiting`: files whose last line has no end and
    cannot be read, each with its identity without that line.
    """

    new: list[tuple[Entry, Identity]] = field(default_factory=list)
    refused: list[Entry] = field(default_factory=list)
    copies: dict[str, list[Entry]] = field(default_factory=dict)
    waiting: list[tuple[Entry, Identity]] = field(default_factory=list)


def known_inputs(lake: Lake) -> KnownInputs:
    """Return the inputs that earlier runs read."""
    rows = lake.read(INPUTS)
    read = rows.filter(pc.equal(rows.column("status"), "read")).select(["folder", "site", "input_id", "bytes"])
    known: KnownInputs = {}
    for row in read.to_pylist():
        known.setdefault((row["folder"], row["site"]), {})[row["input_id"]] = row["bytes"]
    return known


class Discovery:
    """Looks through the files of a landing folder, the shorter first.

    `known` are the inputs that earlier runs read, `hints` others that a file may begin with. `is_line` tells whether the last
    line of a file, which has no line end, can be read: one that cannot may still be growing and is no part of the input.
    """

    def __init__(self, landing: Path, known: KnownInputs, is_line: Callable[[Found, Identity], bool], hints: KnownInputs | None = None) -> None:
        self._landing = landing
        self._known = known
        self._is_line = is_line
        hints = hints or {}
        self._prefixes = {group: {**hints.get(group, {}), **known.get(group, {})} for group in {*known, *hints}}
        self._met: set[str] = set()
        self._superseded: set[str] = set()

    def discover(self, folders: tuple[str, ...], watch: Watch) -> Discovered:
        """Return what is new below the folders; a file that is the beginning of another adds nothing once the other was read."""
        lengths = {file: _length(file) for folder in folders for file in map(_coded, found(self._landing, folder))}
        discovered = Discovered()
        for number, file in enumerate(sorted(lengths, key=lambda file: (lengths[file], file.path))):
            watch("looking for new input", number, len(lengths))
            entry = Entry(f"refused-{file.folder}-{number:04d}", file, str(file.path.relative_to(self._landing)))
            try:
                who, is_waiting = self._identity(file)
            except InputError as error:
                entry.refuse(error)
                discovered.refused.append(entry)
                continue
            entry.input_id, entry.bytes = who.input_id, who.size_bytes
            if is_waiting:
                discovered.waiting.append((entry, who))
            if self._is_new(file, who):
                discovered.new.append((entry, who))
            else:
                discovered.copies.setdefault(who.input_id, []).append(entry)
        discovered.new = [(entry, who) for entry, who in discovered.new if who.input_id not in self._superseded]
        return discovered

    def _identity(self, file: Found) -> tuple[Identity, bool]:
        """Return what a file is, and whether a last line of it waits for its end."""
        prefixes = self._prefixes.setdefault((file.folder, file.site), {})
        who = identity(file, prefixes)
        is_whole = not who.open_line or who.input_id in prefixes or self._is_line(file, who)
        who = who if is_whole else who.closed()
        prefixes[who.input_id] = who.size_bytes
        return who, not is_whole

    def _is_new(self, file: Found, who: Identity) -> bool:
        """Tell whether no run and no other file had this input; of a file that was read, every beginning counts as read."""
        if who.input_id in self._known.get((file.folder, file.site), {}):
            self._superseded |= {input_id for input_id, _ in who.begins_with}
            return False
        is_first = who.input_id not in self._met
        self._met.add(who.input_id)
        return is_first


def _coded(file: Found) -> Found:
    """Return a file with its site or source as tables may show it: a folder can be named after somebody."""
    return replace(file, site=(scope if file.folder == ACCESS_EVENTS else code)(file.site))


def _length(file: Found) -> int:
    try:
        return size_bytes(file.path)
    except DamagedError:
        return 0  # it is refused when its bytes are asked for


def unfinished(waiting: Iterable[tuple[Entry, Identity]]) -> Iterator[str]:
    """Yield what to say of files whose last line waits for its end."""
    for entry, _ in waiting:
        yield as_text(f"{entry.file_name}: its last line has no line end and cannot be read, so it waits for the rest; end it, and it is read or refused")


def skipped_bytes(who: Identity, read: Container[str]) -> int:
    """Return how much of an input stands in others that were read."""
    return max((size for input_id, size in who.begins_with if input_id in read), default=0)
