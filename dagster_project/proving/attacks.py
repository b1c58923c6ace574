"""Two attackers: one tries every address against tokens, with the day's key and without it; the other solves for hidden cells."""

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import linprog

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import steps
from dagster_project.engines.lake import KEYS, VISITS
from dagster_project.evidence.key_directory import KEY_BYTES, KeyDirectory
from dagster_project.publishing.release import copy_of
from dagster_project.publishing.suppress import BREAKDOWNS, REACH, Breakdown
from dagster_project.scrubbing.agents import agent
from dagster_project.scrubbing.tokens import Blocks, address_block, context_block, tokens
from dagster_project.settings import Settings

NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")  # RFC 5737
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
VISITORS = 60
WHILE_KEPT, WHEN_DUE = datetime(2026, 3, 2, 20, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
MOST_SUMS = 2000


@dataclass(frozen=True)
class TokenAttack:
    """How many tokens were attacked, how many were found with the key and how many once it was destroyed; whether the key stands anywhere."""

    tokens: int
    found_with_key: int
    found_without: int
    keys_tried: int
    is_key_left: bool

    @property
    def held(self) -> bool:
        """Tell whether the key alone made the difference."""
        return 0 < self.tokens == self.found_with_key and not self.found_without and not self.is_key_left


def attack_tokens(place: Path) -> TokenAttack:
    """Take in a log while its day's key lives, attack; let the day be sealed, attack the tokens again with all that is left."""
    _log(place / "landing" / "web_logs" / "access.log")
    house = House(place / "home", place / "landing", Settings(), place, WHILE_KEPT, place / "keys")
    with closing(DuckDBEngine(house.home)) as engine:
        steps.take_ledgers(house)
        steps.take_requests(house, engine)
        halves = engine.lake.read(VISITS).select(["visitor_high", "visitor_low"]).drop_null()
        copied = {row.tobytes() for row in np.column_stack(halves.columns)}
        directory = KeyDirectory(house.key_directory, house.home, announce=house.tell)
        keys = [directory.key(day, key_id) for day, key_id in directory.held()]
        with_key = _found(copied, keys)
        steps.seal_due(replace(house, as_of=WHEN_DUE), engine)
        left = list(_left(place, engine))
    files = b"\n".join(path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file())
    is_key_left = any(form in files for key in keys for form in (key, key.hex().encode()))
    return TokenAttack(len(copied), with_key, _found(copied, left), len(left), is_key_left)


def _log(path: Path) -> None:
    path.parent.mkdir(parents=True)
    line = '{} - - [02/Mar/2026:10:15:00 +0000] "GET / HTTP/1.1" 200 512 "-" "{}"\n'
    every = list(_candidates())
    path.write_text("".join(line.format(every[number * len(every) // VISITORS], AGENT) for number in range(VISITORS)), encoding="utf-8")


def _candidates() -> Iterator[ipaddress.IPv4Address]:
    return (address for network in NETWORKS for address in ipaddress.IPv4Network(network))


def _found(copied: set[bytes], keys: Iterable[bytes]) -> int:
    """Return how many tokens are that of some address under some key: the attacker knows the agent, and that no account was told."""
    addresses = _blocks([address_block(ipaddress.IPv6Address(f"::ffff:{address}").packed) for address in _candidates()])
    contexts = np.repeat(_blocks([context_block("", agent(AGENT).ua_class)]), len(addresses), axis=0)
    tried = (tokens(key)(addresses, contexts) for key in keys)
    return len({token for made in tried for token in (row.tobytes() for row in made) if token in copied})


def _blocks(values: list[bytes]) -> Blocks:
    return np.frombuffer(b"".join(values), np.uint64).reshape(-1, 2)


def _left(place: Path, engine: DuckDBEngine) -> Iterator[bytes]:
    """Yield as a key whatever is left to try: each run of 32 bytes of the key directory, and what follows from the ledger of keys."""
    for path in sorted(path for path in (place / "keys").rglob("*") if path.is_file()):
        content = path.read_bytes()
        yield from (content[at : at + KEY_BYTES] for at in range(max(1, len(content) - KEY_BYTES + 1)))
    for row in engine.lake.read(KEYS).to_pylist():
        for value in (row["key_id"], row["kcv"], row["day"].isoformat(), f"{row['purpose']}{row['day']}"):
            yield from (value.encode(), hashlib.sha256(value.encode()).digest(), hashlib.blake2b(value.encode(), digest_size=KEY_BYTES).digest())
        yield bytes.fromhex(row["key_id"])
    yield b""


@dataclass(frozen=True)
class CellAttack:
    """How many published sums were solved, how many cells they hide, and how many of those a solver tells to within less than k."""

    sums: int
    hidden: int
    narrowed: int


def attack_cells(engine: DuckDBEngine, k: int) -> CellAttack:
    """Solve every sum of the published breakdowns that hides a cell, the largest at most 2,000, for the least and the most that cell can be."""
    programmes = [each for name, breakdown in BREAKDOWNS.items() for each in sums(*_tables(engine, name), breakdown)]
    chosen = sorted(programmes, key=lambda each: -len(each[0]))[:MOST_SUMS]
    hidden = [widths(rows, measure, total, k) for rows, measure, total in chosen]
    return CellAttack(len(chosen), sum(map(len, hidden)), sum(width < k for each in hidden for width in each))


Sum = tuple[list[dict[str, Any]], str, int]


def _tables(engine: DuckDBEngine, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a table with every cell, and what is published of it; nothing of one that is not."""
    path = copy_of(engine, name)
    exact = engine.connection().sql(f"from {name}").pl() if path.exists() else pl.DataFrame()
    return exact, pl.read_parquet(path, hive_partitioning=False) if path.exists() else pl.DataFrame()


def sums(exact: pl.DataFrame, published: pl.DataFrame, breakdown: Breakdown) -> Iterator[Sum]:
    """Yield the published cells of each sum of a table with a hidden cell, the measure, and the exact sum as the attacker knows it.

    Where no byte was sent at all that is known of every cell, and tells of nobody.
    """
    for measure in breakdown.measures if len(published) else ():
        keys = breakdown.group if measure == "bytes_sent" else [*breakdown.group, "block"]
        totals = _blocked(exact, breakdown).group_by(keys).agg(pl.col(measure).sum().alias("total"), pl.len().alias("cells")).filter(pl.col("total") > 0)
        joined = _blocked(published, breakdown).join(totals, on=keys, how="inner", nulls_equal=True)
        for rows in joined.partition_by(keys):
            if rows["is_suppressed"].any() and len(rows) == rows["cells"][0]:
                yield rows.to_dicts(), measure, int(rows["total"][0])


def _blocked(rows: pl.DataFrame, breakdown: Breakdown) -> pl.DataFrame:
    return rows.with_columns(block=breakdown.block)


def widths(rows: Sequence[dict[str, Any]], measure: str, total: int, k: int) -> list[float]:
    """Return for each hidden cell of one sum how far a linear programme (HiGHS) leaves it open.

    The hidden cells of one sum are bounded alike, so what is found for one holds for each.
    """
    limits = [_bounds(row, measure, k) for row in rows]
    aim = np.zeros(len(rows))
    aim[next(place for place, row in enumerate(rows) if row["is_suppressed"])] = 1
    ends = [linprog(sign * aim, A_eq=np.ones((1, len(rows))), b_eq=[total], bounds=limits, method="highs") for sign in (1, -1)]
    width = -ends[1].fun - ends[0].fun if all(end.success for end in ends) else 0.0
    return [width for row in rows if row["is_suppressed"]]


def _bounds(row: dict[str, Any], measure: str, k: int) -> tuple[float, float]:
    """Return what is known of a cell before anything is added up: rounding moves a shown one by at most REACH."""
    if row["is_suppressed"]:
        return (1.0 if measure == "requests" else 0.0), np.inf
    least = max(row[measure] - REACH, row["visitor_days"] - REACH, k) if measure == "requests" else max(row[measure] - REACH, 0)
    return least, row[measure] + REACH
