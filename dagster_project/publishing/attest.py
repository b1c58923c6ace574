"""Makes a report provable: enters it and what it is based on in the ledger of HOME, and puts the signed proof beside it.

    evidence/key.pem          the public key
    evidence/head.json        the signed head, for whoever wants to tell later that nothing was taken back
    evidence/ledger.jsonl     of a report: every entry; leaves, heads.jsonl and accounts.jsonl go with it
    evidence/proof.json       of a customer's page: the two entries that concern her, and the proof that they and her lines are sealed

These files belong to one HOME and its key, so the same input does not reproduce them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.evidence import heads, merkle
from dagster_project.evidence.accounts import Cell, cell_leaf, line_leaf
from dagster_project.evidence.heads import Head
from dagster_project.evidence.key_directory import KeyDirectory
from dagster_project.evidence.ledger import Entry, Ledger
from dagster_project.evidence.merkle import canonical
from dagster_project.paths import replacing
from dagster_project.publishing.exports import instant, json_text

FOLDER = "evidence"
PROOF, HEAD, KEY, LEDGER, LEAVES, HEADS, ACCOUNTS = "proof.json", "head.json", "key.pem", "ledger.jsonl", "leaves", "heads.jsonl", "accounts.jsonl"
DECISIONS, REPORT = "decisions", "report"
_OF_HEAD = dict.fromkeys(("format", *(field.name for field in fields(Head))))
_OF_PROOF = {
    "subject": None,
    "entries": [{"entry": None, "path": None}],
    "account": {"cell": None, "index": None, "path": None},
    "lines": None,
    "since": [{"size": None, "path": None}],
}
_TOLD = {HEAD: _OF_HEAD, HEADS: _OF_HEAD, ACCOUNTS: {"n": None, "cell": None}, PROOF: _OF_PROOF}  # the keys of each file; of the ledger each line is hashed
_ADDED = ("n", "at", "salt")  # what the ledger adds to an entry
_INPUTS = "select input_id, folder, site, format, bytes, lines, parsed, quarantined, blank_or_comment, duplicates, status from ledger.inputs order by read_at, input_id"
_KEYS = "select key_id, day, destroyed_at, rows_tokenised from ledger.keys where destroyed_at is not null order by day, key_id"
_VISITORS = f"from {VISITORS} where day = $day order by all"


def opened(house: House) -> Ledger:
    """Open the ledger of a HOME with its keys, made at first use; warn where the key is not the one that signed the last head."""
    keys = KeyDirectory(house.key_directory, house.home, house.key_encryption_key, house.tell)
    ledger = Ledger(house.home / FOLDER, keys.secret("ledger"), keys.secret("salt"))
    if ledger.heads and ledger.heads[-1].key != ledger.key:
        house.tell("the ledger in HOME/evidence was signed with another key so far; from here on a new one signs: tell whoever checks reports")
    return ledger


@dataclass(frozen=True)
class Made:
    """A report as it was written: the SHA-256 of each file, the tree over accounts of its period, and on a customer's page her lines."""

    period: str
    account: str | None
    as_of: datetime
    outputs: Mapping[str, str]
    cells: list[Cell]
    lines: list[Mapping[str, Any]]


def attest(ledger: Ledger, engine: DuckDBEngine, folder: Path, made: Made) -> None:
    """Enter a report and what it stands on in the ledger, and lay its evidence beside it; `folder` lies below one named reports."""
    subject = "/".join(folder.parts[folder.parts.index("reports") + 1 :])
    entries: list[Entry] = [
        {"kind": DECISIONS, "subject": made.period, "leaves": len(made.cells), "root": merkle.root(map(cell_leaf, made.cells)).hex()},
        {"kind": REPORT, "subject": subject, "period": made.period, "account": made.account, "outputs": dict(made.outputs)},
    ]
    known = ledger.entries()
    ledger.append(_new(known, [*_happened(engine, known), *entries]), instant(made.as_of))
    written = _proof(ledger, folder, made, entries) if made.account else _whole(ledger, made.cells, subject)
    for name, content in written.items():
        with replacing(folder / FOLDER / name) as beside:
            beside.write_bytes(content)


def _new(known: Iterable[Entry], found: Iterable[Entry]) -> list[Entry]:
    """Return the entries that differ from the last one of their subject in the ledger."""
    said = {(entry["kind"], entry.get("subject")): {name: value for name, value in entry.items() if name not in _ADDED} for entry in known}
    return [entry for entry in found if said.get((entry["kind"], entry["subject"])) != entry]


