"""The Python assets in the order data flows: ledgers, logs, accesses, record stores, seal; then releases, warehouse and report; and the purge."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from dagster_project import checks
from dagster_project.checks import Results, key
from dagster_project.dagster_errors import told
from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import steps
from dagster_project.engines.scanning import scan_store
from dagster_project.errors import GlasshouseError
from dagster_project.expect import Suites
from dagster_project.publishing.purge import plan, purge
from dagster_project.publishing.release import publish_warehouse, release
from dagster_project.publishing.reports import report_latest, report_over
from dagster_project.settings import Retention
from dagster_project.sql_assets import EXPECTATIONS, counted, dep, described, group

REMEMBERED = ("ledger.first_seen", "ledger.reviews", *steps.CLOSED)
LOGS = ("scrubbed.requests", "scrubbed.visits", "scrubbed.staff_requests", "scrubbed.routes", "scrubbed.vocabulary")
EVENTS = "scrubbed.access_events"
ATTESTED = ("ledger.attestations", "ledger.source_gaps")
BOOKS = ("ledger.inputs", "ledger.input_files", "ledger.quarantine", "ledger.non_accesses", "ledger.runs")
RETENTION = {name: str(field.description) for name, field in Retention.model_fields.items()}
KEPT_NO_LONGER = "kept_no_longer"
NONE_REFUSED = "none_refused"
HOW_REFUSED = "`glasshouse run LANDING --home HOME` names each file and what to do; it is tried again at every run"
PROOF = dg.AssetKey(["house", "proof"])
OVER = dg.AssetKey(["house", "monthly_report"])
COUNTED = ("canaries", "formats", "sinks", "leaks", "seconds")
Made = Callable[[House, DuckDBEngine], int]


def landing_assets() -> list[dg.AssetsDefinition]:
    """Return the assets of the landing job: bytes to rows that hold no person."""
    ledgers = ("scrubbed.run",)
    declared = (*ledgers, *catalog.kept("while settings say it"), *catalog.kept("while LANDING holds it"))
    return [
        _asset("ledgers", (*declared, *REMEMBERED), (), "Reads every ledger of the landing folder, whole.", lambda house, _: steps.take_ledgers(house)),
        _asset("requests", LOGS, ledgers, "Reads and scrubs the request logs that are new.", steps.take_requests),
        _asset("access_events", (EVENTS, *ATTESTED), ledgers, "Reads the access events that are new.", lambda house, _: steps.take_accesses(house)),
        _asset(
            "records",
            ("scrubbed.records", "scrubbed.record_files", "ledger.metering"),
            ledgers,
            "Measures the record stores, once a day.",
            lambda house, _: steps.take_records(house),
        ),
        _asset("seal", (VISITORS, "ledger.keys"), LOGS, "Counts the visitors of days that are over, drops their tokens, destroys their keys.", steps.seal_due),
        _books_asset((LOGS[0], EVENTS, *ledgers)),
    ]


def verdict_assets() -> list[dg.AssetsDefinition]:
    """Return the Python assets of the verdicts job: what may leave the house."""
    tables = catalog.tables().values()
    measured = [table.name for table in tables if table.schema == "measured"]
    published = [dep(table) for table in tables if table.is_published]

    @dg.asset(key=["house", "warehouse"], deps=published, group_name="5_published", kinds={"duckdb"}, description="The analysts' database, moved into place.")
    @told
    def warehouse(house: dg.ResourceParam[House], engine: dg.ResourceParam[DuckDBEngine]) -> Results:
        started = time.perf_counter()
        yield counted(sum(publish_warehouse(engine, house.home / "warehouse.duckdb").values()), started)

    @dg.asset(key=["house", "report"], deps=[warehouse], group_name="5_published", kinds={"html"}, description="The report of the latest month with evidence.")
    @told
    def report(house: dg.ResourceParam[House], engine: dg.ResourceParam[DuckDBEngine]) -> Results:
        started = time.perf_counter()
        yield counted(len(report_latest(house, engine)), started)

    return [
        _asset("scans", ("ledger.scans",), measured, "Looks for persons and cookies in what is stored.", lambda house, engine: scan_store(engine, house)),
        _asset("releases", ("ledger.releases",), measured, "Makes the published copies of the suppressed tables.", lambda house, engine: release(engine, house.settings)),
        warehouse,
        report,
    ]


def monthly_asset() -> dg.AssetsDefinition:
    """Return the asset of the monthly report: what a run of verdicts writes is the report of the month that goes on."""

    @dg.asset(key=OVER, deps=[dg.AssetKey(["house", "warehouse"])], group_name="5_published", kinds={"html"}, description="The report of the month that is over.")
    @told
    def monthly_report(house: dg.ResourceParam[House]) -> Results:
        started = time.perf_counter()
        report_over(house)
        yield counted(1, started)

    return monthly_report


def retention_assets() -> list[dg.AssetsDefinition]:
    """Return the assets of the purge: one for each rule of [retention], with a check that opens the files again, and the ledger of what went."""
    rules = {rule: dg.AssetKey(["retention", rule]) for rule in RETENTION}
    kept = [dg.AssetCheckSpec(KEPT_NO_LONGER, asset=rules[rule], blocking=True, description=f"No file holds a row past retention.{rule}.") for rule in RETENTION]
    ledger = [catalog.tables()["ledger.purges"]]
    checked = checks.specs(ledger, EXPECTATIONS)
    specs = [dg.AssetSpec(rules[rule], description=meaning, group_name="6_retention", kinds={"python"}) for rule, meaning in RETENTION.items()]

    @dg.multi_asset(name="purge", specs=[*specs, *_specs(ledger, ())], check_specs=[*kept, *checked], description="Removes what [retention] lets stay no longer.")
    @told
    def asset(house: dg.ResourceParam[House], engine: dg.ResourceParam[DuckDBEngine], suites: dg.ResourceParam[Suites]) -> Results:
        started = time.perf_counter()
        gone = purge(house, engine)
        left = plan(house, engine)
        for rule, asset_key in rules.items():
            yield counted(sum(each.rows for each in gone if each.rule == rule), started, asset_key)
            rows = sum(each.rows for each in left if each.rule == rule)
            yield dg.AssetCheckResult(passed=not rows, asset_key=asset_key, check_name=KEPT_NO_LONGER, metadata={"rows_past_their_time": rows})
        yield from checks.results([counted(sum(each.rows for each in gone), started, key(ledger[0].name))], suites, checked)

    return [asset]


def proof_asset() -> dg.AssetsDefinition:
    """Return the asset that proves that no person leaks, with a check that blocks where one does.

    It is the command line's `prove` in a process of its own: what is proven runs the jobs of Dagster itself, and one run cannot hold another.
    """
    held = dg.AssetCheckSpec("nothing_leaks", asset=PROOF, blocking=True, description="Every trial of `glasshouse prove` held.")

    @dg.asset(
        key=PROOF, check_specs=[held], group_name="5_published", kinds={"python"}, description="Invented persons, sent through every step and looked for in all that is written."
    )
    @told
    def proof(house: dg.ResourceParam[House]) -> Results:
        command = [sys.executable, "-m", "dagster_project.cli", "prove", "--home", str(house.home), "--json"]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 (our own words)
        if done.returncode not in (0, 1):
            raise GlasshouseError(f"prove ended with status {done.returncode}; run `glasshouse prove --home HOME` to see why")
        said = json.loads(done.stdout)
        failed = [each["name"] for each in said["tried"] if not each["held"]]
        checked = dg.AssetCheckResult(passed=done.returncode == 0, metadata={"failed": len(failed), "trials": failed})
        yield dg.MaterializeResult(metadata={name: said[name] for name in COUNTED}, check_results=[checked])

    return proof


def _books_asset(deps: Iterable[str]) -> dg.AssetsDefinition:
    """Return the asset that closes the books, with a check that warns of inputs that were refused: the rest was done, and nothing else tells of them here."""
    filled = [catalog.tables()[table] for table in BOOKS]
    checked = checks.specs(filled, EXPECTATIONS)
    taken = dg.AssetCheckSpec(NONE_REFUSED, asset=key(BOOKS[0]), description="Every input of the landing folder was read.")

    @dg.multi_asset(name="books", specs=_specs(filled, deps), check_specs=[*checked, taken], description="Checks that every line of every input is accounted for.")
    @told
    def books(house: dg.ResourceParam[House], engine: dg.ResourceParam[DuckDBEngine], suites: dg.ResourceParam[Suites]) -> Results:
        started = time.perf_counter()
        rows = steps.close_books(house, engine)
        yield from checks.results([counted(rows, started, key(table.name)) for table in filled], suites, checked)
        refused = steps.refused_inputs(engine)
        metadata: dict[str, Any] = {"refused": sum(refused.values()), "reasons": dict(refused), "next": HOW_REFUSED if refused else "nothing"}
        yield dg.AssetCheckResult(passed=not refused, severity=dg.AssetCheckSeverity.WARN, asset_key=key(BOOKS[0]), check_name=NONE_REFUSED, metadata=metadata)

    return books


def _asset(name: str, tables: Iterable[str], deps: Iterable[str], description: str, made: Made) -> dg.AssetsDefinition:
    """Return the asset that fills tables in Python and has their suites judged; what each table is stands in its file."""
    filled = [catalog.tables()[table] for table in tables]
    checked = checks.specs(filled, EXPECTATIONS)

    @dg.multi_asset(name=name, specs=_specs(filled, deps), check_specs=checked, description=description)
    @told
    def asset(house: dg.ResourceParam[House], engine: dg.ResourceParam[DuckDBEngine], suites: dg.ResourceParam[Suites]) -> Results:
        started = time.perf_counter()
        rows = made(house, engine)
        yield from checks.results([counted(rows, started, key(table.name)) for table in filled], suites, checked)

    return asset


def _specs(tables: Iterable[Table], deps: Iterable[str]) -> list[dg.AssetSpec]:
    after = [dep(catalog.tables()[name]) for name in deps]
    return [dg.AssetSpec(key(table.name), deps=after, description=table.comment, group_name=group(table), kinds={"python"}, metadata=described(table)) for table in tables]
