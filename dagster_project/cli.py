"""`glasshouse …`: every job without a browser; exit status 0 done, 1 findings, 2 usage, 3 an input refused, 4 a fault of ours."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from dagster_project import __version__, resources
from dagster_project.engines import catalog
from dagster_project.engines.house import House
from dagster_project.errors import GlasshouseError, UsageError

DEMO_AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
Severity = Literal["low", "medium", "high", "critical"]
HomeOption = Annotated[Path, Parameter(help="Folder that Glasshouse keeps: lake, warehouse, reports.")]
SettingsOption = Annotated[Path | None, Parameter(name="--settings", help="Settings file; by default glasshouse.toml beside LANDING.")]
AsOfOption = Annotated[str | None, Parameter(name="--as-of", help="Instant beyond which nothing is known, ISO 8601 with a zone; by default now.")]
JsonOption = Annotated[bool, Parameter(name="--json", negative=(), help="Print one object on stdout, for machines.")]

app = App(
    name="glasshouse",
    version=__version__,
    help="Proves, from logs and ledgers, that a software vendor keeps the promises of its privacy policy.\n\n"
    "Begin with `glasshouse demo`, then `glasshouse run LANDING --home HOME`.",
    help_format="markdown",
)


@app.command
def demo(*, home: HomeOption = Path("demo"), as_json: JsonOption = False) -> int:
    """Run the main job on the sample vendor and say where everything is.

    Example: `glasshouse demo`
    """
    landing = catalog.root() / "data_samples"
    return _run(landing, home, DEMO_AS_OF, landing / "glasshouse.toml", None, rebuild=False, as_json=as_json)


@app.command
def run(
    landing: Path,
    *,
    home: HomeOption,
    as_of: AsOfOption = None,
    engine: Annotated[Literal["duckdb", "spark"], Parameter(help="Where the tables are made.")] = "duckdb",
    settings: SettingsOption = None,
    fail_on: Annotated[Severity | None, Parameter(help="Exit with 1 when a finding is this grave or graver.")] = None,
    rebuild: Annotated[bool, Parameter(negative=(), help="Read every input again, those read before too.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Read what is new in LANDING, decide, prove, publish and report.

    Example: `glasshouse run landing --home house --as-of 2026-04-01T00:00:00Z --fail-on high`
    """
    if engine == "spark":
        raise UsageError("--engine spark is not built yet; leave it out to run on DuckDB")
    return _run(landing, home, _instant(as_of), settings, fail_on, rebuild=rebuild, as_json=as_json)


