"""The landing folder as files: what each holds, and how many lines of it a reader must accept and refuse."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plan import company, grants, sharing
from plan.access import Access
from plan.lines import Log
from plan.stores import Store
from plan.week import DAYS
from plan.writing import Row, csv_text, instants, json_lines, write, write_parquet


@dataclass(frozen=True)
class Count:
    """How the lines of a file are accounted for; the header of a CSV file counts as blank, a row of Parquet as a line."""

    parsed: int
    quarantined: int = 0
    blank_or_comment: int = 0
    duplicates: int = 0  # of those parsed

    def as_row(self) -> dict[str, int]:
        """Return the counts with the sum of lines first."""
        return {"lines": self.parsed + self.quarantined + self.blank_or_comment} | vars(self)


Counts = dict[str, Count]


def _ledger(home: Path, counts: Counts, path: str, rows: Sequence[Row], header: Sequence[str] = (), refused: int = 0) -> None:
    is_csv = path.endswith(".csv")
    write(home / path, csv_text(rows, header) if is_csv else json_lines(rows))
    counts[path] = Count(len(rows) - refused, refused, int(is_csv))


def ledgers(home: Path) -> Counts:
    """Write every ledger."""
    counts: Counts = {}
    simple: dict[str, Callable[[], Sequence[Row]]] = {
        "accounts/accounts.csv": company.accounts, "staff/staff.csv": company.staff, "teams/teams.csv": company.teams, "users/users.csv": company.users,
        "grantors/grantors.csv": company.grantors, "policies/policies.jsonl": company.policies, "sources/sources.csv": company.sources, "gaps/gaps.csv": company.gaps,
        "grants/revocations.jsonl": grants.revoked, "opt_outs/opt_outs.csv": grants.opt_outs, "emergencies/emergencies.jsonl": grants.emergencies,
        "consents/consents.jsonl": sharing.consents, "erasures/erasures.csv": sharing.erasures, "objections/objections.csv": sharing.objections,
    }  # fmt: skip
    for path, rows_of in simple.items():
        _ledger(home, counts, path, rows_of())
    for path, plants in (("disclosures/disclosures.csv", sharing.disclosures()), ("tags/tags.csv", sharing.tags()), ("mailings/mailings.csv", sharing.mailings())):
        _ledger(home, counts, path, [planted.row for planted in plants])
    _ledger(home, counts, "grants/grants.csv", [*grants.given(), *grants.refused()], refused=len(grants.refused()))
    _ledger(home, counts, "reviews/reviews.csv", [], ("finding_id", "status", "reviewed_at", "reviewed_by", "note"))
    *texts, (last_at, last_rows) = sharing.messages()
    for snapshot_at, rows in texts:
        _ledger(home, counts, f"messages/{snapshot_at:%Y-%m-%d}.csv", rows)
    path = f"messages/{last_at:%Y-%m-%d}.parquet"
    write_parquet(home / path, [instants(last_rows, ("snapshot_at", "received_at"))])
    counts[path] = Count(len(last_rows))
    return counts


def accesses(home: Path, events: Sequence[Access]) -> Counts:
    """Write the access events, a sub-folder for each source."""
    counts: Counts = {}
    of = {source: [event.written() for event in events if event.source == source] for source in ("backoffice", "kiosk", "replica")}
    _ledger(home, counts, "access_events/backoffice/week.csv", of["backoffice"])
    _ledger(home, counts, "access_events/kiosk/week.jsonl", [row | {"terminal": "K2"} for row in of["kiosk"]])
    used = ("event_id", "actor", "account_id", "record_class", "record_id", "action", "content", "purpose", "occurred_at", "observed_at", "rows")
    write_parquet(home / "access_events/replica/week.parquet", [instants([{name: row[name] for name in used} for row in of["replica"]], ("occurred_at", "observed_at"))])
    counts["access_events/replica/week.parquet"] = Count(len(of["replica"]))
    return counts | _console(home, [event for event in events if event.source == "console"])


def _console(home: Path, events: Sequence[Access]) -> Counts:
    """Write console's files; behind the events of the 14th stand five lines that add none."""
    counts: Counts = {}
    for day in DAYS:
        path = f"access_events/console/2026-03-{day:02d}.jsonl"
        rows = [event.written() for event in events if event.instant.day == day]
        content, count = json_lines(rows), Count(len(rows))
        if day == 14:
            known = next(event.written() for event in events if event.why is None)
            again = json_lines([known])
            other = json_lines([known | {"action": "write"}])
            no_time = json_lines([known | {"event_id": "c-901", "occurred_at": "yesterday"}])
            no_id = json_lines([known | {"event_id": None}])
            broken = json.dumps({"event_id": "c-902"}).encode()[:-1] + b"\n"
            content += again + other + no_time + no_id + broken
            count = Count(len(rows) + 1, quarantined=4, duplicates=1)
        write(home / path, content)
        counts[path] = count
    return counts


def request_logs(home: Path, logs: Sequence[Log]) -> Counts:
    """Write the request logs."""
    for log in logs:
        write(home / log.path, log.content())
    return {log.path: Count(*(sum(line.fate == fate for line in log.lines) for fate in ("parsed", "quarantined", "blank"))) for log in logs}


def records(home: Path, held: Sequence[Store]) -> None:
    """Write the record stores."""
    for store in held:
        write_parquet(home / f"records/{store.record_class}/{store.record_class}s.parquet", store.row_groups)


def clear(home: Path) -> None:
    """Remove the folders written before, and nothing else."""
    for folder in [
        "access_events",
        "accounts",
        "consents",
        "disclosures",
        "emergencies",
        "erasures",
        "gaps",
        "grantors",
        "grants",
        "mailings",
        "messages",
        "objections",
        "opt_outs",
        "policies",
        "records",
        "request_logs",
        "reviews",
        "sources",
        "staff",
        "tags",
        "teams",
        "users",
        "web_logs",
    ]:
        shutil.rmtree(home / folder, ignore_errors=True)
