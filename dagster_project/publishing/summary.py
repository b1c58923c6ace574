"""The summary at the end of a run: on a console for people, as one object for machines."""

from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dagster_project.engines.catalog import questions
from dagster_project.publishing.exports import instant, visible
from dagster_project.publishing.printed import left_out
from dagster_project.publishing.proofs import kept
from dagster_project.publishing.words import BASES, REVIEW_FAULTS

SEVERITIES = ("low", "medium", "high", "critical")
_BADGES = {"kept": "green", "broken": "bold red", "unproven": "yellow", "not_applicable": "dim"}


def summary(connection: duckdb.DuckDBPyConnection, home: Path, reports: list[str]) -> dict[str, Any]:
    """Return what the tables of HOME hold: inputs, decisions, promises and findings in counts, and where everything is."""

    def rows(name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = connection.sql(questions("told")[name]).to_arrow_table().to_pylist()
        return found

    return {
        **{name: rows(name) for name in ("inputs", "refused", "decisions", "promises", "findings", "explained")},
        "provisional": rows("provisional")[0]["findings"],
        "reviews": rows("reviews"),
        "proof": None if (proof := kept(home)) is None else {"proved_at": proof.proved_at, "held": proof.held, "leaks": proof.leaks},
        "home": str(home),
        "warehouse": str(home / "warehouse.duckdb"),
        "reports": [str(home / "reports" / period / "report.html") for period in reports],
        "left_out": left_out(),
    }


def worst(found: dict[str, Any]) -> int:
    """Return the place in SEVERITIES of the gravest finding, -1 without any."""
    return max((SEVERITIES.index(row["severity"]) for row in found["findings"]), default=-1)


def show(found: dict[str, Any], console: Console) -> None:
    """Print a summary for people."""
    inputs = Table(title="What came in", title_justify="left", box=None)
    for name in ("folder", "inputs", "lines", "parsed", "quarantined", "blank"):
        inputs.add_column(name, justify="left" if name == "folder" else "right")
    for row in found["inputs"]:
        inputs.add_row(row["folder"], *(f"{row[key]:,}" for key in ("inputs", "lines", "parsed", "quarantined", "blank_or_comment")))
    console.print(inputs)
    for row in found["refused"]:
        console.print(Text.assemble(("refused", "red"), f" {visible(row['advice'] or row['file_name'])}"), soft_wrap=True)
    _promises(found, console)
    _findings(found, console)
    _told(found, console)
    decided = ", ".join(f"{row['accesses']:,} {row['outcome']}" for row in found["decisions"])
    console.print(f"\nStaff accesses: {decided or 'none delivered'}", highlight=False)
    bases = ", ".join(f"{row['accesses']:,} by {BASES[row['basis']][0].lower()}" for row in found["explained"] if row["basis"] in BASES)
    if bases:
        console.print(f"Explained: {bases}", highlight=False)


def _told(found: dict[str, Any], console: Console) -> None:
    """Print what may still change, and which reviews do not count as they were meant."""
    if found["provisional"]:
        console.print(f"\n{found['provisional']:,} findings are provisional: a source has not been read so far")
    for row in found["reviews"]:
        why = f"do not count: {REVIEW_FAULTS[row['fault']]}" if row["fault"] else "count, though their rows are gone from reviews/"
        console.print(f"[yellow]reviews[/yellow] {row['reviews']:,} {why}", highlight=False)


def show_places(found: dict[str, Any], console: Console) -> None:
    """Print where everything is and what to ask next."""
    console.print()
    say = partial(console.print, soft_wrap=True, highlight=False, markup=False)
    for report in found["reports"]:
        say(f"report     {report}")
    for name, why in found["left_out"].items():
        say(f"           {name}: {why}")
    proof = found["proof"]
    said = f"{'held' if proof['held'] else 'FAILED'} on {instant(proof['proved_at'])}, {proof['leaks']:,} leaks" if proof else f"none yet; glasshouse prove --home {found['home']}"
    say(f"proof      {said}")
    say(f"warehouse  {found['warehouse']}")
    say("next       " + next_query(found["home"]))
    say(f"           glasshouse report --home {found['home']} --month YYYY-MM --account ACCOUNT")
    say(f"           glasshouse ui --home {found['home']}")


def next_query(home: str) -> str:
    """Return the first question an analyst would ask."""
    return f'glasshouse query --home {home} "select account_id, sum(requests) as requests from measured.account_requests_daily group by account_id order by requests desc"'


def _promises(found: dict[str, Any], console: Console) -> None:
    if not found["promises"]:
        return
    latest = max(f"{row['period_start']:%Y-%m}" for row in found["promises"])
    table = Table(title=f"\nPromises, {latest}", title_justify="left", box=None)
    for name in ("promise", "status", "checked", "broken", "why"):
        table.add_column(name, justify="right" if name in {"checked", "broken"} else "left", overflow="fold")
    for row in sorted(found["promises"], key=lambda row: _in_order(row["promise_id"])):
        if f"{row['period_start']:%Y-%m}" == latest:
            badge = _BADGES[row["status"]]
            table.add_row(row["promise_id"], f"[{badge}]{row['status']}[/{badge}]", f"{row['checked'] or 0:,}", f"{row['broken'] or 0:,}", escape(row["reason"] or ""))
    console.print(table)


def _in_order(promise_id: str) -> tuple[str, int]:
    """Return what sorts CR-2 before CR-10."""
    policy, _, number = promise_id.rpartition("-")
    return policy, int(number) if number.isdigit() else 0


def _findings(found: dict[str, Any], console: Console) -> None:
    if not found["findings"]:
        console.print("\nNo findings.")
        return
    table = Table(title="\nFindings", title_justify="left", box=None)
    table.add_column("control")
    table.add_column("severity")
    table.add_column("findings", justify="right")
    for row in found["findings"]:
        table.add_row(row["control"], row["severity"], f"{row['findings']:,}")
    console.print(table)