def _happened(engine: DuckDBEngine, known: Iterable[Entry]) -> Iterator[Entry]:
    """Yield inputs that were read, days that were sealed and keys that were destroyed; the visitors of a day are hashed once, since its seal froze them."""
    sealed = {entry["subject"] for entry in known if entry["kind"] == "seal"}
    connection = engine.connection()
    for row in connection.sql(_INPUTS).to_arrow_table().to_pylist():
        yield {"kind": "input", "subject": row.pop("input_id"), **row}
    for row in connection.sql(_KEYS).to_arrow_table().to_pylist():
        day = row["day"].isoformat()
        if day not in sealed:
            sealed.add(day)
            counted = connection.execute(_VISITORS, {"day": row["day"]}).to_arrow_table().to_pylist()
            yield {"kind": "seal", "subject": day, "visitors_sha256": hashlib.sha256(json_text(counted).encode()).hexdigest()}
        told = {"day": day, "destroyed_at": instant(row["destroyed_at"]), "rows_tokenised": row["rows_tokenised"]}
        yield {"kind": "key_destroyed", "subject": row["key_id"], **told}


def _whole(ledger: Ledger, cells: Iterable[Cell], subject: str) -> dict[str, bytes]:
    """Return the evidence of a report: the whole ledger, and the tree over accounts."""
    head = ledger.heads[-1]
    return {
        KEY: heads.pem(head.key),
        HEAD: json_text(heads.told(head)).encode(),
        HEADS: _lines(heads.told(each) for each in ledger.heads),
        LEDGER: b"".join(line + b"\n" for line in ledger.lines()),
        LEAVES: "".join(f"{leaf.hex()}\n" for leaf in ledger.leaves).encode(),
        ACCOUNTS: _lines({"n": number, "cell": each} for number, each in enumerate(cells)),
        PROOF: json_text({"subject": subject}).encode(),
    }


def _proof(ledger: Ledger, folder: Path, made: Made, told: Iterable[Entry]) -> dict[str, bytes]:
    """Return the evidence of a customer's page: nothing in it is of another customer but hashes that are salted."""
    entries = [_last(ledger, each) for each in told]
    head = next(each for each in ledger.heads if each.size > max(entry["n"] for entry in entries))
    leaves, tree = ledger.leaves[: head.size], [cell_leaf(each) for each in made.cells]
    place = next(number for number, each in enumerate(made.cells) if each.get("account") == made.account)
    proof = {
        "subject": entries[-1]["subject"],
        "entries": [{"entry": entry, "path": _hexed(merkle.path(leaves, entry["n"]))} for entry in entries],
        "account": {"cell": made.cells[place], "index": place, "path": _hexed(merkle.path(tree, place))},
        "lines": _hexed(line_leaf(made.cells[place]["salt"], line) for line in made.lines),
        "since": [{"size": size, "path": _hexed(merkle.consistency(leaves, size))} for size in _handed(folder, ledger, head)],
    }
    return {KEY: heads.pem(head.key), HEAD: json_text(heads.told(head)).encode(), PROOF: json_text(proof).encode()}


def is_as_written(name: str, content: bytes) -> bool:
    """Tell whether a file of evidence has exactly the bytes that this module writes for its content: nothing added, no other formatting."""
    if name == KEY:
        return True  # it is compared with the one that the head names
    if name == LEAVES:
        return content == b"".join(line + b"\n" for line in content.split())
    try:
        rows = [json.loads(content)] if name in (HEAD, PROOF) else [json.loads(line) for line in content.splitlines()]
    except ValueError:
        return False
    written = json_text(rows[0]).encode() if name in (HEAD, PROOF) else _lines(rows)
    return content == written and all(_is_within(row, _TOLD.get(name)) for row in rows)


def _is_within(value: object, told: object) -> bool:
    """Tell whether a value has no other keys than those told; None allows any, since a hash is over it."""
    if isinstance(told, dict):
        return isinstance(value, dict) and all(name in told and _is_within(each, told[name]) for name, each in value.items())
    return not isinstance(told, list) or (isinstance(value, list) and all(_is_within(each, told[0]) for each in value))


def _hexed(hashes: Iterable[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def _last(ledger: Ledger, told: Entry) -> Entry:
    """Return the last word on a subject as it stands in the ledger."""
    return [entry for entry in ledger.entries() if (entry["kind"], entry.get("subject")) == (told["kind"], told["subject"])][-1]


def _handed(folder: Path, ledger: Ledger, head: Head) -> list[int]:
    """Return the sizes of the heads that this customer may hold, from her pages as they stand, and that this ledger signed."""
    sizes: set[int] = set()
    for page in sorted(folder.parent.parent.glob(f"*/{folder.name}/{FOLDER}")):
        read = [json.loads((page / name).read_bytes()) for name in (HEAD, PROOF) if (page / name).is_file()]
        sizes |= {each["size"] for told in read for each in (told, *told.get("since", [])) if "size" in each}
    signed = {each.size for each in ledger.heads if each.size < head.size}
    return sorted(sizes & signed)


def _lines(found: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(canonical(each) + b"\n" for each in found)
