"""The Merkle tree of RFC 6962, section 2.1: its root, a proof that a leaf is in it, a proof that it continues an older tree.

Pure functions of 32-byte hashes. Keep out: files, keys and what a leaf says.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence

import orjson


def canonical(value: object) -> bytes:
    """Return the one way of writing a value as JSON: keys sorted, no blanks, ASCII; numbers are to be whole."""
    try:
        quick = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits, or half of a surrogate pair
        quick = b"\x7f"
    if quick.isascii() and b"\x7f" not in quick:
        return quick
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of a zero byte and the content."""
    return hashlib.sha256(b"\x00" + content).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves; of no leaf, the SHA-256 of nothing."""
    peaks: list[tuple[int, bytes]] = []
    for leaf in leaves:
        _add(peaks, leaf)
    return _joined(peaks)


def roots(leaves: Iterable[bytes], sizes: Iterable[int]) -> Iterator[bytes]:
    """Yield the root of the first so many leaves for each size, in one pass; sizes ascend and do not exceed the leaves."""
    peaks: list[tuple[int, bytes]] = []
    count, coming = 0, iter(leaves)
    for size in sizes:
        while count < size:
            _add(peaks, next(coming))
            count += 1
        yield _joined(peaks)


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree: the neighbour on each level where there is one, from the leaf up (RFC 6962, 2.1.1)."""
    found, level = [], list(leaves)
    while len(level) > 1:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        level = [_node(*level[place : place + 2]) if place + 1 < len(level) else level[place] for place in range(0, len(level), 2)]
        index >>= 1
    return found


def root_by_path(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that a proof leads to from a leaf; None where it cannot be one of a tree of that size (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = _node(each, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = _node(found, each)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def consistency(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """Return the proof that the tree continues the one of its first `size` leaves, with 0 < size <= all (RFC 6962, 2.1.2)."""
    return _consistency(leaves, size, is_whole=True)


def is_continued(old: bytes, size: int, new: bytes, new_size: int, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that the tree with root `new` begins with the one with root `old` (RFC 9162, 2.1.4.2)."""
    if size == new_size:
        return old == new and not proof
    steps = [old, *proof] if size & (size - 1) == 0 else list(proof)
    if not 0 < size < new_size or not steps:
        return False
    place, last = size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = now = steps[0]
    for each in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            was, now = _node(each, was), _node(each, now)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            now = _node(now, each)
        place, last = place >> 1, last >> 1
    return (was, now, last) == (old, new, 0)


def _consistency(leaves: Sequence[bytes], size: int, *, is_whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if is_whole else [root(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= half:
        return [*_consistency(leaves[:half], size, is_whole=is_whole), root(leaves[half:])]
    return [*_consistency(leaves[half:], size - half, is_whole=False), root(leaves[:half])]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _add(peaks: list[tuple[int, bytes]], leaf: bytes) -> None:
    """Add a leaf to the full trees that a row of leaves falls into; two of one size become one."""
    size, found = 1, leaf
    while peaks and peaks[-1][0] == size:
        found = _node(peaks.pop()[1], found)
        size *= 2
    peaks.append((size, found))


def _joined(peaks: Sequence[tuple[int, bytes]]) -> bytes:
    if not peaks:
        return hashlib.sha256().digest()
    found = peaks[-1][1]
    for _, each in reversed(peaks[:-1]):
        found = _node(each, found)
    return found
