"""Answers: a select whose rows are many is answered, whatever its plan."""

import subprocess
import sys

import duckdb
import pytest

from dagster_project.engines.answers import answer, batches

# More rows than DuckDB's buffer of 1 MB holds, from steps that are read twice: fetched while it runs, this never ends on two threads.
READ_TWICE = """
with every as materialized (select i from range(1500000) as t(i)),
counted as materialized (select i, count(*) as n from every group by i),
told as materialized (select distinct i from every)
select i, n from told join counted using (i) where i < $most
union all
select i, count(n) from counted join told using (i) where i < $most group by i
"""
PROGRAMS = {
    "a table": "print(answer(connection, select, {'most': 1_500_000}).num_rows)",
    "batches": "print(sum(batch.num_rows for batch in batches(connection, select, {'most': 1_500_000}, 10_000)))",
}


@pytest.mark.parametrize("how", PROGRAMS)
def test_many_rows_of_steps_read_twice_come(how: str) -> None:
    """A log with hundreds of thousands of different paths must be sealed, too."""
    begin = [
        "import duckdb",
        "from dagster_project.engines.answers import answer, batches",
        "connection = duckdb.connect(config={'threads': 2})",
        "connection.execute('set enable_progress_bar = false')",
        f"select = {READ_TWICE!r}",
    ]
    told = subprocess.run((sys.executable, "-c", "\n".join([*begin, PROGRAMS[how]])), capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "3000000"


def test_what_cannot_spill_is_given_more() -> None:
    """The report of a month of a million accesses is joined and sorted at once, in more than an engine may hold."""
    gathered = "select len(list(range)) as found from range($many)"  # a list cannot spill
    with duckdb.connect(config={"memory_limit": "20MB"}) as connection:
        assert answer(connection, gathered, {"many": 5_000_000}).to_pylist() == [{"found": 5_000_000}]
        assert next(batches(connection, gathered, {"many": 5_000_000}, 1)).num_rows == 1
        assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_nothing_is_left_behind() -> None:
    """A run asks hundreds of selects of one connection."""
    connection = duckdb.connect()
    assert answer(connection, "select $day as day", {"day": 1}).to_pylist() == [{"day": 1}]
    assert next(batches(connection, "select i from range(5) as t(i)", {}, 2)).num_rows == 2
    with pytest.raises(duckdb.Error):
        answer(connection, "select no_such_column", {})
    assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
