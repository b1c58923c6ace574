"""Takes request logs: pieces to rows to scrubbed rows to Parquet, each input once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.house import House
from dagster_project.engines.intake.accounting import Accounts, Entry
from dagster_project.engines.lake import Lake
from dagster_project.errors import DamagedError, FormatError, InputError
from dagster_project.evidence.keyring import Keyring
from dagster_project.reading import logs
from dagster_project.reading.files import Found, Identity, Piece, found, head, identity, pieces
from dagster_project.reading.logs.detect import detect
from dagster_project.scrubbing.people import People
from dagster_project.scrubbing.scrub import Origin, Scrubbed, Scrubber

FOLDERS = ("web_logs", "request_logs")
GATE_LINES = 1_000  # below it a share of refused lines says nothing (privacy-rules.md section 8)
FILE_ROWS = 1_000_000


def take(house: House, people: People, keyring: Keyring) -> int:
    """Read every request log of the landing folder that is new, scrub it and commit it to the lake; return the rows added."""
    lake = Lake(house.home)
    accounts = Accounts(lake, "requests")
    read_before = lake.read("ledger.inputs").column("input_id").to_pylist()
    for table in ("scrubbed.requests", "scrubbed.staff_requests"):
        lake.sweep(table, read_before)
    scrubber = Scrubber(house.settings, people, keyring.day_key, _next_route_id(lake), _learnt(lake))
    for entry, who in _new_inputs(house, accounts):
        for day, rows in _take_input(house, lake, scrubber, accounts, entry, who).items():
            keyring.count(day, rows) if rows else None
        accounts.entries.append(entry)
    name = house.run_id([entry.input_id for entry in accounts.entries])
    if any(not entry.refusal for entry in accounts.entries):
        lake.write("scrubbed.routes", scrubber.routes(), name)
        learnt = [{"site": site, "route": route} for site, route in scrubber.learnt()]
        lake.write("scrubbed.vocabulary", pa.Table.from_pylist(learnt, pa.schema([("site", pa.string()), ("route", pa.string())])), "part")
    lake.write("ledger.keys", keyring.rows(), "part")
    accounts.commit(name, house.as_of)
    return sum(entry.parsed for entry in accounts.entries if not entry.refusal)


def _new_inputs(house: House, accounts: Accounts) -> Iterator[tuple[Entry, Identity]]:
    """Yield what no earlier run and no earlier file of this run has read, the shortest first, so that a longer copy continues it."""
    landing = house.landing
    files = [file for folder in FOLDERS for file in found(landing, folder)] if landing else []
    known = {(file.folder, file.site): accounts.known(file.folder, file.site) for file in files}
    for number, file in enumerate(sorted(files, key=lambda file: (file.path.stat().st_size, file.path))):
        house.watch("reading", number, len(files))
        entry = Entry(f"refused-{number:04d}", file, str(file.path.relative_to(landing or file.path)))
        try:
            who = identity(file, known[file.folder, file.site])
        except InputError as error:
            entry.refuse(error)
            accounts.entries.append(entry)
            continue
        entry.input_id, entry.bytes = who.input_id, who.size_bytes
        if who.input_id in known[file.folder, file.site]:
            continue
        yield entry, who
        if not entry.refusal:
            known[file.folder, file.site][entry.input_id] = entry.bytes
    house.watch("reading", len(files), len(files))


def _take_input(house: House, lake: Lake, scrubber: Scrubber, accounts: Accounts, entry: Entry, who: Identity) -> dict[date, int]:
    """Read one input to its end and return the rows that got a token, by day; a refused input leaves no file behind."""
    writer = _Writer(lake, entry.input_id)
    origin = Origin(entry.input_id, entry.found.folder, entry.found.site)
    try:
        entry.format = _format(house, entry.found)
        for piece, parsed in _parsed(entry, who.skip_bytes):
            rows, rejects = _placed(piece, parsed)
            entry.lines += piece.body.count(b"\n") + piece.ends_open
            entry.parsed += rows.num_rows
            entry.quarantined += rejects.num_rows
            entry.saw(*_span(rows))
            accounts.quarantine(entry.input_id, rejects, piece.first_line - 1, piece.byte_offset)
            writer.add(scrubber.requests(rows, origin, piece.first_line))
            house.watch(f"reading {entry.found.folder}/{entry.found.site}", piece.byte_offset + len(piece.body), entry.bytes)
        entry.blank = entry.lines - entry.parsed - entry.quarantined
        _gate(house, entry)
    except DamagedError as error:
        entry.blank = entry.lines - entry.parsed - entry.quarantined
        if not entry.parsed:
            return _refused(lake, entry, error)
        entry.damage = error
    except InputError as error:
        return _refused(lake, entry, error)
    return writer.close()


def _refused(lake: Lake, entry: Entry, error: InputError) -> dict[date, int]:
    entry.refuse(error)
    for table in ("scrubbed.requests", "scrubbed.staff_requests"):
        lake.remove(table, entry.input_id)
    return {}


def _format(house: House, file: Found) -> str:
    """Return the format that settings give the folder, else what the first 100 lines say.

    Raises FormatError where no format reads them.
    """
    declared = house.settings.formats.get(f"{file.folder}/{file.site}") or house.settings.formats.get(file.folder)
    if declared:
        return declared
    beginning = head(file.path)
    detected = detect(beginning)
    if detected.format is None and beginning.strip():
        rule = "wrong format: no format reads any of the first 100 lines; name its format in [formats] of glasshouse.toml"
        raise FormatError(file.path.name, rule, "wrong_format")
    return detected.format or "combined"


def _parsed(entry: Entry, skip_bytes: int) -> Iterator[tuple[Piece, logs.Parsed]]:
    """Parse one piece ahead of the scrubber, on the other core."""
    header = logs.header_of(head(entry.found.path)[:skip_bytes], None)
    with ThreadPoolExecutor(1) as pool:
        waiting: tuple[Piece, Future[logs.Parsed]] | None = None
        for piece in pieces(entry.found, skip_bytes):
            following = (piece, pool.submit(logs.parse, piece.body, entry.format or "auto", header))
            header = logs.header_of(piece.body, header)
            if waiting:
                yield waiting[0], waiting[1].result()
            waiting = following
        if waiting:
            yield waiting[0], waiting[1].result()


def _placed(piece: Piece, parsed: logs.Parsed) -> tuple[pa.Table, pa.Table]:
    """Return rows and refused lines as they are within the whole file: only its first line can be cut at its beginning, and a row needs a time."""
    rows, rejects = parsed.rows, parsed.rejects
    if piece.first_line > 1 and rejects.num_rows:
        reasons = rejects.column("reason")
        inside = pc.if_else(pc.equal(reasons, "truncated_first"), "no_match", reasons)
        rejects = rejects.set_column(rejects.schema.get_field_index("reason"), "reason", inside)
    if rows.column("ts").null_count:
        timeless = rows.filter(rows.column("ts").is_null()).column("line_number").to_pylist()
        told = [{"line_number": line, "reason": "bad_time", "shape": ""} for line in timeless]
        rejects = pa.concat_tables([rejects, pa.Table.from_pylist(told, rejects.schema)])
        rows = rows.filter(rows.column("ts").is_valid())
    return rows, rejects


def _span(rows: pa.Table) -> tuple[datetime | None, datetime | None]:
    span = pc.min_max(rows.column("ts")).as_py()
    return span["min"], span["max"]


def _gate(house: House, entry: Entry) -> None:
    """Refuse or warn about a file of which too much is refused (privacy-rules.md section 8)."""
    share = entry.quarantined / entry.lines if entry.lines >= GATE_LINES else 0
    if share > house.settings.thresholds.quarantine_refuse:
        rule = f"{share:.1%} of its lines are refused; name its format in [formats] of glasshouse.toml, or raise thresholds.quarantine_refuse"
        raise FormatError(entry.found.path.name, rule, "too_many_refused")
    if share > house.settings.thresholds.quarantine_warn:
        house.tell(f"{entry.file_name}: {share:.2%} of its lines are quarantined; `glasshouse detect` shows which")


class _Writer:
    """Gathers the rows of one input into files of about FILE_ROWS rows."""

    def __init__(self, lake: Lake, input_id: str) -> None:
        self._lake = lake
        self._input_id = input_id
        self._waiting: list[Scrubbed] = []
        self._rows = 0
        self._files = 0
        self._tokens: Counter[date] = Counter()

    def add(self, scrubbed: Scrubbed) -> None:
        """Take the rows of one piece."""
        self._waiting.append(scrubbed)
        self._rows += scrubbed.requests.num_rows
        if self._rows >= FILE_ROWS:
            self._write()

    def close(self) -> dict[date, int]:
        """Write what is left; return how many rows hold a token, by day (0 where none does)."""
        self._write()
        return dict(self._tokens)

    def _write(self) -> None:
        name = f"{self._input_id}-{self._files}"
        for table, parts in (("scrubbed.requests", [each.requests for each in self._waiting]), ("scrubbed.staff_requests", [each.staff_requests for each in self._waiting])):
            if parts and (rows := pa.concat_tables(parts)).num_rows:
                self._lake.write_days(table, rows, name)
        for each in self._waiting:
            self._tokens.update(dict.fromkeys(each.requests.column("day").unique().to_pylist(), 0))
            held = each.requests.filter(each.requests.column("visitor").is_valid()).column("day").value_counts()
            self._tokens.update({entry["values"]: entry["counts"] for entry in held.to_pylist()})
        self._waiting, self._rows, self._files = [], 0, self._files + 1


def _next_route_id(lake: Lake) -> int:
    numbers = lake.read("scrubbed.routes").column("route_id")
    return 1 + (pc.max(numbers).as_py() or 0)


def _learnt(lake: Lake) -> list[tuple[str, str]]:
    return [(row["site"], row["route"]) for row in lake.read("scrubbed.vocabulary").to_pylist()]
