"""`make bench`: lines a second end to end beside GoAccess, where the time goes, and accesses a second beside the plain query.

`python -m benchmarks.run --lines 1000000 --accesses 200000` writes benchmarks/results.md.
"""

import argparse
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
from itertools import pairwise
from pathlib import Path

from benchmarks.accesses import measure_decisions
from benchmarks.generate_log import lines
from benchmarks.measure import cost

RESULTS = Path(__file__).parent / "results.md"
GLASSHOUSE = [sys.executable, "-m", "dagster_project.cli"]


def main() -> None:
    """Measure and write results.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--accesses", type=int, default=200_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder:
        log = write_log(Path(folder), chosen.lines)
        written = [*heading(), *end_to_end(Path(folder), log, chosen.lines), *stages(log), *measure_decisions(chosen.accesses)]
    RESULTS.write_text("\n".join(written) + "\n", encoding="utf-8")
    print("\n".join(written))


def heading() -> list[str]:
    """Say on what it was measured."""
    cores = os.cpu_count()
    measured = f"Measured on {datetime.now(UTC):%Y-%m-%d}, {cores} cores, Python {platform.python_version()}; machines are shared and noisy, so compare within one run."
    return ["# Results", "", measured, ""]


def write_log(folder: Path, count: int) -> Path:
    """Write the seeded log below a landing folder."""
    log = folder / "landing" / "web_logs" / "access.log"
    log.parent.mkdir(parents=True)
    with log.open("w", encoding="utf-8") as file:
        file.writelines(lines(count))
    return log


def end_to_end(folder: Path, log: Path, count: int) -> list[str]:
    """Time whole runs of Glasshouse and of the peers on the same file."""
    state = {"XDG_STATE_HOME": str(folder / "state")}
    rows = []

    def row(name: str, command: list[str]) -> None:
        try:
            spent = cost(command, state)
            rows.append(f"| {name} | {count / spent.wall_s:,.0f} | {spent.wall_s:.1f} | {spent.cpu_s:.1f} | {spent.peak_mb:,.0f} |")
        except (subprocess.SubprocessError, OSError) as error:
            rows.append(f"| {name} | failed: {type(error).__name__} | | | |")

    if shutil.which("goaccess"):
        version = subprocess.run(["goaccess", "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0].strip(". ")
        row(version, ["goaccess", str(log), "--log-format=COMBINED", "--no-progress", "-o", str(folder / "goaccess.json")])
    landing = str(log.parent.parent)
    row("glasshouse run", [*GLASSHOUSE, "run", landing, "--home", str(folder / "home"), "--as-of", "2026-04-01T00:00:00Z"])
    title = f"## End to end, {count:,} combined lines of 240 bytes"
    return [title, "", "| | lines/s | wall s | CPU s | peak MB |", "|---|---|---|---|---|", *rows, ""]


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
    from dagster_project.reading.files import Found, identity, pieces
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
            parsed = logs.parse(piece.body, "combined")
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
