"""Takes request logs, each input once: pieces are parsed, scrubbed and written as Parquet."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.house import House
from dagster_project.engines.intake.accounting import Books, Entry, moved, with_input
from dagster_project.engines.intake.batches import Batches, Lot
from dagster_project.engines.intake.inputs import REQUEST_LOGS, Discovery, known_inputs, skipped_bytes, unfinished
from dagster_project.engines.intake.rebuilding import Remembered
from dagster_project.engines.lake import KEYS, Lake, schema
from dagster_project.errors import DamagedError, FormatError, InputError
from dagster_project.evidence.keyring import Keyring
from dagster_project.reading import logs
from dagster_project.reading.files import Found, head, is_compressed
from dagster_project.reading.identity import Identity, refuse_changed
from dagster_project.reading.logs.detect import detect
from dagster_project.reading.logs.formats import named
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.values.distinct import recoded
from dagster_project.reading.logs.values.row import NO_REQUEST
from dagster_project.reading.pieces import Piece, pieces
from dagster_project.scrubbing.codes import REDACTED
from dagster_project.scrubbing.people import People
from dagster_project.scrubbing.scrub import Origin, Scrubber
from dagster_project.settings import Settings

PARSERS = 2  # pieces at a time: what one cannot do on both cores, the other does
MOST_OTHERS = 9  # records of something else for each request: a file of more holds no request log
MOST_REFUSED = 1_000_000  # lines of a file: behind them it is refused as soon as their share is too high, as each is held until the end
GATE_LINES = 1_000  # below it a share of refused lines says nothing (docs/settings.md, [thresholds])

Headed = tuple[Piece, bytes | None]
"""A piece, and the `#Fields` line in force where it begins."""


def take(house: House, landing: Path, people: People, keyring: Keyring) -> int:
    """Read every request log of the landing folder that is new, scrub it and commit it to the lake; return the rows added."""
    lake = Lake(house.home)
    books = Books(lake, "requests")
    learnt = [(row["site"], row["route"]) for row in lake.read("scrubbed.vocabulary").to_pylist()]
    scrubber = Scrubber(house.settings, people, keyring.day_key, _next_route_id(lake), learnt)
    with ThreadPoolExecutor(1) as readers, ThreadPoolExecutor(PARSERS) as parsers:
        _Intake(house, books, Batches(lake, scrubber), readers, parsers).take(landing, keyring)
    name = house.run_id([entry.input_id for entry in books.entries])
    if any(not entry.refusal for entry in books.entries):
        lake.write("scrubbed.routes", scrubber.routes(), name)
        new = [{"site": site, "route": route} for site, route in sorted(set(scrubber.learnt()) - set(learnt))]
        lake.write("scrubbed.vocabulary", pa.Table.from_pylist(new, schema("scrubbed.vocabulary")), name)
    lake.write(KEYS, keyring.rows(), "part")
    books.commit(name, house.as_of)
    Remembered(lake).end()
    return sum(entry.parsed for entry in books.entries if not entry.refusal)


class _Intake:
    """The inputs of one run, one after the other; what became of each is entered in the books."""

    def __init__(self, house: House, books: Books, batches: Batches, readers: ThreadPoolExecutor, parsers: ThreadPoolExecutor) -> None:
        self._house = house
        self._books = books
        self._batches = batches
        self._readers = readers
        self._parsers = parsers
        self._formats = _Formats(house.settings)

    def take(self, landing: Path, keyring: Keyring) -> None:
        """Read all that is new; what other inputs of the run hold already is passed over."""
        lake, house = self._books.lake, self._house
        known, remembered = known_inputs(lake), Remembered(lake)
        discovered = Discovery(landing, known, self._formats.is_line, remembered.inputs()).discover(REQUEST_LOGS, house.watch)
        read = {input_id for of_group in known.values() for input_id in of_group}
        self._books.entries += discovered.refused
        for line in unfinished((entry, who) for entry, who in discovered.waiting if not who.size_bytes):
            house.tell(line)
        for folder in sorted({entry.found.folder for entry, _ in discovered.new if entry.found.site == REDACTED}):
            house.tell(f"{folder}/: the name of a sub-folder is no code, so its site is shown as {REDACTED}; rename the folder")
        for number, (entry, who) in enumerate(discovered.new):
            house.watch("reading", number, len(discovered.new))
            on_time = remembered.on_time([entry.input_id, *(input_id for input_id, _ in who.begins_with)])
            self._take_input(entry, who, skipped_bytes(who, read), on_time)
            self._books.entries.append(entry)
            if not entry.refusal:
                read.add(entry.input_id)
        for day, rows in self._batches.close().items():
            keyring.count(day, rows)

    def _take_input(self, entry: Entry, who: Identity, skip_bytes: int, on_time: frozenset[date]) -> None:
        """Read one input to its end; one that is refused adds no rows, a damaged one those that are readable."""
        origin = Origin(entry.input_id, entry.found.folder, entry.found.site)
        is_begun, already = False, len(self._books.rejects)
        try:
            entry.format = self._formats.of(entry.found)
            for piece, parsed in self._parsed(entry, skip_bytes):
                self._account(entry, piece, parsed)
                if entry.quarantined > MOST_REFUSED:
                    self._share(entry)
                if piece.is_last:
                    self._gate(entry)
                    refuse_changed(entry.found, who)
                elif not is_begun:
                    self._batches.begin(entry.input_id)
                    is_begun = True
                self._batches.add(Lot(origin, parsed.rows, piece.first_line, on_time))
                self._house.watch(f"reading {origin.folder}/{origin.site}", piece.byte_offset, entry.bytes)
            if not entry.lines:
                refuse_changed(entry.found, who)
        except InputError as error:
            if isinstance(error, DamagedError) and entry.parsed:
                entry.damage = error
                return
            entry.refuse(error)
            del self._books.rejects[already:]
            if is_begun:
                self._batches.discard()

    def _parsed(self, entry: Entry, skip_bytes: int) -> Iterator[tuple[Piece, logs.Parsed]]:
        """Yield pieces and their rows, read ahead of the scrubber on the other core; of a damaged archive all that is readable, then raise."""
        reader = _headed(entry, skip_bytes)
        client_headers = self._house.settings.sites.of(entry.found.site).client_headers
        parse = partial(_parse, entry.format or "auto", client_headers, self._formats.declared(entry.found) is None)
        ahead = deque(self._ahead(reader, parse) for _ in range(PARSERS))
        while (ready := ahead.popleft().result()) is not None:
            ahead.append(self._ahead(reader, parse))
            yield ready

    def _ahead(self, reader: Iterator[Headed], parse: Callable[[Headed], tuple[Piece, logs.Parsed]]) -> Future[tuple[Piece, logs.Parsed] | None]:
        """Begin to read the next piece, and to parse it once it is there; null behind the last."""
        read = self._readers.submit(next, reader, None)
        return self._parsers.submit(lambda: None if (headed := read.result()) is None else parse(headed))

    def _account(self, entry: Entry, piece: Piece, parsed: logs.Parsed) -> None:
        """Count the lines of a piece and index those that are refused."""
        entry.saw_formats(parsed.others)
        entry.lines += piece.lines
        entry.parsed += parsed.rows.num_rows
        rejects = parsed.rejects.filter(pc.not_equal(parsed.rejects.column("reason"), NO_REQUEST))
        entry.no_requests += parsed.rejects.num_rows - rejects.num_rows
        entry.quarantined += rejects.num_rows
        entry.blank = entry.lines - entry.parsed - entry.quarantined
        span = pc.min_max(parsed.rows.column("ts")).as_py()
        entry.saw(span["min"], span["max"])
        if rejects.num_rows:
            self._books.rejects.append(with_input(rejects, entry.input_id))

    def _share(self, entry: Entry) -> float:
        """Return the share of the lines so far that is refused; raises FormatError where that is too much (docs/settings.md, [thresholds])."""
        others = entry.no_requests if entry.no_requests > MOST_OTHERS * entry.parsed else 0
        share = (entry.quarantined + others) / entry.lines if entry.lines >= GATE_LINES else 0
        if share > self._house.settings.thresholds.quarantine_refuse:
            rule = f"{share:.1%} of its lines are refused; name its format in [formats] of glasshouse.toml, or raise thresholds.quarantine_refuse"
            raise FormatError(entry.found.path.name, rule, "too_many_refused")
        return share

    def _gate(self, entry: Entry) -> None:
        """Refuse or warn about a file of which too much is refused."""
        share = self._share(entry)
        if entry.no_requests:
            self._house.tell(f"{entry.file_name}: {entry.no_requests:,} of its lines say something else than a request")
        if share > self._house.settings.thresholds.quarantine_warn:
            self._house.tell(f"{entry.file_name}: {share:.2%} of its lines are quarantined; `glasshouse detect` shows which")


class _Formats:
    """The format of each file: what settings give its folder, else what its first 100 lines say."""

    def __init__(self, settings: Settings) -> None:
        self._declared = settings.formats
        self._detected: dict[Path, str | None] = {}

    def declared(self, file: Found) -> str | None:
        """Return the format that settings give its folder."""
        return self._declared.get(f"{file.folder}/{file.site}") or self._declared.get(file.folder)

    def of(self, file: Found) -> str | None:
        """Return the format, null for a file that holds nothing but comments; raises FormatError where no format reads its lines."""
        if declared := self.declared(file):
            return declared
        if file.path not in self._detected:
            beginning = head(file.path)
            self._detected[file.path] = detect(beginning).format
            if self._detected[file.path] is None and logs.parse(beginning).rejects.num_rows:
                rule = "wrong format: no format reads any of the first 100 lines; name its format in [formats] of glasshouse.toml"
                raise FormatError(file.path.name, rule, "wrong_format")
        return self._detected[file.path]

    def is_line(self, file: Found, who: Identity) -> bool:
        """Tell whether the open last line of a file is a whole line of its format."""
        known = self.of(file)
        if known is None:
            return False
        header, is_detected = _header(file, known, who.closed_bytes), self.declared(file) is None
        return bool(logs.parse_claims(who.open_line, known, header, is_detected=is_detected, is_begin=False).rows.num_rows)


def _headed(entry: Entry, skip_bytes: int) -> Iterator[Headed]:
    """Yield the pieces of an input."""
    known = entry.format or "auto"
    header = _header(entry.found, known, skip_bytes)
    # An archive does not grow: what cannot be read of its last line is refused now.
    end_bytes = None if is_compressed(entry.found.path) else entry.bytes
    for piece in pieces(entry.found, skip_bytes, end_bytes=end_bytes):
        yield piece, header
        header = logs.header_of(piece.body, header) if _has_headers(known) else None


def _parse(known: str, client_headers: tuple[str, ...], is_detected: bool, headed: Headed) -> tuple[Piece, logs.Parsed]:
    """Return a piece without its bytes, and what is in it: rows, and refused lines by their places in the file."""
    piece, header = headed
    is_begin = piece.first_line == 1
    parsed = _timed(logs.parse_claims(piece.body, known, header, client_headers, is_detected=is_detected, is_begin=is_begin, bounds=piece.bounds), piece)
    return replace(piece, body=b""), replace(parsed, rejects=moved(parsed.rejects, piece))


def _timed(parsed: logs.Parsed, piece: Piece) -> logs.Parsed:
    """Refuse rows without a time."""
    rows, rejects = parsed.rows, parsed.rejects
    if rows.column("ts").null_count:
        timeless = rows.filter(rows.column("ts").is_null()).column("line_number").to_pylist()
        rejects = pa.concat_tables([rejects, Lines(piece.body, piece.bounds).rejects(dict.fromkeys((line - 1 for line in timeless), "bad_time"))])
        rows = recoded(rows.filter(rows.column("ts").is_valid()))
    return replace(parsed, rows=rows, rejects=rejects)


def _has_headers(known: str) -> bool:
    return known != "auto" and named(known).parts is not None


def _header(file: Found, known: str, before_bytes: int) -> bytes | None:
    """Return the `#Fields` line in force behind the first bytes of a file."""
    header = None
    if before_bytes and _has_headers(known):
        for piece in pieces(file, end_bytes=before_bytes):
            header = logs.header_of(piece.body, header)
    return header


def _next_route_id(lake: Lake) -> int:
    numbers = lake.read("scrubbed.routes").column("route_id")
    return 1 + (pc.max(numbers).as_py() or 0)
