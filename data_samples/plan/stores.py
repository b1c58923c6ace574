"""The record stores: jobs sorted by account with a row group for each, tasks and people in no order; the meter may read sizes and the account column only."""

from collections import Counter
from dataclasses import dataclass
from random import Random

import pyarrow as pa

_RECORDS: dict[str, dict[str | None, int]] = {
    "job": {"alder": 320, "birch": 180, "cedar": 90, "damson": 60, "elder": 12, "fern": 40, "gorse": 25, "hazel": 110},
    "task": {"alder": 260, "birch": 210, "cedar": 70, "damson": 45, "elder": 9, "hazel": 80, None: 4},
    "person": {"alder": 40, "birch": 25, "cedar": 15, "damson": 12, "elder": 1, "fern": 8, "gorse": 6, "hazel": 20},
}
_WORDS = ("paint", "fence", "order", "roof", "quote", "visit", "repair", "kitchen", "floor", "door", "window", "garden", "plan", "measure", "deliver")


@dataclass(frozen=True)
class Store:
    """A Parquet file of one record class; `row_groups` holds the rows of each row group."""

    record_class: str
    row_groups: tuple[pa.Table, ...]

    @property
    def records(self) -> dict[str, int]:
        """Return how many records each account holds, counted in the rows themselves."""
        accounts = Counter(name or "unknown" for group in self.row_groups for name in group.column("account_id").to_pylist())
        return dict(sorted(accounts.items()))


def _rows(rng: Random, record_class: str, accounts: list[str | None]) -> pa.Table:
    text = [" ".join(rng.choice(_WORDS) for _ in range(rng.randrange(3, 12))) for _ in accounts]
    ids = [f"{record_class[0]}-{rng.randrange(10000):04d}" for _ in accounts]
    return pa.table({"record_id": ids, "account_id": pa.array(accounts, pa.string()), "text": text, "size": [len(t) for t in text]})


def stores(rng: Random) -> list[Store]:
    """Return the three stores; only that of jobs is sorted."""
    held = []
    for record_class, counts in _RECORDS.items():
        if record_class == "job":
            groups = tuple(_rows(rng, record_class, [account] * count) for account, count in counts.items())
        else:
            accounts = [account for account, count in counts.items() for _ in range(count)]
            rng.shuffle(accounts)
            third = len(accounts) // 3 + 1
            groups = tuple(_rows(rng, record_class, accounts[start : start + third]) for start in range(0, len(accounts), third))
        held.append(Store(record_class, groups))
    return held
