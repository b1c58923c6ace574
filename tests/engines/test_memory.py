"""A small limit makes statements spill; one that cannot must not end the run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep

import duckdb
import pytest

from dagster_project.engines import connections
from dagster_project.engines.memory import roomy

GATHERED = "select len(list(range)) from range(5_000_000)"  # a list cannot spill


def test_what_cannot_spill_is_given_more_and_the_limit_stays() -> None:
    """A month of a million accesses is judged all the same, and what comes after it spills again."""
    with duckdb.connect(config={"memory_limit": "20MB"}) as connection:
        before = connection.execute("select current_setting('memory_limit')").fetchall()
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(GATHERED).fetchall()
        assert roomy(connection, lambda: connection.execute(GATHERED).fetchall()) == [(5_000_000,)]
        assert connection.execute("select current_setting('memory_limit')").fetchall() == before


def test_more_is_given_in_two_steps() -> None:
    """What a gigabyte is enough for takes no more of a machine that others work on."""
    limits: list[str] = []
    with duckdb.connect(config={"memory_limit": "20MB"}) as connection:

        def limit() -> str:
            return str(connection.execute("select current_setting('memory_limit')").fetchall()[0][0])

        def work() -> int:
            limits.append(limit())
            if len(limits) < 3:
                raise duckdb.OutOfMemoryException
            return 7

        given = limit()
        assert roomy(connection, work) == 7
        assert limit() == given
        connection.execute("set memory_limit = '1GB'")
        assert limits[:2] == [given, limit()]
        assert limits[2] not in limits[:2]


def test_two_that_need_more_at_a_time_leave_the_limit() -> None:
    """A limit is the database's: the second would take what the first was given for the limit, and leave it so."""
    has_more, is_last = Event(), Event()

    def first(tried: list[None]) -> None:
        if len(tried) == 1:
            raise duckdb.OutOfMemoryException
        has_more.set()
        is_last.wait(0.2)

    def last(tried: list[None]) -> None:
        if len(tried) == 1:
            has_more.wait()
            raise duckdb.OutOfMemoryException
        is_last.set()
        sleep(0.1)

    def asked(connection: duckdb.DuckDBPyConnection, work: Callable[[list[None]], None]) -> None:
        tried: list[None] = []
        roomy(connection, lambda: (tried.append(None), work(tried))[1])

    with duckdb.connect(config={"memory_limit": "20MB"}) as connection, ThreadPoolExecutor(2) as threads:
        before = connection.execute("select current_setting('memory_limit')").fetchall()
        list(threads.map(asked, [connection.cursor(), connection.cursor()], [first, last]))
        assert connection.execute("select current_setting('memory_limit')").fetchall() == before


def test_two_that_spill_at_a_time_have_a_folder_each(tmp_path: Path) -> None:
    """DuckDB names its files the same in each database: a run's own and that of its suites crashed when both ran out of memory."""
    many = "create temp table many as select range as number, md5(range::varchar) as text from range(2_000_000)"
    with connections.connect(tmp_path / "spill", "50MB", 1) as first, connections.connect(tmp_path / "spill", "50MB", 1) as second, ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda connection: connection.execute(many), (first, second)))
        assert len([folder for folder in tmp_path.iterdir() if any(folder.iterdir())]) == 2
        assert [each.execute("select sum(md5(number::varchar) = text) from many").fetchall() for each in (first, second)] == [[(2_000_000,)]] * 2
    assert not list(tmp_path.iterdir())


def test_other_faults_are_not_tried_again() -> None:
    """A broken select fails once, with its own words."""
    tried = []
    with duckdb.connect() as connection, pytest.raises(duckdb.CatalogException):
        roomy(connection, lambda: (tried.append(1), connection.execute("from nowhere"))[1])
    assert len(tried) == 1
