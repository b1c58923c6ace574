"""Dagster's store at HOME/dagster, in which the runs of the command line and of the page meet. Keep out: what a run is about."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage  # no public name, but dagster.yaml documents it
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager  # likewise
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.event import listen, remove
from sqlalchemy.pool import StaticPool

from dagster_project.engines.intake.recovery import held
from dagster_project.errors import UsageError
from dagster_project.resources import DAGSTER

OPEN_SHARDS = 4
AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
LOST = "the process of this run is gone, killed or with the machine; what it finished stays, launch it again"
DAGSTER_YAML = """\
# Written by Glasshouse at each start: no output of a step is kept, nothing is reported home, one run writes at a time,
# and the console tells what went wrong, not each of a run's two hundred events, which stand on its page.
telemetry:
  enabled: false
nux:
  enabled: false
python_logs:
  python_log_level: WARNING
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  runs:
    max_concurrent_runs: 1
"""


class HeldEventLog(SqliteEventLogStorage):
    """Dagster's event log on connections that stay open: the same files at a third of the cost, for one process at a time.

    Dagster opens and closes SQLite around every event, and asks at most of them what tables, columns and indexes there are, which costs more than most of our tables do.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._held: OrderedDict[str, Engine] = OrderedDict()
        self._present: set[tuple[str, str]] = set()  # what was found there stays
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "HeldEventLog":
        """Return the log that dagster.yaml's way of naming classes asks for."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._held:
                self._held[shard] = create_engine(self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args={"timeout": 30, "check_same_thread": False})
                self._initdb(self._held[shard])
            while len(self._held) > OPEN_SHARDS:
                self._held.popitem(last=False)[1].dispose()
            self._held.move_to_end(shard)
            with self._held[shard].begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Tell whether the store has a table."""
        return self._is_present("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Tell whether an index was filled."""
        return self._is_present("index", name, super().has_secondary_index)

    def has_asset_key_col(self, column_name: str) -> bool:
        """Tell whether the table of assets has a column."""
        return self._is_present("column", column_name, super().has_asset_key_col)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return self._is_present("column", column_name, partial(super()._has_asset_key_col_on_connection, conn))

    def _is_present(self, kind: str, name: str, look: Callable[[str], bool]) -> bool:
        if (kind, name) not in self._present and look(name):
            self._present.add((kind, name))
        return (kind, name) in self._present

    def dispose(self) -> None:
        """Close what is held."""
        while self._held:
            self._held.popitem()[1].dispose()
        super().dispose()


def _unsynced(connection: Any, _record: Any) -> None:
    """Leave it to the system when a history of runs reaches the disk: what Glasshouse proves from stands in the lake."""
    connection.execute("pragma synchronous = off")


@contextmanager
def dagster_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's store at HOME/dagster, in which the runs of the command line and of the UI meet."""
    folder = write_dagster_yaml(home)
    log = {"module": __name__, "class": HeldEventLog.__name__, "config": {"base_dir": str(folder / "history" / "runs")}}
    listen(Engine, "connect", _unsynced)
    try:
        with dg.DagsterInstance.local_temp(str(folder), overrides={"event_log_storage": log}) as instance:
            yield instance
    finally:
        remove(Engine, "connect", _unsynced)


def refuse_other_store(instance: dg.DagsterInstance, home: Path) -> None:
    """Raise UsageError where Dagster, run by hand, works on another store than that of HOME, or on one that would keep what steps print."""
    if Path(instance.root_directory).resolve() != home.resolve() / DAGSTER:
        raise UsageError("DAGSTER_HOME is not the folder dagster of GLASSHOUSE_HOME; a HOME and its history of runs belong together")
    if not isinstance(instance.compute_log_manager, NoOpComputeLogManager):
        raise UsageError(
            "DAGSTER_HOME holds no dagster.yaml of Glasshouse, and without it Dagster keeps what steps print; `glasshouse run` or `glasshouse ui` writes it; then start it again"
        )


def end_lost_runs(instance: dg.DagsterInstance, home: Path, tags: Mapping[str, str] | None = None) -> None:
    """Enter that runs failed whose process is gone, where nobody holds HOME: as long as one seems to be at work, Dagster starts no other.

    Only for runs, told by their tags, that hold HOME from before they begin; without tags while no daemon is up.
    """
    refuse_other_store(instance, home)
    lost = instance.get_runs(dg.RunsFilter(statuses=AT_WORK, tags=tags))
    with suppress(UsageError):
        for run in lost:
            with held(home):
                instance.report_run_failed(run, LOST)


def write_dagster_yaml(home: Path) -> Path:
    """Write HOME/dagster/dagster.yaml and return its folder, the DAGSTER_HOME of the UI."""
    folder = home.resolve() / DAGSTER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(DAGSTER_YAML, encoding="utf-8")
    return folder
