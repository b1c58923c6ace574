"""A month of many accesses and findings: writing the pack, sealing it with a tree for each account, a customer's page, verifying both, opening the page.

`python -m benchmarks.reports HOME ACCESSES FINDINGS TOLD` is the work; `measure_report` runs it in a process of its own, as large as that of a run.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.measure import cost
from dagster_project.engines.connections import MEMORY_LIMIT
from dagster_project.publishing.packs import verify
from dagster_project.publishing.report import write
from tests.publishing import synthetic
from tests.publishing.sealing import seal

CHROMIUM = "/usr/bin/chromium"
DECISIONS = """
copy (
    select * from flagged.access_decisions
    union all
    select
        'service', 'ok-' || range, timestamptz '2026-10-01 00:00:00+00' + to_microseconds(range * 2000000), 's-' || range % 500, 'account-' || range % 2000,
        'employee', 'permitted', 'GRANTED', null, [], null, false, false, 'r-' || range, null, 'read', 'support', 'g-' || range % 5000
    from range({accesses})
) to '{file}' (format parquet, compression zstd)
"""


def month(home: Path, accesses: int, findings: int) -> duckdb.DuckDBPyConnection:
    """Return the tables of the month, as a run sees them: the accesses as a Parquet file, and no more memory for DuckDB than there."""
    connection, file = synthetic.month(findings), home / "decisions.parquet"
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'; set temp_directory = '{home / 'spill'}'")
    connection.execute(DECISIONS.format(accesses=accesses, file=file))
    connection.execute(f"drop table flagged.access_decisions; create view flagged.access_decisions as from read_parquet('{file}')")
    return connection


def work(home: Path, accesses: int, findings: int) -> list[str]:
    """Do it once; return a row for each step: seconds, those of the processor, and the most memory."""
    connection, pack = month(home, accesses, findings), home / "reports" / "2026-10"
    steps = [
        ("the files of the pack, written", lambda: write(synthetic.report(connection), home / "unsealed")),
        ("the same, and sealed", lambda: seal(home, 30, connection)),
        ("a customer's page, written and sealed", lambda: seal(home, 30, connection, "account-7")),
        ("the pack, verified", lambda: verify(pack)),
        ("the page, verified", lambda: verify(pack / "account-account-7")),
    ]
    rows = []
    for name, step in steps:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the largest resident set counts from here
        begun, used = time.perf_counter(), time.process_time()
        step()
        rows.append(f"| {name} | {time.perf_counter() - begun:.1f} | {time.process_time() - used:.1f} | {_peak_mb():,.0f} |")
    sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(pack.iterdir()) if path.is_file()}
    return [*rows, "", "The files: " + ", ".join(f"{name} {size:,.1f} MB" for name, size in sizes.items()) + "."]


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def opening_s(page: Path, width: int) -> float:
    """Return the seconds until Chromium has loaded a page and its tables can be searched."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 900})
        tab.goto(page.as_uri())
        loaded: float = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        browser.close()
    return loaded / 1000


def measure_report(accesses: int, findings: int) -> list[str]:
    """Return the section of results.md."""
    with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder:
        told = Path(folder) / "told"
        used = cost([sys.executable, "-m", "benchmarks.reports", folder, str(accesses), str(findings), str(told)])
        rows = told.read_text(encoding="utf-8").splitlines()
        page = Path(folder) / "reports" / "2026-10" / "report.html"
        opened = [f"{opening_s(page, width):.2f} s {width} pixels wide" for width in (1280, 390)] if shutil.which(CHROMIUM) else ["no Chromium here"]
    head = [f"## A month of {accesses:,} accesses and {findings:,} findings", "", "| step | s | CPU s | peak MB |", "|---|---|---|---|"]
    after = [
        "",
        f"The page of the pack, opened in Chromium: {', '.join(opened)}.",
        "",
        f"All of it, with the making of the tables: {used.cpu_s:.1f} s of processor, at most {used.peak_mb:,.0f} MB.",
    ]
    return ["", *head, *rows, *after]


if __name__ == "__main__":
    Path(sys.argv[4]).write_text("\n".join(work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))), encoding="utf-8")
