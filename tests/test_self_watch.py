"""The controls that watch ourselves, on stores where what must not be there was planted: no sample can break them, so these tests do."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.evaluation import closure
from dagster_project.engines.lake import Lake, schema
from dagster_project.engines.scanning import backstop, private_clients, scan
from dagster_project.reading.records.measured import HELD, Found, Touched, measurement
from dagster_project.reading.records.metered import Metered
from dagster_project.reading.records.places import Listed, listed
from dagster_project.settings import Settings, Store
from tests.reading.records.made import measured

DAY = date(2026, 3, 10)
AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
K_VISITORS = 10
TASKS = catalog.root() / "data_samples" / "records" / "task" / "tasks.parquet"
ROUTE = {"route_id": 1, "site": "web", "route": "/prices"}
TAG = {"event_id": "t1", "site": "web", "recipient": "adco", "occurred_at": AS_OF, "account_id": None, "personal_kinds": [], "card_numbers": 0}
QUARANTINE = {"input_id": "i1", "line_number": 1, "byte_offset": 0, "length": 9, "reason": "other", "shape": "A A9"}
RELEASE = {
    "table_name": "measured.site_pages_daily", "day": DAY, "account_id": None, "cells": 5, "suppressed": 2, "fewest_visitors": K_VISITORS, "recoverable": 0, "cells_sha256": "0",
}  # fmt: skip
CONTROLS = {
    "CR-4": ("meter_reads_no_content", ["records"]), "CR-5": ("cookie_kept", []), "CR-6": ("person_in_store", []), "CR-7": ("cell_too_small", []), "CE-4": ("person_in_store", []),
}  # fmt: skip


def stored(home: Path, **tables: dict[str, Any]) -> Lake:
    """Return a lake that holds one row of each table given."""
    lake = Lake(home)
    for name, row in tables.items():
        full = next(table for table in (f"scrubbed.{name}", f"ledger.{name}") if table in catalog.tables())
        lake.write(full, pa.Table.from_pylist([row], schema(full)), "part")
    return lake


def scanned(lake: Lake) -> dict[str, pa.Table]:
    """Return ledger.scans of a lake."""
    engine = DuckDBEngine(lake.root.parent)
    try:
        return {"ledger.scans": scan(lake, engine.connection())}
    finally:
        engine.close()


def row_of(table: str, **cells: Any) -> dict[str, pa.Table]:
    """Return a contract table of one row."""
    return {table: pa.Table.from_pylist([cells], schema(table))}


def judged(name: str, given: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    """Return the rows of a table of sql/, made from contract tables; daily tables are empty."""
    promises = [{"policy": "x", "promise_id": promise, "promised": "x", "controls": [control], "evidence": evidence} for promise, (control, evidence) in CONTROLS.items()]
    given = {
        **row_of("scrubbed.run", as_of=AS_OF, dark_access_within_s=60, k_visitors=K_VISITORS, min_seats=5),
        "scrubbed.promises": pa.Table.from_pylist(promises, schema("scrubbed.promises")),
        **given,
    }
    needed = closure(name, catalog.tables())
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table in (table for table in catalog.tables().values() if table.name in needed):
            connection.execute(f"create schema if not exists {table.schema}")
            catalog.create_empty(table, connection)
            if table.name in given:
                connection.register("delivered", given[table.name])
                connection.execute(f"insert into {table.name} by name from delivered")
            elif table.kind == "select" and not table.is_daily:
                connection.execute(f"insert into {table.name} {table.select}")
        return connection.execute(f"from {name}").to_arrow_table().to_pylist()


def statuses(given: Mapping[str, pa.Table]) -> dict[str, set[str]]:
    """Return the statuses of each promise, over its periods."""
    found: dict[str, set[str]] = {}
    for row in judged("reported.promises", given):
        found.setdefault(row["promise_id"], set()).add(row["status"])
    return found


@pytest.mark.parametrize(
    ("tables", "kind"),
    [
        ({"routes": ROUTE | {"route": "/mail/jane.doe@example.com"}}, "email"),
        ({"routes": ROUTE | {"route": "/mail/jane.doe%40example.com"}}, "email"),
        ({"vocabulary": {"site": "web", "route": "/jane.doe@example.com"}}, "email"),
        ({"tags": TAG | {"recipient": "203.0.113.7"}}, "ip"),
        ({"tags": TAG | {"personal_kinds": ["jane.doe@example.com"]}}, "email"),
        ({"quarantine": QUARANTINE | {"shape": "jane.doe@example.com"}}, "email"),
    ],
)
def test_a_planted_person_breaks_the_promise(tables: dict[str, dict[str, Any]], kind: str, tmp_path: Path) -> None:
    """Were a detector or a column missed, the report would call CR-6 kept over a store full of names."""
    given = scanned(stored(tmp_path, **tables))
    (finding,) = judged("flagged.person_in_store", given)
    assert (finding["code"], finding["kind"], finding["hits"]) == ("PERSON_IN_STORE", kind, 1)
    assert "jane" not in str(finding)
    assert "203.0.113.7" not in str(finding)
    found = statuses(given)
    assert (found["CR-5"], found["CR-6"], found["CE-4"]) == ({"kept"}, {"broken"}, {"broken"})


@pytest.mark.parametrize("route", ["/?PHPSESSID=1q2w3e4r", "/;jsessionid=0AF1", "/?_ga=GA1", "/x=1; y=2"])
def test_a_planted_cookie_breaks_the_promise(route: str, tmp_path: Path) -> None:
    """A session id in a target is as good as the cookie it came from."""
    given = scanned(stored(tmp_path, routes=ROUTE | {"route": route}))
    (finding,) = judged("flagged.cookie_kept", given)
    assert (finding["column_name"], finding["hits"], finding["promise_ids"]) == ("route", 1, ["CR-5"])
    assert statuses(given)["CR-5"] == {"broken"}


def test_a_clean_store_keeps_the_promises(tmp_path: Path) -> None:
    """Ids of records, labels of what was taken out and shapes name nobody; a control that cried here would be switched off."""
    clean = {
        "routes": ROUTE | {"route": "/jobs/{uuid}/0b7d2c1e-8f4a-4b6e-9d3c-2a1f5e6d7c8b"},
        "tags": TAG | {"personal_kinds": ["email", "ip"]},
        "quarantine": QUARANTINE | {"shape": "[99:AA9:99A9::9] 99-99-99-99 9A:9A:9A:9A:9A:9A"},
    }
    given = scanned(stored(tmp_path, **clean))
    assert judged("flagged.person_in_store", given) == []
    assert judged("flagged.cookie_kept", given) == []
    found = statuses(given)
    assert (found["CR-5"], found["CR-6"], found["CE-4"]) == ({"kept"}, {"kept"}, {"kept"})


def test_not_having_looked_proves_nothing() -> None:
    """A promise about ourselves is kept only where something was looked at."""
    assert set(map(frozenset, statuses({}).values())) == {frozenset({"unproven"})}


@pytest.mark.parametrize(("value", "codes"), [("203.0.113.7", {"COLUMN_UNDECLARED", "PERSON_IN_STORE"}), ("blue", {"COLUMN_UNDECLARED"})])
def test_a_column_that_no_contract_names_is_found_with_what_is_in_it(value: str, codes: set[str], tmp_path: Path) -> None:
    """CE-4 lists what may be logged: a column beyond the contract breaks it, and CR-6 too where it names a person."""
    lake = stored(tmp_path)
    path = lake.folder("scrubbed.requests", DAY) / "planted-0.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({**{field.name: pa.nulls(1, field.type) for field in schema("scrubbed.requests")}, "client_ip": [value]}), path)
    findings = judged("flagged.person_in_store", scanned(lake))
    assert {finding["code"] for finding in findings} == codes
    assert {finding["column_name"] for finding in findings} == {"client_ip"}
    assert value not in str(findings)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"content_bytes": 1}, "CONTENT_READ"),
        ({"columns": ["account_id", "text"]}, "COLUMN_OUTSIDE"),
        ({"columns": ["text"], "allowed_columns": []}, "COLUMN_OUTSIDE"),
    ],
)
def test_a_meter_that_touched_content_breaks_the_promise(change: dict[str, Any], code: str | None) -> None:
    """What the meter of a real store touched is no finding; one byte or one column more is."""
    (row,) = measured(TASKS).metering.to_pylist()
    given = row_of("ledger.metering", **row | {"attempt": 1} | change)
    assert [finding["code"] for finding in judged("flagged.meter_reads_no_content", given)] == ([code] if code else [])
    assert statuses(given)["CR-4"] == {"broken" if code else "kept"}


def test_a_reader_that_reads_content_on_purpose_breaks_the_promise() -> None:
    """Nobody has to confess: whose bytes were read is told from the ranges at the file handle and the footer alone."""
    store = Store(record_class="task", path=str(TASKS))
    (file,) = (each for each in listed("crm", store) if isinstance(each, Listed))
    metered = Metered(file)
    chunk = next(chunk for chunk in metered.footer().groups[0].chunks if chunk.path != "account_id")
    metered.read(chunk.begin + 1, 7)
    metered.close()
    found = Found(HELD.empty_table(), metered.touched("account_id") + Touched(files=1, allowed_columns=["account_id"]))
    (row,) = measurement("crm", store, DAY, found).metering.to_pylist()
    assert (row["content_bytes"], row["columns"]) == (7, [chunk.path])
    given = row_of("ledger.metering", **row, attempt=1)
    (finding,) = judged("flagged.meter_reads_no_content", given)
    assert (finding["code"], finding["content_bytes"], finding["columns_outside"]) == ("CONTENT_READ", 7, 1)
    assert statuses(given)["CR-4"] == {"broken"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"fewest_visitors": None}, None),
        ({"fewest_visitors": K_VISITORS - 1}, "CELL_SMALL"),
        ({"recoverable": 1}, "CELL_RECOVERABLE"),
        ({"account_id": "C1", "fewest_visitors": 0}, "CELL_SMALL"),
    ],
)
def test_a_cell_below_k_breaks_the_promise(change: dict[str, Any], code: str | None) -> None:
    """Logs serve in aggregate: a cell of fewer than k visitors, or one that subtraction gives away, is no aggregate."""
    given = row_of("ledger.releases", **RELEASE | change)
    assert [finding["code"] for finding in judged("flagged.cell_too_small", given)] == ([code] if code else [])
    assert statuses(given)["CR-7"] == {"broken" if code else "kept"}


@pytest.mark.parametrize(
    ("site", "stored_routes", "hits", "is_met"),
    [
        ({}, ["/prices", "{redacted}"], [1, 0], True),
        ({"routes": ["/jobs/{job}"], "vocabulary": ["prices"], "query": {"sort": ["new"], "page": "count"}}, ["/prices"], [0, 0], True),
        ({"routes": ["/mail/jane.doe@example.com/{x}"]}, ["{redacted}"], [1, 1], False),
        ({"vocabulary": ["+4930123456789"]}, ["/prices"], [0, 1], False),
        ({"query": {"who": ["jane.doe@example.com", "203.0.113.7"]}}, ["/prices"], [0, 2], False),
    ],
)
def test_what_is_declared_may_name_nobody(site: dict[str, Any], stored_routes: list[str], hits: list[int], is_met: bool, tmp_path: Path) -> None:
    """The backstop is counted; where a declaration itself names somebody the check of ledger.scans fails, whoever asked for it."""
    lake = stored(tmp_path)
    rows = [ROUTE | {"route_id": number, "route": route} for number, route in enumerate(stored_routes, 1)]
    lake.write("scrubbed.routes", pa.Table.from_pylist(rows, schema("scrubbed.routes")), "part")
    engine = DuckDBEngine(tmp_path)
    try:
        found = backstop(engine.connection(), Settings.model_validate({"sites": {"shop": site}}))
    finally:
        engine.close()
    assert found.column("hits").to_pylist() == hits
    (rule,) = [each for each in json.loads((catalog.root() / "expectations/1_ledger/scans.json").read_text())["expectations"] if "settings" in str(each)]
    with duckdb.connect() as connection:
        connection.register("batch", found)
        broken = connection.execute(rule["kwargs"]["unexpected_rows_query"].format(batch="batch")).fetchall()
    assert (not broken) is is_met
    given = {"ledger.scans": found}
    assert judged("flagged.person_in_store", given) == []


def test_private_clients_are_warned_of(tmp_path: Path) -> None:
    """Whoever forgets a proxy counts it as the one visitor of a site: above 1 % of the requests the run says so."""
    lake = stored(tmp_path)
    clients = [(site, "private" if number < private else "public") for site, private in (("web", 2), ("shop", 1)) for number in range(100)]
    rows = pa.Table.from_pylist([{"day": DAY, "site": site, "client_class": found} for site, found in clients], schema("scrubbed.requests"))
    lake.write("scrubbed.requests", rows, "part-0", DAY)
    engine = DuckDBEngine(tmp_path)
    try:
        assert private_clients(engine.connection()) == [("web", 0.02)]
    finally:
        engine.close()
