"""Several parts of a contract are judged at a time, and none sees another's rows."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pyarrow as pa

from dagster_project.engines.evaluation import Evaluation
from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.delivery import deliver
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.lake import EVENTS
from dagster_project.settings import Settings
from tests.worlds import world, write_landing

DECISIONS, PARTS = "flagged.access_decisions", 8


def test_parts_judged_at_a_time_are_as_one_after_the_other(tmp_path: Path) -> None:
    """Threads share the tables of the grants, never those of an access."""
    rng = Random(7)
    made, as_of = world(rng, 400)
    write_landing(made, tmp_path, rng)
    delivery = deliver(tmp_path, Settings(), as_of)
    with Spool(tmp_path / "spool") as spool:
        read_accesses(delivery, spool)
        events = pa.concat_tables(spool.events(("source", "event_id"), 400))
    each = -(-events.num_rows // PARTS)
    parts = [events.slice(first, each) for first in range(0, events.num_rows, each)]
    evaluation = Evaluation([DECISIONS], delivery.tables, EVENTS, tmp_path / "spill")
    one_by_one = [evaluation.of(part)[DECISIONS] for part in parts]
    with ThreadPoolExecutor(PARTS) as threads:
        assert [found[DECISIONS] for found in threads.map(evaluation.of, parts)] == one_by_one
    assert len({tuple(part.column("event_id").to_pylist()) for part in one_by_one}) == PARTS
