"""One Merkle tree for each account and period, and one tree over all of those: a customer can check that each line of hers is sealed and none left out.

A line is hashed with the salt of its account, so that a hash tells nothing to whoever does not hold the line. The tree over accounts is filled
up to a power of two of at least 1,024 leaves and sorted by hash: neither its size nor a place in it tells how many customers there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagster_project.evidence.merkle import canonical, leaf_hash, root

LEAST_LEAVES = 1024
Line = Mapping[str, Any]
Cell = dict[str, Any]
Salt = Callable[[object], str]


def line_leaf(salt: str, line: Line) -> bytes:
    """Return the hash of a line of an account; the salt is that of the account and period."""
    return leaf_hash(salt.encode() + canonical(line))


def cell(period: str, account: str | None, salt: str, leaves: Iterable[bytes]) -> Cell:
    """Return what the tree over accounts says of one: how many lines it has and their root."""
    hashes = list(leaves)
    return {"period": period, "account": account, "salt": salt, "size": len(hashes), "root": root(hashes).hex()}


def filled(period: str, cells: Sequence[Cell], salt: Salt) -> list[Cell]:
    """Return the cells of a period with as many empty ones as hide how many there are, in the order of the tree."""
    leaves = max(LEAST_LEAVES, 1 << (len(cells) - 1).bit_length())
    empty = [{"period": period, "empty": number, "salt": salt(["empty", period, number])} for number in range(leaves - len(cells))]
    return sorted([*cells, *empty], key=cell_leaf)


def cell_leaf(found: Mapping[str, Any]) -> bytes:
    """Return the hash of a cell of the tree over accounts."""
    return leaf_hash(canonical(found))
