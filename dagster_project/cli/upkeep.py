"""Commands that keep a house in order and prove that it is: meter, seal, purge, prove, verify."""

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from dagster_project.cli.common import DEMO_AS_OF, AsOfOption, HomeOption, JsonOption, LandingArgument, SettingsOption, app, house_of, opened, tell
from dagster_project.publishing.exports import visible

_MEASURED = (
    "select store, record_class, sum(records)::bigint as records, sum(bytes)::bigint as bytes, bool_or(is_partial) as is_partial "
    "from scrubbed.records where day = $day group by all order by store"
)


@app.command
def meter(landing: LandingArgument, *, home: HomeOption, as_of: AsOfOption = None, settings: SettingsOption = None, as_json: JsonOption = False) -> int:
    """Measure the record stores of LANDING and of the settings: how many records, how large, and not a byte of their content.

    A store is measured once a UTC day. Not yet: databases and folders of files; Parquet alone is measured, and tables by account come with the next `glasshouse run`.

    Example: `glasshouse meter landing --home house`
    """
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.intake.recovery import held
    from dagster_project.engines.intake.steps import take_records

    faults: list[str] = []
    house = replace(opened(home, landing, settings, as_of), tell=faults.append)
    with held(house.home):
        take_records(house)
        with closing(DuckDBEngine(house.home)) as engine:
            rows = engine.connection().execute(_MEASURED, {"day": house.as_of.date()}).to_arrow_table().to_pylist()
    lines = [f"{row['store']:<24} {row['record_class']:<16} {row['records']:>12,} records {row['bytes']:>16,} bytes{'  partly read' * row['is_partial']}" for row in rows]
    tell({"day": house.as_of.date(), "stores": rows, "refused": faults}, as_json, [*(f"refused: {fault}" for fault in faults), *(lines or ["no record store"])])
    return 3 if faults or any(row["is_partial"] for row in rows) else 0


@app.command
def seal(*, home: HomeOption, as_of: AsOfOption = None, as_json: JsonOption = False) -> int:
    """Seal the days whose time has come: count their visitors, drop their tokens, destroy their keys.

    It builds no other table: the next `glasshouse run` shows the visitors it counted.

    Example: `glasshouse seal --home house`
    """
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.intake.recovery import held
    from dagster_project.engines.intake.steps import seal_due

    house = house_of(home, as_of)
    with held(house.home), closing(DuckDBEngine(house.home)) as engine:
        before = _sealed(engine)
        rows = seal_due(house, engine)
        days = sorted(_sealed(engine) - before)
    tell({"days": days, "rows": rows}, as_json, [f"{len(days):,} days sealed: {', '.join(days) or 'none was due'}", f"{rows:,} rows rewritten without tokens"])
    return 0


@app.command
def purge(
    *,
    home: HomeOption,
    as_of: AsOfOption = None,
    dry_run: Annotated[bool, Parameter(negative=(), help="Say what would go, and remove nothing.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Remove what [retention] no longer lets stay, from the lake, the warehouse and the reports, and open the files again to see.

    The index of refused lines goes after `quarantine_days`, request rows `request_days` after their day was sealed, measured tables after
    `published_months`, ledgers, access events, findings and reports after `ledger_years`. What went stands in `ledger.purges` and in the report.
    Days that are due are sealed first. With `--dry-run` nothing is sealed either, so days that are yet to be sealed are not counted.

    Example: `glasshouse purge --home house --dry-run`
    """
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.intake.recovery import held
    from dagster_project.publishing.progress import watched
    from dagster_project.publishing.purge import plan, summed
    from dagster_project.publishing.purge import purge as purged

    with watched(Console(stderr=True)) as (watch, warn):
        house = replace(house_of(home, as_of), watch=watch, tell=warn)
        with held(house.home), closing(DuckDBEngine(house.home)) as engine:
            gone = summed(plan(house, engine) if dry_run else purged(house, engine))
    verb = "would go" if dry_run else "removed"
    lines = [f"{row['table_name']}: {row['rows']:,} rows {verb}{_of_days(row)} ({row['rule']})" for row in gone]
    tell({"dry_run": dry_run, "removed": gone}, as_json, lines or ["nothing is past its time"])
    return 0


@app.command
def prove(*, home: HomeOption, as_json: JsonOption = False) -> int:
    """Look for persons in everything HOME stores, and send invented ones through the landing steps to see that none comes out.

    Not yet: every log format, database and folder of Glasshouse, other identities over the same input, attacks on tokens;
    the result does not yet stand in the report.

    Example: `glasshouse prove --home demo`
    """
    from dagster_project.engines import canaries
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.scanning import scan

    with closing(DuckDBEngine(house_of(home).home)) as engine:
        scanned = scan(engine.lake, engine.connection()).to_pylist()
    with TemporaryDirectory(prefix="glasshouse-prove-") as folder:
        place = Path(folder)
        lines = canaries.plant(place / "landing")
        canaries.take(opened(place / "home", place / "landing", None, DEMO_AS_OF.isoformat(), {"XDG_STATE_HOME": str(place / "state")}))
        leaks = canaries.leaks(place / "home")
    found = [row for row in scanned if row["hits"]]
    columns = {(row["table_name"], row["column_name"]) for row in scanned}
    told = {
        "columns_scanned": len(columns), "values_scanned": sum(row["values_scanned"] for row in scanned if row["kind"] == "person"), "persons_found": found,
        "canaries": len(canaries.CANARIES), "canary_lines": lines, "leaks": [asdict(leak) for leak in leaks],
    }  # fmt: skip
    tell(told, as_json, [
        f"{told['columns_scanned']:,} columns of HOME scanned, {told['values_scanned']:,} distinct values: {len(found)} hold a person",
        *(f"  {row['table_name']}.{row['column_name']}: {row['hits']:,} values of kind {row['kind']}" for row in found),
        f"{told['canaries']} canaries in {lines:,} lines: {len(leaks)} leaks",
        *(f"  {leak.kind} in {leak.file}" for leak in leaks),
    ])  # fmt: skip
    return 1 if found or leaks else 0


@app.command
def verify(pack: Annotated[Path, Parameter(help="Folder of a report.")], *, as_json: JsonOption = False) -> int:
    """Check the files of a report against its manifest: which were changed, which are missing, which are foreign.

    Not yet: a signature. Whoever can write the folder can write the manifest too: keep its SHA-256 elsewhere.

    Example: `glasshouse verify demo/reports/2026-03`
    """
    from dagster_project.publishing.packs import verify as verified

    found = verified(pack)
    lines = [f"{what}: {visible(name)}" for what in ("changed", "missing", "foreign") for name in getattr(found, what)]
    tell(asdict(found), as_json, [*lines, f"{len(found.intact)} files are as the manifest says" if found.is_intact else "the pack is not what was written"])
    return 0 if found.is_intact else 1


def _sealed(engine: Any) -> set[str]:
    keys = engine.lake.read("ledger.keys").to_pylist()
    return {row["day"].isoformat() for row in keys if row["destroyed_at"] is not None}


def _of_days(row: dict[str, Any]) -> str:
    """Return the days of a line of `purge`; nothing where the table has none."""
    if row["days"] < 2:
        return f" of {row['first_day']}" if row["days"] else ""
    return f" of {row['days']:,} days, {row['first_day']} to {row['last_day']}"
