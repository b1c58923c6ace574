"""How an identifier could show in what was written, and the search for all of them at once in bytes and in decoded cells."""

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

import polars as pl

from dagster_project.proving.canaries import Canary

SHORTEST = 9  # what is shorter stands in any file by chance
HASHES: tuple[Callable[[bytes], "hashlib._Hash"], ...] = (hashlib.md5, hashlib.sha1, hashlib.sha256)


@dataclass(frozen=True)
class Traces:
    """What to look for, and the kind that each stands for.

    `anywhere` are texts that are looked for in all bytes, case ignored; `cells` and `numbers` are short, so only a whole decoded cell counts.
    """

    anywhere: Mapping[str, str]
    cells: Mapping[bytes, str]
    numbers: Mapping[int, str]

    def in_each(self, contents: Sequence[bytes]) -> list[dict[str, int]]:
        """Return for each of the contents the kinds whose texts stand in it, with the first byte of the first; many at once cost little more than one."""
        # Each byte as one character: Polars looks for thousands of texts in one pass, and knows only text.
        texts = pl.Series([content.decode("latin-1") for content in contents], dtype=pl.String)
        hit = texts.str.contains_any(self._patterns, ascii_case_insensitive=True)
        seen = texts.filter(hit).str.extract_many(self._patterns, ascii_case_insensitive=True, overlapping=True)
        kinds = iter([self._kinds(set(each), text) for each, text in zip(seen.to_list(), texts.filter(hit), strict=True)])
        return [next(kinds) if is_hit else {} for is_hit in hit]

    def as_cells(self, cells: Iterable[object]) -> set[str]:
        """Return the kinds that whole cells (texts, bytes, whole numbers; others pass) are."""
        found = (self.numbers.get(cell) if isinstance(cell, int) else self._cell(cell) for cell in cells)
        return {kind for kind in found if kind}

    def _cell(self, cell: object) -> str | None:
        raw = cell.encode("utf-8", "surrogatepass") if isinstance(cell, str) else cell
        return (self.cells.get(raw) or self.cells.get(raw.lower())) if isinstance(raw, bytes) else None

    def _kinds(self, seen: set[str], text: str) -> dict[str, int]:
        lower, found = _lower(text.encode("latin-1")), dict[str, int]()
        for each in {_lower(each.encode("latin-1")) for each in seen}:
            at = _alone(each, lower) if each.isdigit() else lower.find(each)
            if at >= 0:
                kind = self.anywhere[each]
                found[kind] = min(at, found.get(kind, at))
        return found

    @cached_property
    def _patterns(self) -> list[str]:
        return list(self.anywhere)


def _lower(raw: bytes) -> str:
    """Return bytes as one character each, ASCII letters in lower case."""
    return raw.lower().decode("latin-1")


def _alone(digits: str, text: str) -> int:
    """Return where a number stands as a whole, -1 where it does not: its digits inside a longer number are chance."""
    found = re.search(rf"(?<!\d){digits}(?!\d)", text)
    return found.start() if found else -1


def traces(canaries: Iterable[Canary]) -> Traces:
    """Return every form of every canary: as written, decoded, in any case, percent-encoded, in escapes, base64, hex, packed, as a number, hashed without a key."""
    anywhere: dict[str, str] = {}
    cells: dict[bytes, str] = {}
    numbers: dict[int, str] = {}
    for canary in canaries:
        for text in {canary.text, canary.plain}:
            if len(text) < SHORTEST:
                continue
            for form in _forms(text):
                anywhere.setdefault(_lower(form.encode()), canary.kind)
            for cell in _packed(text):
                cells.setdefault(cell, canary.kind)
            numbers |= dict.fromkeys(_numbers(text), canary.kind)
    return Traces(anywhere, cells, numbers)


def _forms(text: str) -> Iterator[str]:
    raw = text.encode()
    yield from (text, text.lower(), quote(text, safe=""), quote(quote(text, safe=""), safe=""), json.dumps(text)[1:-1], raw.hex())
    yield from (function(raw).hexdigest() for function in HASHES)
    yield from _base64(raw)
    for address in _addresses(text):
        wide = address if address.version == 6 else ipaddress.IPv6Address(f"::ffff:{address}")
        yield from (str(address), wide.exploded, wide.packed.hex())
        if address.version == 4:
            yield str(int(address))
            yield f"0x{address.packed.hex()}"


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the text inside any longer text in base64, at each of the three places where it may begin."""
    for before in range(3):
        packed = base64.b64encode(b"\0" * before + raw)
        inner = packed[4 if before else 0 : len(packed) // 4 * 4 - (4 if (len(raw) + before) % 3 else 0)].decode()
        if len(inner) >= SHORTEST:
            yield from {inner, inner.replace("+", "-").replace("/", "_")}


def _packed(text: str) -> Iterator[bytes]:
    yield from (function(text.encode()).digest() for function in HASHES)
    for address in _addresses(text):
        yield from (address.packed, address.packed.hex().encode())
        if address.version == 4:
            yield ipaddress.IPv6Address(f"::ffff:{address}").packed


def _numbers(text: str) -> set[int]:
    digits = re.sub(r"[ +-]", "", text)
    return {int(address) for address in _addresses(text)} | ({int(digits)} if digits.isdecimal() and len(digits) >= SHORTEST else set())


def _addresses(text: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(text.partition("%")[0])]
    except ValueError:
        return []
