"""Tells what is wrong with a copy of a ledger, entry by entry, from its bytes and a public key alone. Keep out: files, and what a report is."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dagster_project.evidence import heads, merkle
from dagster_project.evidence.heads import Head
from dagster_project.evidence.ledger import RETIRED, Entry

Kind = Literal["changed", "missing", "foreign", "reordered", "wrong_key", "rolled_back"]
KINDS: tuple[Kind, ...] = ("changed", "missing", "foreign", "reordered", "wrong_key", "rolled_back")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong: of which kind, in which file, and there what; a file as a whole has no more to say."""

    kind: Kind
    file: str
    what: str = ""


def compared(file: str, one: str, expected: Mapping[int, bytes], found: Sequence[bytes], number_of: Callable[[int], int | None]) -> list[Fault]:
    """Return what is wrong with a sequence of hashes, given those expected by number; `number_of` gives the number that the found one at a place claims.

    A claimed number whose hash is another is changed; what nothing was expected for is foreign; those that all are there in another order are reordered.
    """
    numbers = {each: number for number, each in expected.items()}
    unknown = [place for place, each in enumerate(found) if each not in numbers]
    missing = set(expected) - {numbers[each] for each in found if each in numbers}
    changed = {number for place in unknown if (number := number_of(place)) in missing}
    foreign = len(unknown) - len(changed) + sum(count - 1 for each, count in Counter(found).items() if each in numbers)
    in_order = [numbers[each] for each in dict.fromkeys(found) if each in numbers]
    moved = [number for number, sorted_number in zip(in_order, sorted(in_order), strict=True) if number != sorted_number]
    told: dict[Kind, Iterable[int]] = {"changed": changed, "missing": missing - changed, "reordered": moved}
    more = [Fault("foreign", file, f"{foreign:,} more")] if foreign else []
    return [*(Fault(kind, file, f"{one} {spans(numbers)}") for kind, numbers in told.items() if numbers), *more]


def sorted_faults(file: str, lines: Sequence[bytes], size: int, root: str) -> list[Fault]:
    """Return what is wrong with the cells of a tree that is sorted by hash, one a line with its number `n`; that they have the root that was sealed is enough."""
    told = [_object(line) for line in lines]
    leaves = [merkle.leaf_hash(merkle.canonical(each.get("cell"))) for each in told]
    numbers = [each.get("n") for each in told]
    if (len(leaves), merkle.root(leaves).hex()) == (size, root):
        return [Fault("reordered", file, "the numbers of its lines")] if numbers != list(range(size)) else []
    missing = set(range(size)) - {number for number in numbers if isinstance(number, int)}
    if merkle.root(sorted(set(leaves))).hex() == root:
        in_order = sorted(leaves)
        moved = [place for place, leaf in enumerate(leaves) if leaf != in_order[place]]
        return [Fault("foreign", file, f"{len(leaves) - size:,} more") if len(leaves) > size else Fault("reordered", file, f"line {spans(moved)}")]
    strange = set(range(len(leaves))) - set(_ascending(leaves))
    faults = [Fault("missing", file, f"line {spans(missing)}")] if missing and len(leaves) < size else []
    if strange or not faults:
        faults.append(Fault("changed", file, f"line {spans(strange)}" if strange else "it is not the tree that was sealed"))
    return faults


def _ascending(values: Sequence[bytes]) -> list[int]:
    """Return the places of a longest run of values that ascend: of a sorted sequence in which few were changed, all the others."""
    ends: list[int] = []  # of the runs of each length, the one that ends lowest
    before: dict[int, int | None] = {}
    for place, value in enumerate(values):
        length = bisect_left(ends, value, key=values.__getitem__)
        before[place] = ends[length - 1] if length else None
        ends[length : length + 1] = [place]
    found: list[int] = []
    step = ends[-1] if ends else None
    while step is not None:
        found.append(step)
        step = before[step]
    return found[::-1]


def spans(numbers: Iterable[int]) -> str:
    """Write numbers as spans: 3, 5 to 9."""
    told: list[list[int]] = []
    for number in sorted(numbers):
        if told and number == told[-1][1] + 1:
            told[-1][1] = number
        else:
            told.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in told)


def key_faults(head: Head | None, file: str, key: str | None, key_file: bytes | None) -> list[Fault]:
    """Return what is wrong with the head that speaks for all: not signed, signed with another key than the one trusted or the one beside it."""
    if head is None or not head.is_signed():
        return [Fault("changed", file, "its signature does not hold")]
    faults = [] if key is None or head.key == key else [Fault("wrong_key", file, f"it is signed with {head.key[:16]}…, the key trusted is {key[:16]}…")]
    if key_file is not None and key_file != heads.pem(head.key):
        faults.append(Fault("changed", file.replace("head.json", "key.pem"), "it is not the key that signed the head"))
    return faults


def since_faults(since: Head, head: Head, file: str, continues: Callable[[Head], bool | None]) -> list[Fault]:
    """Return whether what was signed in a head that somebody kept is gone or another; `continues` tells whether the ledger begins with it, None where it cannot."""
    if since.size > head.size:
        return [Fault("rolled_back", file, f"it ends with entry {head.size - 1}; the head that was kept ends with entry {since.size - 1}, as of {since.at}")]
    match continues(since):
        case None:
            return [
                Fault(
                    "missing",
                    file,
                    f"no proof that it continues the head that was kept, which ends with entry {since.size - 1}; a page holds one for each earlier page of this customer",
                )
            ]
        case False:
            return [Fault("rolled_back", file, f"entries 0 to {since.size - 1} are not those of the head that was kept, as of {since.at}")]
        case _:
            return []


