"""Accesses are cut between accounts, and within one only where it has too many."""

import pyarrow as pa
import pytest

from dagster_project.engines.lake import EVENTS, schema
from dagster_project.engines.slices import whole_accounts


def events(accounts: str) -> pa.Table:
    """Return an access for each letter, the name of its account; a dot is none, and a capital names two records."""
    columns = {field.name: pa.nulls(len(accounts), field.type) for field in schema(EVENTS)}
    account_ids = pa.array([None if name == "." else name.lower() for name in accounts], pa.string())
    record_ids = pa.array([["r1", "r2"] if name.isupper() else None for name in accounts], pa.list_(pa.string()))
    return pa.table({**columns, "account_id": account_ids, "record_ids": record_ids}, schema(EVENTS))


@pytest.mark.parametrize(
    ("batches", "parts"),
    [
        ([], [(1, "")]),
        (["ab"], [(1, "ab")]),
        (["aab", "bcc"], [(1, "aa"), (2, "bb"), (3, "cc")]),
        (["aabc", "d"], [(1, "aab"), (2, "cd")]),
        (["aaa", "bbb"], [(1, "aaa"), (2, "bbb")]),
        (["abbbbbbb", "c"], [(1, "a"), (2, "bbb"), (2, "bbb"), (2, "b"), (3, "c")]),
        (["aaa", "a"], [(1, "aaa"), (1, "a")]),
        (["aaaa", "bc"], [(1, "aaa"), (1, "a"), (2, "bc")]),
        (["aaaaaa", "bbb"], [(1, "aaa"), (1, "aaa"), (2, "bbb")]),
        (["a", "a", "a", "a", "b", ".", "."], [(1, "aaa"), (1, "a"), (2, "b..")]),
        (["ab....", "."], [(1, "ab"), (2, "..."), (2, "..")]),
        (["aAb"], [(1, "aa"), (2, "b")]),
        (["AAAb"], [(1, "a"), (1, "a"), (1, "a"), (2, "b")]),
    ],
)  # fmt: skip
def test_accounts_stay_whole(batches: list[str], parts: list[tuple[int, str]]) -> None:
    """What an account granted is read once for all its accesses: a part of one beside other accounts would read it again."""
    found = [(number, "".join(name or "." for name in part.column("account_id").to_pylist())) for number, part in whole_accounts(map(events, batches), 3)]
    assert found == parts