@app.command
def decide(landing: Path, *, as_of: AsOfOption, out: Path, settings: SettingsOption = None, as_json: JsonOption = False) -> int:
    """Judge every access event of LANDING against the grants and write flagged.access_decisions; nothing else is kept.

    Example: `glasshouse decide landing --as-of 2026-04-01T00:00:00Z --out decisions.parquet`
    """
    import pyarrow.parquet as pq

    from dagster_project.engines.decide import decided
    from dagster_project.engines.intake.delivery import deliver

    at = _instant(as_of)
    if at is None:
        raise UsageError("--as-of is needed: the same landing folder gives the same decisions only for the same as-of")
    loaded = resources.settings_for(landing, settings)
    delivery = deliver(landing, loaded, at)
    rows = decided(delivery)
    out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, out)
    counts = {entry["values"]: entry["counts"] for entry in rows.column("outcome").value_counts().to_pylist()}
    refused = [str(entry.refusal) for entry in delivery.entries if entry.refusal]
    lost = sum(entry.quarantined for entry in delivery.entries)
    _tell({"accesses": rows.num_rows, "outcomes": counts, "refused": refused, "refused_rows": lost, "out": str(out)}, as_json, lambda told: "\n".join(
        [*(f"refused: {line}" for line in told["refused"]), f"{told['accesses']:,} accesses decided: " + (", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())) or "none"), f"written to {out}"]
    ))
    return 3 if refused else 0


@app.command
def report(*, home: HomeOption, month: str, account: str | None = None, diff: str | None = None, close: Annotated[bool, Parameter(negative=())] = False, as_json: JsonOption = False) -> int:
    """Write the report of a month, or with --account the page of one customer.

    Example: `glasshouse report --home demo --month 2026-03 --account acme`
    """
    from dagster_project.publishing.reports import report_month

    if diff or close:
        raise UsageError("--diff and --close are not built yet; the report of each month stands beside the others in HOME/reports")
    folder = report_month(_house(home), month, account)
    _tell({"report": str(folder / "report.html")}, as_json, lambda told: told["report"])
    return 0


@app.command
def query(sql: str, *, home: HomeOption, format: Literal["table", "csv", "json", "parquet"] = "table", row_limit: int = 10_000, seconds: float = 30) -> int:  # noqa: A002
    """Ask the warehouse one question; read-only, and no file but the warehouse is opened.

    Example: `glasshouse query --home demo "select account_id, sum(requests) from measured.account_requests_daily group by all"`
    """
    from dagster_project.publishing.query import query as answer
    from dagster_project.publishing.query import shown

    found = answer(home / "warehouse.duckdb", sql, row_limit, seconds)
    sys.stdout.buffer.write(shown(found, format, Console().width))
    sys.stdout.buffer.flush()
    return 0


@app.command
def detect(file: Path, *, as_json: JsonOption = False) -> int:
    """Say which log format a file has, how sure that is, and which of its first lines would be refused.

    Example: `glasshouse detect access.log.gz`
    """
    from dagster_project.reading.files import head
    from dagster_project.reading.logs.detect import detect as detected

    if not file.is_file():
        raise UsageError("FILE is no file; name a log file, plain or compressed")
    found = detected(head(file))
    told = {"format": found.format, "confidence": round(found.confidence, 4), "refused_lines": list(found.refused_lines)}
    _tell(told, as_json, lambda _: f"{found.format or 'no known format'}, confidence {found.confidence:.0%}" + (f", lines refused: {', '.join(map(str, found.refused_lines))}" if found.refused_lines else ""))
    return 0 if found.format else 3


@app.command
def formats(*, as_json: JsonOption = False) -> int:
    """List the log formats that are read, each with an example line.

    Example: `glasshouse formats`
    """
    from dagster_project.reading.logs.detect import FORMATS

    told = [{"name": each.name, "description": each.description, "example": each.example} for each in FORMATS]
    _tell(told, as_json, lambda _: "\n".join(f"{each['name']:<20} {each['description']}\n{'':<20} {each['example']}" for each in told))
    return 0


@app.command
def ui(*, home: HomeOption = Path("demo"), landing: Path | None = None, settings: SettingsOption = None, port: int = 3000) -> int:
    """Open Dagster's page on 127.0.0.1, with the graph from landing to report and every run of HOME.

    Example: `glasshouse ui --home demo`
    """
    from dagster_project.automation import serve

    return serve(home, landing or catalog.root() / "data_samples", settings, port)


def _run(landing: Path, home: Path, as_of: datetime | None, settings: Path | None, fail_on: str | None, *, rebuild: bool, as_json: bool) -> int:
    from dagster_project.definitions import run_everything
    from dagster_project.publishing import summary
    from dagster_project.publishing.progress import watched

    with watched(Console(stderr=True)) as (watch, tell):
        house = resources.open_house(home, landing, settings, as_of, should_rebuild=rebuild, watch=watch, tell=tell)
        ran = run_everything(house)
    if ran.faults:
        for line in ran.faults:
            print(f"glasshouse: {line}", file=sys.stderr)
        return ran.exit_status
    found = ran.summary
    if as_json:
        _tell(found, as_json, str)
    else:
        console = Console()
        summary.show(found, console)
        summary.show_places(found, console)
    if found["refused"]:
        return 3
    is_grave = fail_on is not None and summary.worst(found) >= summary.SEVERITIES.index(fail_on)
    return 1 if is_grave else 0


def _house(home: Path) -> House:
    if not (home / "lake").is_dir():
        raise UsageError("HOME holds no lake yet; `glasshouse run LANDING --home HOME` makes one")
    return resources.open_house(home)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("--as-of is no instant; write it as 2026-04-01T00:00:00Z") from None
    if at.tzinfo is None:
        raise UsageError("--as-of has no zone; write it as 2026-04-01T00:00:00Z")
    return at.astimezone(UTC)


def _tell(told: Any, as_json: bool, written: Callable[[Any], str]) -> None:
    """Print for machines or for people."""
    print(json.dumps(told, default=str, ensure_ascii=False) if as_json else written(told))


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its status; an error is one sentence on stderr."""
    sys.exit(status_of(arguments))


def status_of(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        return app(arguments, exit_on_error=False, print_error=True, result_action="return_value") or 0
    except CycloptsError:
        return 2
    except GlasshouseError as error:
        print(f"glasshouse: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("glasshouse: stopped; what was finished stays, run again to go on", file=sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001 (the text of a library's error can quote data)
        print(f"glasshouse: a fault of ours: {type(error).__name__} {_place(error)}; please report it", file=sys.stderr)
        return 4


def _place(error: BaseException) -> str:
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "dagster_project" in frame.filename]
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
