"""What a suite tells: counts, whatever the rows hold and whatever goes wrong."""

import subprocess
import sys
from dataclasses import asdict
from datetime import date
from typing import Any

import pytest

from dagster_project import expect
from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.errors import GlasshouseError
from tests.dagster.made import SOURCE, World

SECRET = "zz-secret@example.com"
ROWS: list[tuple[dict[str, Any], bool, int | None, int | None]] = [
    ({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "account_id"}}, True, 3, 0),
    ({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "host"}}, False, 3, 3),
    ({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "account_id", "value_set": ["acme"]}}, False, 3, 3),
    ({"type": "expect_column_values_to_be_between", "kwargs": {"column": "status", "min_value": 100, "max_value": 599}}, True, 3, 0),
    ({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "account_id"}}, False, 3, 3),
    ({"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["day", "line_number"]}}, True, 3, 0),
    ({"type": "expect_column_max_to_be_between", "kwargs": {"column": "status", "max_value": 199}}, False, None, None),
    ({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 4}}, False, 3, None),
    ({"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "select account_id from {batch} where status = 200"}}, False, None, 3),
]


KILLED = """
from os import getpid
from time import sleep
from dagster_project import expect
with expect.started() as worker:
    worker.submit(getpid).result()
    print("up", flush=True)
    sleep(60)
"""


def test_the_worker_ends_with_a_run_that_is_killed() -> None:
    """It holds a quarter of a gigabyte, and a run is often killed because there was too little."""
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE) as run:
        assert run.stdout
        assert run.stdout.readline() == b"up\n"
        run.kill()
        assert run.communicate(timeout=30) == (b"", None)  # an end that comes once nobody has it open, the worker neither


PLAIN = {"column": "day", "min_value": 0, "max_value": 1.5, "strict_min": False, "value_set": ["a", None, 7], "more": {"a": [{"b": True}]}}


def keyed(data: dict[str, Any]) -> tuple[Any, Any]:
    """Return what a key is made of, and what the library itself makes of it; in the worker."""
    from dagster_project import judge

    return judge.serializable(data), judge.library_serializable(data)


@pytest.mark.parametrize("data", [PLAIN, {"at": date(2026, 3, 1), "from": 1}, {"a": (1, 2), "b": 1}], ids=["plain", "date", "tuple"])
def test_a_metric_is_known_by_the_key_that_the_library_gives_it(data: dict[str, Any], world: World) -> None:
    """Two metrics under one key would be one result for two expectations."""
    ours, theirs = world.worker.submit(keyed, data).result()
    assert ours == theirs


@pytest.fixture
def suites(world: World) -> expect.Suites:
    """Give the suites of a HOME with three requests of an account whose id is the secret."""
    world.land(*(date(2026, 3, number) for number in (1, 2, 3)), account_id=SECRET, card_numbers=1)
    return expect.Suites(world.house.home, world.suites_folder, world.worker)


def test_each_outcome_is_a_count(world: World, suites: expect.Suites) -> None:
    """The counts are what a reader has instead of the values: they must be right, and in the order of the file."""
    world.suite(SOURCE, *(row[0] for row in ROWS))
    found = suites.outcomes(SOURCE)
    assert [(each.index, each.type, each.is_met, each.elements, each.unexpected) for each in found] == [
        (index, expectation["type"], is_met, elements, unexpected) for index, (expectation, is_met, elements, unexpected) in enumerate(ROWS)
    ]
    assert not any(each.is_error for each in found)


def test_no_outcome_holds_a_value(world: World, suites: expect.Suites) -> None:
    """Great Expectations copies unexpected values, a maximum or the text of an error into its results: none may come through."""
    broken = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "select 1 from {batch} where cast(account_id as integer) = 1"}}
    world.suite(SOURCE, *(row[0] for row in ROWS), broken)
    found = suites.outcomes(SOURCE)
    assert SECRET not in str([asdict(each) for each in found])
    assert found[-1].is_error
    assert not found[-1].is_met


def test_an_expectation_that_cannot_be_is_our_own_error(world: World, suites: expect.Suites) -> None:
    """An expectation that its library refuses is a fault of ours that names the table; it is no passed check."""
    world.suite(SOURCE, {"type": "expect_column_max_to_be_between", "kwargs": {"column": "status", "max_value": "b"}})
    with pytest.raises(GlasshouseError, match=f"expectations of {SOURCE}"):
        suites.outcomes(SOURCE)


def test_an_expectation_that_does_not_exist_does_not_pass(world: World, suites: expect.Suites) -> None:
    """Great Expectations leaves an unknown type out of its results without a word: a misspelt expectation would pass for ever."""
    world.suite(SOURCE, ROWS[0][0], {"type": "expect_wonders", "kwargs": {}})
    with pytest.raises(GlasshouseError, match="number 2 has no result"):
        suites.outcomes(SOURCE)


def test_a_suite_that_is_met_says_no_more(world: World, suites: expect.Suites) -> None:
    """Counts are there to find a fault by: where there is none they would only cost time."""
    world.suite(SOURCE, *(row[0] for row in ROWS if row[1]))
    assert {(each.is_met, each.elements, each.unexpected) for each in suites.outcomes(SOURCE)} == {(True, None, None)}


def test_the_columns_judged_are_those_of_the_files(world: World, suites: expect.Suites) -> None:
    """A check of the columns that are asked for, and not of those that lie there, could never fail."""
    columns = [column.name for column in catalog.tables()[SOURCE].columns]
    for listed, is_met in ((columns, True), (columns[::-1], False), (columns[1:], False)):
        world.suite(SOURCE, {"type": "expect_table_columns_to_match_ordered_list", "kwargs": {"column_list": listed}})
        assert [each.is_met for each in suites.outcomes(SOURCE)] == [is_met]


def test_a_table_is_judged_as_it_lies_there_now(world: World, suites: expect.Suites) -> None:
    """The process that judges outlives many builds: an answer about yesterday's rows would be worse than none."""
    count = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 5}}
    world.suite(SOURCE, count)
    world.suite("measured.card_number_lines", count)
    assert [suites.outcomes(name)[0].elements for name in (SOURCE, "measured.card_number_lines")] == [3, 0]
    world.land(date(2026, 3, 4), card_numbers=1)
    engine = DuckDBEngine(world.house.home)
    engine.build(catalog.tables()["measured.card_number_lines"], date(2026, 3, 4))
    engine.close()
    assert [suites.outcomes(name)[0].elements for name in (SOURCE, "measured.card_number_lines")] == [4, 1]


def test_a_table_without_a_suite_is_not_judged(world: World, suites: expect.Suites) -> None:
    """Every build announces its table: those without a suite must cost nothing."""
    suites.begin("scrubbed.routes")
    assert suites._begun == {}
