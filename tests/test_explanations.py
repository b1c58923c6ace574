"""Every verdict has its sentence: each code by hand in tests/sql, each access of generated worlds in one form."""

import csv
import re
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from dagster_project.engines.evaluation import Evaluation
from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.delivery import deliver
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.lake import EVENTS, schema
from dagster_project.publishing.words import CODES
from dagster_project.settings import Settings
from tests import reference
from tests.worlds import world, write_landing

CASE = Path(__file__).parent / "sql" / "3_flagged" / "access_explanations" / "every_code"
SENTENCE = r"(Staff|A user|An unknown person|Somebody) .+ of .+; [a-zA-Z0-9\"].+[^ ;:]\."


def test_each_code_has_a_case() -> None:
    """A code without a sentence of its own would leave a customer with a word in capitals."""
    with (CASE / "flagged.access_decisions.csv").open(encoding="utf-8") as lines:
        assert sorted(row["code"] for row in csv.DictReader(lines)) == sorted(reference.CODES)


def test_each_verdict_has_a_meaning_and_words(tmp_path: Path) -> None:
    """A verdict that the list does not know would have no outcome, and one without words would stand in the report as a code."""
    meant = [row["code"] for row in Evaluation(["flagged.verdict_codes"], {}, EVENTS, tmp_path).of(schema(EVENTS).empty_table())["flagged.verdict_codes"].to_pylist()]
    assert sorted(meant) == sorted(reference.CODES) == sorted(CODES.keys() - {"DARK_ACCESS"})


@pytest.mark.parametrize("seed", range(201, 205))
def test_each_access_of_a_world_has_one_sentence(seed: int, tmp_path: Path) -> None:
    """A part that is null would leave a hole in the sentence, a join that finds two rows would accuse twice."""
    rng = Random(seed)
    made, as_of = world(rng, 300)
    write_landing(made, tmp_path, rng)
    delivery = deliver(tmp_path, Settings(), as_of)
    with Spool(tmp_path / "spool") as spool:
        read_accesses(delivery, spool)
        events = pa.concat_tables(spool.events(("source", "event_id"), len(made["access_events"])))
    told = Evaluation(["flagged.access_explanations"], delivery.tables, EVENTS, tmp_path / "spill").of(events)["flagged.access_explanations"].to_pylist()
    assert len(told) == len(reference.decide(made, as_of)), f"seed {seed}"
    assert [
        row["sentence"] for row in told if not re.fullmatch(SENTENCE, row["sentence"]) or re.search(r"  | ,|''|\b(at|by|to|until|case|team|policy) [.;,]", row["sentence"])
    ] == []
