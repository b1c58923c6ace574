"""Commands of the working day: run a landing folder, judge it, report on it, watch it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from dagster_project.cli.common import (
    DEMO_AS_OF,
    AsOfOption,
    HomeOption,
    JsonOption,
    LandingArgument,
    SettingsOption,
    Severity,
    app,
    complain,
    house_of,
    instant,
    opened,
    refuse_unusable,
    tell,
)
from dagster_project.engines import catalog
from dagster_project.errors import UsageError


@app.command
def demo(*, home: HomeOption = Path("demo"), as_json: JsonOption = False) -> int:
    """Run the main job on the sample vendor and say where everything is.

    Example: `glasshouse demo`
    """
    landing = catalog.root() / "data_samples"
    return _run(landing, home, DEMO_AS_OF, landing / "glasshouse.toml", None, rebuild=False, as_json=as_json)


@app.command
def run(  # noqa: PLR0913 (an option each)
    landing: LandingArgument,
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

    Not yet: `--engine spark`.

    Example: `glasshouse run landing --home house --as-of 2026-04-01T00:00:00Z --fail-on high`
    """
    if engine == "spark":
        raise UsageError("--engine spark is not built yet; leave it out to run on DuckDB")
    return _run(landing, home, instant(as_of), settings, fail_on, rebuild=rebuild, as_json=as_json)


@app.command
def decide(
    landing: LandingArgument,
    *,
    as_of: Annotated[str, Parameter(help="Instant beyond which nothing is known, ISO 8601 with a zone.")],
    out: Annotated[Path, Parameter(help="Parquet file to write.")],
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> int:
    """Judge every access event of LANDING against the grants and write flagged.access_decisions; nothing else is kept.

    Example: `glasshouse decide landing --as-of 2026-04-01T00:00:00Z --out decisions.parquet`
    """
    from dagster_project import resources
    from dagster_project.engines.decide import write_decisions
    from dagster_project.engines.intake.accounting import refusals
    from dagster_project.engines.intake.delivery import deliver

    at = instant(as_of) or DEMO_AS_OF
    delivery = deliver(landing, resources.settings_for(landing, settings), at)
    outcomes = write_decisions(delivery, out)
    refused = [entry.said for entry in delivery.entries if entry.refusal]
    lost = sum(entry.quarantined for entry in delivery.entries)
    warned = [*delivery.unfinished, *refusals(delivery.entries, delivery.rejects)]
    told = {"accesses": outcomes.total(), "outcomes": dict(sorted(outcomes.items())), "refused": refused, "refused_rows": lost, "warnings": warned, "out": str(out)}
    by_outcome = ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items())) or "none"
    lines = [
        *(f"refused: {line}" for line in refused),
        *(f"warning: {line}" for line in warned),
        f"{outcomes.total():,} accesses decided: {by_outcome}",
        f"{lost:,} rows refused",
        f"written to {out}",
    ]
    tell(told, as_json, lines)
    return 3 if refused else 0


@app.command
def report(  # noqa: PLR0913 (an option each)
    *,
    home: HomeOption,
    month: Annotated[str, Parameter(help="UTC month, YYYY-MM.")],
    account: Annotated[str | None, Parameter(help="Write this customer's own page instead.")] = None,
    diff: Annotated[str | None, Parameter(help="Another month: the report also says what changed since.")] = None,
    close: Annotated[bool, Parameter(negative=(), help="Close the month: its report is never overwritten, and what is delivered later is late.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Write the report of a month, or with --account the page of one customer.

    A month that is closed keeps its report; where later evidence changes it, it is restated in a folder inside, with what changed.

    Example: `glasshouse report --home demo --month 2026-03 --account alder`
    """
    from dagster_project.engines.intake.recovery import held
    from dagster_project.publishing.printed import left_out
    from dagster_project.publishing.reports import report_month

    if account is not None and (close or diff):
        raise UsageError("--account is a customer's own page: --close and --diff are for the report of the whole month")
    house = house_of(home)
    with held(house.home):
        page = report_month(house, month, account, diff, is_to_close=close) / "report.html"
    missing = {} if account is not None else left_out()
    tell({"report": str(page), "left_out": missing}, as_json, [str(page), *(f"{name}: {why}" for name, why in missing.items())])
    return 0


@app.command
def ui(
    *,
    home: HomeOption = Path("demo"),
    landing: Annotated[Path | None, Parameter(help="Landing folder that sensor and schedules read; without it they read nothing.")] = None,
    settings: SettingsOption = None,
    port: Annotated[int, Parameter(help="Port on 127.0.0.1.")] = 3000,
) -> int:
    """Open Dagster's page on 127.0.0.1, with the graph from landing to report and every run of HOME.

    Example: `glasshouse ui --home demo`
    """
    from dagster_project.serving import serve

    opened(home, landing, settings, None)
    return serve(home, landing, settings, port)


def _run(  # noqa: PLR0913 (what run and demo were given)
    landing: Path, home: Path, as_of: datetime | None, settings: Path | None, fail_on: str | None, *, rebuild: bool, as_json: bool
) -> int:
    from dagster_project import expect

    refuse_unusable(home)
    with expect.started() as worker:  # it imports for seconds, and so do we
        with expect.importing():
            from dagster_project import resources
            from dagster_project.definitions import run_everything
            from dagster_project.engines.intake.recovery import held
            from dagster_project.publishing import summary
            from dagster_project.publishing.progress import watched

        with watched(Console(stderr=True)) as (watch, warn):
            house = resources.open_house(home, landing, settings, as_of, should_rebuild=rebuild, watch=watch, tell=warn)
            with held(house.home):
                ran = run_everything(house, worker)
    if ran.faults:
        for line in ran.faults:
            complain(line)
        if as_json:
            tell({"faults": ran.faults}, as_json, [])
        return ran.exit_status
    if not (found := ran.summary):  # Dagster takes Ctrl-C for a failed step, without a fault to tell
        raise KeyboardInterrupt
    if as_json:
        tell(found, as_json, [])
    else:
        console = Console()
        summary.show(found, console)
        summary.show_places(found, console)
    if found["refused"]:
        return 3
    is_grave = fail_on is not None and summary.worst(found) >= summary.SEVERITIES.index(fail_on)
    return 1 if is_grave else 0
