"""Writes the sample landing folder and its answer key: `python data_samples/generate.py [FOLDER]`, the same bytes every time."""

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

from plan import landing
from plan.access import Access
from plan.accesses import planted
from plan.answers import Plan, expected, readme
from plan.everyday import everyday
from plan.logs import logs
from plan.stores import stores

SEED = 20260309
EVENTS = 400


def numbered(accesses: list[Access]) -> list[Access]:
    """Return the accesses by source and time, each with its event id."""
    ordered = sorted(accesses, key=lambda access: (access.source, access.instant))
    counters = {source: count(1) for source in {access.source for access in accesses}}
    return [replace(access, event_id=f"{access.source[0]}-{next(counters[access.source]):03d}") for access in ordered]


def generate(home: Path) -> None:
    """Write the landing folder, expected.json and README.md below `home`."""
    cases = planted()
    # One stream of chance for each subject: a new case in one leaves the others as they were.
    accesses = numbered([*cases, *everyday(Random(SEED), EVENTS - len(cases))])
    plan = Plan(accesses, logs(Random(SEED + 1), accesses), stores(Random(SEED + 2)))
    landing.clear(home)
    counts = landing.ledgers(home) | landing.accesses(home, accesses) | landing.request_logs(home, plan.logs)
    landing.records(home, plan.stores)
    (home / "expected.json").write_text(expected(plan, counts), encoding="utf-8")
    (home / "README.md").write_text(readme(plan, counts), encoding="utf-8")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
