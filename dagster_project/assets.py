"""The Python assets in the order data flows: ledgers, logs, accesses, record stores, seal; then releases, warehouse and report."""

import time
from collections.abc import Iterable, Iterator

import dagster as dg

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import steps
from dagster_project.engines.scanning import scan
from dagster_project.publishing.release import publish_warehouse, release
from dagster_project.publishing.reports import report_latest
from dagster_project.sql_assets import counted, described, group, key

LEDGERS = tuple(
    f"scrubbed.{name}"
    for name in (
        "run", "promises", "record_classes", "limits", "staff", "teams", "accounts", "grants", "policies", "opt_outs", "emergencies", "sources",
        "gaps", "messages", "erasures", "disclosures", "consents", "tags", "mailings", "objections", "reviews",
    )
)  # fmt: skip
LOGS = ("scrubbed.requests", "scrubbed.staff_requests", "scrubbed.routes", "scrubbed.vocabulary")
BOOKS = ("ledger.inputs", "ledger.input_files", "ledger.quarantine")
HouseParam = dg.ResourceParam[House]
EngineParam = dg.ResourceParam[DuckDBEngine]
Results = Iterator[dg.MaterializeResult]  # type: ignore[type-arg]


def _specs(names: Iterable[str], deps: Iterable[str] = ()) -> list[dg.AssetSpec]:
    """Return the specs of tables that Python fills: what each is stands in its file."""
    after = [key(dep) for dep in deps]
    return [
        dg.AssetSpec(key(table.name), deps=after, description=table.comment, group_name=group(table), kinds={"python"}, metadata=described(table))
        for table in (catalog.tables()[name] for name in names)
    ]


def landing_assets() -> list[dg.AssetsDefinition]:
    """Return the assets of the landing job: bytes to rows that hold no person."""

    @dg.multi_asset(name="ledgers", specs=_specs([*LEDGERS, "ledger.first_seen"]), description="Reads every ledger of the landing folder, whole.")
    def ledgers(house: HouseParam) -> Results:
        started = time.perf_counter()
        rows = steps.take_ledgers(house)
        yield from (counted(rows.get(name, 0), started, key(name)) for name in [*LEDGERS, "ledger.first_seen"])

    @dg.multi_asset(name="requests", specs=_specs(LOGS, LEDGERS[:1]), description="Reads and scrubs the request logs that are new.")
    def requests(house: HouseParam, engine: EngineParam) -> Results:
        started = time.perf_counter()
        rows = steps.take_requests(house, engine)
        yield from (counted(rows, started, key(name)) for name in LOGS)

    @dg.multi_asset(name="access_events", specs=_specs(["scrubbed.access_events"], LEDGERS[:1]), description="Reads the access events that are new.")
    def access_events(house: HouseParam) -> Results:
        started = time.perf_counter()
        yield counted(steps.take_accesses(house), started)

    @dg.multi_asset(name="records", specs=_specs(["scrubbed.records", "ledger.metering"], LEDGERS[:1]), description="Measures the record stores, once a day.")
    def records(house: HouseParam) -> Results:
        started = time.perf_counter()
        rows = steps.take_records(house)
        yield from (counted(rows, started, key(name)) for name in ("scrubbed.records", "ledger.metering"))

    @dg.multi_asset(name="seal", specs=_specs([VISITORS, "ledger.keys"], LOGS), description="Counts the visitors of days that are over, drops their tokens, destroys their keys.")
    def seal(house: HouseParam, engine: EngineParam) -> Results:
        started = time.perf_counter()
        rows = steps.seal_due(house, engine)
        yield from (counted(rows, started, key(name)) for name in (VISITORS, "ledger.keys"))

    @dg.multi_asset(name="books", specs=_specs([*BOOKS, "ledger.runs"], [LOGS[0], "scrubbed.access_events", LEDGERS[0]]), description="Checks that every line of every input is accounted for.")
    def books(house: HouseParam, engine: EngineParam) -> Results:
        started = time.perf_counter()
        rows = steps.close_books(house, engine)
        yield from (counted(rows, started, key(name)) for name in (*BOOKS, "ledger.runs"))

    return [ledgers, requests, access_events, records, seal, books]


def verdict_assets() -> list[dg.AssetsDefinition]:
    """Return the Python assets of the verdicts job: what may leave the house."""

    @dg.multi_asset(name="scans", specs=_specs(["ledger.scans"], _measured()), description="Looks for persons and cookies in what is stored.")
    def scans(engine: EngineParam) -> Results:
        started = time.perf_counter()
        engine.refresh()
        rows = scan(engine.lake, engine.connection())
        engine.lake.write("ledger.scans", rows, "part")
        engine.refresh()
        yield counted(rows.num_rows, started)

    @dg.multi_asset(name="releases", specs=_specs(["ledger.releases"], _measured()), description="Makes the published copies of the suppressed tables.")
    def releases(house: HouseParam, engine: EngineParam) -> Results:
        started = time.perf_counter()
        yield counted(release(engine, house.settings), started)

    published = [key(table.name) for table in catalog.tables().values() if table.is_published]

    @dg.asset(key=["house", "warehouse"], deps=published, group_name="5_published", kinds={"duckdb"}, description="The analysts' database, moved into place.")
    def warehouse(house: HouseParam, engine: EngineParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
        started = time.perf_counter()
        return counted(sum(publish_warehouse(engine, house.home / "warehouse.duckdb").values()), started)

    @dg.asset(key=["house", "report"], deps=[warehouse], group_name="5_published", kinds={"html"}, description="The report of the latest month with evidence.")
    def report(house: HouseParam, engine: EngineParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
        started = time.perf_counter()
        return counted(len(report_latest(house, engine)), started)

    return [scans, releases, warehouse, report]


def _measured() -> list[str]:
    return [table.name for table in catalog.tables().values() if table.schema == "measured"]
