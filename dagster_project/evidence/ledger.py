"""The append-only ledger of a HOME: inputs, decisions, seals, destroyed keys and reports, each a line, in one Merkle tree whose heads are signed.

    HOME/evidence/ledger/000000000.jsonl   a segment: the entries from that number on, of one month of as-ofs
    HOME/evidence/leaves                   the hash of every entry, 64 hex digits a line, also of entries that retention removed
    HOME/evidence/heads.jsonl              a signed head for each time that something was added
    HOME/evidence/key.pem                  the public key

An entry counts once a head is signed over it: what a killed run left behind that is cut off. Keep out: what entries there are.
"""

import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.errors import GlasshouseError
from dagster_project.evidence import heads, merkle
from dagster_project.evidence.heads import Head

RETIRED = "retired"
Entry = dict[str, Any]


@dataclass(frozen=True)
class Segment:
    """The file that holds entries from number `first` on."""

    path: Path
    first: int

    def lines(self) -> list[bytes]:
        """Return its entries as they were hashed."""
        return self.path.read_bytes().splitlines()

    def last_at(self) -> str:
        """Return the as-of of its last entry, the empty text where it has none."""
        lines = self.lines()
        return str(json.loads(lines[-1])["at"]) if lines else ""


def segments(folder: Path) -> list[Segment]:
    """Return the segments of a ledger that are still there, oldest first."""
    return [Segment(path, int(path.stem)) for path in sorted((folder / "ledger").glob("*.jsonl"))]


class Ledger:
    """The ledger of one HOME, opened by whoever holds that HOME. `private` signs, `salt` keeps a hash from telling what it is of; 32 bytes each."""

    def __init__(self, folder: Path, private: bytes, salt: bytes) -> None:
        """Open or make the ledger. Raises GlasshouseError where its files are not those that were signed."""
        self.folder = folder
        self._private, self._salt = private, salt
        (folder / "ledger").mkdir(parents=True, exist_ok=True)
        self.heads = self._read_heads()
        self._cut(self.size)
        self.leaves = _hashes(folder / "leaves")
        if (self.heads and merkle.root(self.leaves).hex() != self.heads[-1].root) or len(self.leaves) != self.size:
            raise GlasshouseError("HOME/evidence is not what was signed: restore it from a copy, or move it away to begin a new ledger")

    @property
    def size(self) -> int:
        """Return how many entries were signed."""
        return self.heads[-1].size if self.heads else 0

    @property
    def key(self) -> str:
        """Return the public key, as hex digits."""
        return heads.public_key(self._private)

    def lines(self) -> Iterator[bytes]:
        """Yield the entries that are still there, as they were hashed."""
        for segment in segments(self.folder):
            yield from segment.lines()

    def entries(self) -> list[Entry]:
        """Return the entries that are still there."""
        return [json.loads(line) for line in self.lines()]

    def append(self, added: Iterable[Entry], at: str) -> None:
        """Add entries and sign a head over all; without an entry nothing is signed. `at` is the as-of, ISO 8601 in UTC."""
        lines = [self._line(number, entry, at) for number, entry in enumerate(added, self.size)]
        if not lines:
            return
        self.leaves += [merkle.leaf_hash(line) for line in lines]
        _append(self._open_segment(at), lines)
        _append(self.folder / "leaves", [leaf.hex().encode() for leaf in self.leaves[-len(lines) :]])
        if not self.heads or self.heads[-1].key != self.key:
            (self.folder / "key.pem").write_bytes(heads.pem(self.key))
        self.heads.append(heads.sign(self._private, len(self.heads), len(self.leaves), merkle.root(self.leaves), at))
        _append(self.folder / "heads.jsonl", [merkle.canonical(heads.told(self.heads[-1]))])

    def retire(self, segment: Segment, at: str) -> None:
        """Remove the oldest segment, whose time is over: the ledger says so first, and the hashes of its entries stay, so every proof still holds."""
        below = segment.first + len(segment.lines())
        if not any(entry["kind"] == RETIRED and entry["below"] >= below for entry in self.entries()):
            self.append([{"kind": RETIRED, "below": below}], at)
        segment.path.unlink()

    def salt(self, content: object) -> str:
        """Return 16 bytes, as hex digits, that nobody can guess and that are the same each time for the same content."""
        return hmac.digest(self._salt, merkle.canonical(content), "sha256")[:16].hex()

    def _line(self, number: int, entry: Entry, at: str) -> bytes:
        numbered = {"n": number, "at": at, **entry}
        return merkle.canonical({**numbered, "salt": self.salt(numbered)})

    def _open_segment(self, at: str) -> Path:
        """Return the file that entries of an as-of go to: the last one while its month lasts."""
        found = segments(self.folder)
        if found and found[-1].last_at()[:7] in {"", at[:7]}:
            return found[-1].path
        return self.folder / "ledger" / f"{self.size:09d}.jsonl"

    def _read_heads(self) -> list[Head]:
        path = self.folder / "heads.jsonl"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        if lines and not lines[-1].endswith(b"\n"):  # a run was killed while it wrote
            _truncate(path, sum(map(len, lines[:-1])))
            lines.pop()
        found = [heads.read(line) for line in lines]
        signed = [head for head in found if head is not None and head.is_signed()]
        if len(signed) != len(found):
            raise GlasshouseError("HOME/evidence/heads.jsonl holds a head that is not signed: restore it from a copy")
        return signed

    def _cut(self, size: int) -> None:
        """Remove what no head was signed over."""
        leaves = self.folder / "leaves"
        if leaves.exists() and leaves.stat().st_size > size * 65:
            _truncate(leaves, size * 65)
        for segment in segments(self.folder):
            content = segment.path.read_bytes().splitlines(keepends=True)
            kept = content[: max(0, size - segment.first)]
            if not kept:
                segment.path.unlink()
            elif len(kept) < len(content):
                _truncate(segment.path, sum(map(len, kept)))


def _hashes(path: Path) -> list[bytes]:
    try:
        return [bytes.fromhex(line) for line in path.read_text(encoding="ascii").split()] if path.exists() else []
    except ValueError:
        raise GlasshouseError("HOME/evidence/leaves holds what is no hash: restore it from a copy") from None


def _append(path: Path, lines: list[bytes]) -> None:
    """Write lines at the end of a file; they are on the disk when this returns."""
    with path.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())


def _truncate(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())