class LedgerCopy:
    """The ledger as a pack carries it, checked: its faults, and the entries that were proven to be those signed."""

    def __init__(self, entries: bytes, leaves: bytes, signed: bytes, speaking: Head | None, names: tuple[str, str, str]) -> None:
        """Check the bytes of three files, whose names are those that faults tell: entries, the hashes of entries, heads; `speaking` is the head that stands apart."""
        self._entries, self._leaves, self._heads = names
        lines = entries.splitlines()
        self.faults: list[Fault] = []
        self.head = self._checked_heads(signed.splitlines(), speaking)
        hashed = {number: merkle.leaf_hash(line) for line in reversed(lines) if (number := _number(line)) is not None}
        self.leaves = self._checked_leaves(leaves.decode("ascii", "replace").split(), hashed)
        self.entries: list[Entry] = self._checked_entries(lines)

    def _checked_heads(self, lines: Sequence[bytes], speaking: Head | None) -> Head | None:
        found = [heads.read(line) for line in lines]
        signed = [head if head is not None and head.is_signed() else None for head in found]
        by_number = {head.number: head for head in signed if head is not None}
        if speaking is not None and speaking.is_signed():
            by_number.setdefault(speaking.number, speaking)
        last = max(by_number, default=-1)
        named = [place if head is None else head.number for place, head in enumerate(signed)]
        bad = {number for number, head in zip(named, signed, strict=True) if head is None}
        moved = [number for number, right in zip(named, sorted(named), strict=True) if number != right]
        missing = set(range(last + 1)) - set(named)
        told: dict[Kind, str] = {"changed": spans(bad), "missing": spans(missing), "reordered": spans(moved) if not bad else "", "foreign": spans(_twice(named))}
        self.faults += [Fault(kind, self._heads, f"head {numbers}") for kind, numbers in told.items() if numbers]
        self.heads = [by_number[number] for number in sorted(by_number)]
        return by_number.get(last)

    def _checked_leaves(self, told: Sequence[str], hashed: Mapping[int, bytes]) -> list[bytes]:
        """Return the hashes that were signed: those of the file if the heads say so, else those of the entries; where neither holds, name what the first wrong head covers."""
        size = self.head.size if self.head else 0
        stored = [bytes.fromhex(text) if len(text) == 64 and heads.is_hex(text) else b"" for text in told]
        if self._first_wrong(stored) is None and len(stored) == size:
            return stored
        # A number whose entry is there has the hash of that entry; for one that retention removed the file is all there is.
        strange = [b"" if each in set(hashed.values()) else each for each in stored] + [b""] * size
        mended = [hashed.get(number, strange[number]) for number in range(size)]
        if self._first_wrong(mended) is None:
            self.faults += compared(self._leaves, "line", dict(enumerate(mended)), stored, lambda place: place)
            return mended
        if len(stored) != size:
            kind: Kind = "missing" if len(stored) < size else "foreign"
            self.faults.append(Fault(kind, self._leaves, f"{size - len(stored):,} of {size:,} lines" if kind == "missing" else f"{len(stored) - size:,} more"))
        wrong = self._first_wrong((stored + [b""] * size)[:size])
        if wrong is not None:
            before = max((head.size for head in self.heads if head.size < wrong.size), default=0)
            self.faults.append(Fault("changed", self._leaves, f"line {spans(range(before, wrong.size))} is not what was signed as of {wrong.at}"))
        return mended

    def _first_wrong(self, leaves: Sequence[bytes]) -> Head | None:
        if self.head is None or len(leaves) < self.head.size:
            return self.heads[0] if self.heads else None
        made = merkle.roots(leaves, [head.size for head in self.heads])
        return next((head for head, root in zip(self.heads, made, strict=True) if root.hex() != head.root), None)

    def _checked_entries(self, lines: Sequence[bytes]) -> list[Entry]:
        hashes = [merkle.leaf_hash(line) for line in lines]
        known = set(self.leaves)
        sound = [json.loads(line) for line, each in zip(lines, hashes, strict=True) if each in known]
        below = max((entry["below"] for entry in sound if entry["kind"] == RETIRED), default=0)
        first = min((entry["n"] for entry in sound), default=0)
        expected = {number: leaf for number, leaf in enumerate(self.leaves) if number >= below or number >= first}
        numbers = [_number(line) for line in lines]
        self.faults += compared(self._entries, "entry", expected, hashes, numbers.__getitem__)
        return sound


def last(entries: Iterable[Entry], kind: str, subject: str) -> Entry | None:
    """Return the last word of a ledger on a subject."""
    found = [entry for entry in entries if (entry.get("kind"), entry.get("subject")) == (kind, subject)]
    return max(found, key=lambda entry: int(entry["n"]), default=None)


def _number(line: bytes) -> int | None:
    """Return the number that an entry claims; None where it claims none."""
    number = _object(line).get("n")
    return number if type(number) is int else None


def _object(line: bytes) -> dict[str, Any]:
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _twice(numbers: Iterable[int]) -> list[int]:
    return [number for number, count in Counter(numbers).items() if count > 1]
