"""A month of many accesses and findings: writing the pack, sealing it with a tree for each account, a customer's page, and verifying both.

`python -m benchmarks.reports HOME ACCESSES FINDINGS TOLD` is the work; `measure_report` runs it in a process of its own.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import cost
from dagster_project.publishing.packs import verify
from tests.publishing import synthetic
from tests.publishing.sealing import seal

PERMITTED = """
insert into flagged.access_decisions
select
    'service', 'ok-' || range, timestamptz '2026-10-01 00:00:00+00' + to_microseconds(range * 2000000), 's-' || range % 500, 'account-' || range % 2000,
    'employee', 'permitted', 'GRANTED', null, [], null, false, false, 'r-' || range, null, 'read', 'support', 'g-' || range % 5000
from range($accesses)
"""


def work(home: Path, accesses: int, findings: int) -> list[tuple[str, float]]:
    """Do it once; return the seconds of each step."""
    connection = synthetic.month(findings)
    connection.execute(PERMITTED, {"accesses": accesses})
    steps = [
        ("the pack, written and sealed", lambda: seal(home, 30, connection)),
        ("a customer's page, written and sealed", lambda: seal(home, 30, connection, "account-7")),
        ("the pack, verified", lambda: verify(home / "reports" / "2026-10")),
        ("the page, verified", lambda: verify(home / "reports" / "2026-10" / "account-account-7")),
    ]
    taken = []
    for name, step in steps:
        begun = time.perf_counter()
        step()
        taken.append((name, time.perf_counter() - begun))
    return taken


def measure_report(accesses: int, findings: int) -> list[str]:
    """Return the section of results.md."""
    with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder:
        told = Path(folder) / "told"
        used = cost([sys.executable, "-m", "benchmarks.reports", folder, str(accesses), str(findings), str(told)])
        rows = told.read_text(encoding="utf-8").splitlines()
    head = [f"## A month of {accesses:,} accesses and {findings:,} findings", "", "| step | s |", "|---|---|"]
    return ["", *head, *rows, "", f"All of it, with the making of the tables: {used.cpu_s:.1f} s of processor, at most {used.peak_mb:,.0f} MB."]


if __name__ == "__main__":
    taken = work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    Path(sys.argv[4]).write_text("".join(f"| {name} | {seconds:.1f} |\n" for name, seconds in taken), encoding="utf-8")
