"""`make bench`: lines a second end to end beside GoAccess, where the time goes, and accesses a second beside the plain query, and record stores.

`python -m benchmarks.run --lines 1000000 5000000 --accesses 2000000` writes benchmarks/results.md.
"""

import argparse
import gzip
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

from benchmarks.accesses import measure_decisions, measure_many
from benchmarks.generate_log import COMBINED, JSON, lines
from benchmarks.measure import cost
from benchmarks.peers import peers
from benchmarks.records import measure_stores
from benchmarks.reports import measure_report

RESULTS = Path(__file__).parent / "results.md"
SLOW_LINES = 100_000


def main() -> None:
    """Measure and write results.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000, 5_000_000], help="lengths of the log; beside the shortest run all peers, gzip and JSON")
    parser.add_argument("--accesses", type=int, default=2_000_000)
    parser.add_argument("--access-files", type=int, default=50, help="files of a million accesses each, all under the same million grants")
    parser.add_argument("--record-files", type=int, default=10_000, help="Parquet files of a record store, with 10,000 records each")
    parser.add_argument("--table-rows", type=int, default=10_000_000, help="rows of a table of PostgreSQL")
    parser.add_argument("--reported", type=int, nargs=2, default=[1_000_000, 10_000], metavar=("ACCESSES", "FINDINGS"), help="the month of the report")
    chosen = parser.parse_args()
    written = heading()
    for count in sorted(chosen.lines):
        with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder:
            log = write_log(Path(folder) / "combined", count)
            written += end_to_end(Path(folder), log, count, is_shortest=count == min(chosen.lines))
            if count == min(chosen.lines):
                of_reading = stages(log)
    written += [
        *of_reading,
        *measure_decisions(chosen.accesses),
        *measure_many(chosen.access_files),
        *measure_stores(chosen.record_files, 10_000, chosen.table_rows),
        *measure_report(*chosen.reported),
    ]
    RESULTS.write_text("\n".join(written) + "\n", encoding="utf-8")
    print("\n".join(written))


def heading() -> list[str]:
    """Say on what it was measured."""
    cores = os.cpu_count()
    measured = f"Measured on {datetime.now(UTC):%Y-%m-%d}, {cores} cores, Python {platform.python_version()}; machines are shared and noisy, so compare within one run."
    return ["# Results", "", measured, ""]


def write_log(landing: Path, count: int, layout: str = COMBINED) -> Path:
    """Write the seeded log below a landing folder."""
    log = landing / "web_logs" / "access.log"
    log.parent.mkdir(parents=True)
    with log.open("w", encoding="utf-8") as file:
        file.writelines(lines(count, layout=layout))
    return log


def end_to_end(folder: Path, log: Path, count: int, *, is_shortest: bool) -> list[str]:
    """Time whole runs of Glasshouse, and of the peers on the same file: all of them on the shortest log, GoAccess on every."""
    few = _first_lines(log, folder / "few.log", min(count, SLOW_LINES))
    chosen = [peer for peer in peers(log, few, folder) if is_shortest or peer.is_on_every]
    rows = [_row(peer.name, peer.does, peer.command, folder, min(count, SLOW_LINES) if peer.is_slow else count) for peer in chosen]
    rows.append(_glasshouse("combined", log, folder, count))
    if is_shortest:
        packed = folder / "gzip" / "web_logs" / "access.log.gz"
        packed.parent.mkdir(parents=True)
        with log.open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as file:
            shutil.copyfileobj(plain, file)
        rows += [_glasshouse("combined, gzip", packed, folder, count), _glasshouse("JSON Lines", write_log(folder / "json", count, JSON), folder, count)]
    title = f"## End to end, {count:,} lines"
    return [title, "", "| | does | lines/s | wall s | CPU s | peak MB of one process | of all |", "|---|---|---|---|---|---|---|", *rows, ""]


def _first_lines(log: Path, target: Path, count: int) -> Path:
    with log.open("rb") as source, target.open("wb") as file:
        file.writelines(islice(source, count))
    return target


def _glasshouse(name: str, log: Path, folder: Path, count: int) -> str:
    home = folder / f"home-{name.replace(' ', '-')}"
    command = (sys.executable, "-m", "dagster_project.cli", "run", str(log.parent.parent), "--home", str(home), "--as-of", "2026-04-01T00:00:00Z")
    return _row(f"glasshouse run, {name}", "all of it, privacy rules and report included", command, folder, count)


def _row(name: str, does: str, command: tuple[str, ...], folder: Path, count: int) -> str:
    try:
        spent = cost(command, {"XDG_STATE_HOME": str(folder / "state")})
    except (subprocess.SubprocessError, OSError) as error:
        return f"| {name} | {does} | failed: {type(error).__name__} | | | | |"
    return f"| {name} | {does} | {count / spent.wall_s:,.0f} | {spent.wall_s:.1f} | {spent.cpu_s:.1f} | {spent.peak_mb:,.0f} | {spent.together_mb:,.0f} |"


@contextmanager
def timed(name: str, told: list[tuple[str, float]]) -> Iterator[None]:
    """Note how long a block took."""
    started = time.perf_counter()
    yield
    told.append((name, time.perf_counter() - started))


def stages(log: Path) -> list[str]:
    """Show where the time of reading goes, on the first pieces of the log."""
    import pyarrow.parquet as pq

    from dagster_project.reading import logs
    from dagster_project.reading.files import Found
    from dagster_project.reading.identity import identity
    from dagster_project.reading.pieces import pieces
    from dagster_project.scrubbing.people import People
    from dagster_project.scrubbing.scrub import Origin, Scrubber
    from dagster_project.settings import Settings

    file, told, count = Found("web_logs", "web", log), list[tuple[str, float]](), 0
    with timed("identity (SHA-256)", told):
        identity(file, {})
    scrubber = Scrubber(Settings(), People(frozenset(), {}, {}, _no_grantors(), {}), lambda _day: bytes(32))
    spent = {"pieces": 0.0, "parse": 0.0, "scrub": 0.0, "Parquet": 0.0}
    reader = pieces(file)
    with tempfile.TemporaryDirectory() as folder:
        while True:
            marks = [time.perf_counter()]
            piece = next(reader, None)
            if piece is None:
                break
            marks.append(time.perf_counter())
            parsed = logs.parse_claims(piece.body, "combined")
            marks.append(time.perf_counter())
            scrubbed = scrubber.requests(parsed.rows, Origin("x", "web_logs", "web"), piece.first_line)
            marks.append(time.perf_counter())
            pq.write_table(scrubbed.requests, f"{folder}/x.parquet", compression="zstd", compression_level=1)
            marks.append(time.perf_counter())
            count += parsed.rows.num_rows
            for name, (begin, end) in zip(spent, pairwise(marks), strict=True):
                spent[name] += end - begin
    with timed("routes", told):
        scrubber.routes()
    rows = [f"| {name} | {seconds:.2f} | {count / seconds:,.0f} |" for name, seconds in [*told[:1], *spent.items(), *told[1:]]]
    return ["## Where the time of reading goes (one thread after the other)", "", "| stage | s | lines/s |", "|---|---|---|", *rows, ""]


def _no_grantors() -> object:
    import polars as pl

    return pl.DataFrame(schema={"person": pl.String, "account": pl.String, "begin": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC")})


if __name__ == "__main__":
    main()
