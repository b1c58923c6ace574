"""Verifies that a report, or a customer's page, is what was sealed: offline, on a copy, from its files and a public key alone."""

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.errors import UsageError
from dagster_project.evidence import heads, merkle
from dagster_project.evidence.accounts import cell_leaf, line_leaf
from dagster_project.evidence.checking import Fault, LedgerCopy, compared, key_faults, last, since_faults, sorted_faults
from dagster_project.evidence.heads import Head
from dagster_project.evidence.ledger import Entry
from dagster_project.publishing.attest import ACCOUNTS, DECISIONS, FOLDER, HEAD, HEADS, KEY, LEAVES, LEDGER, PROOF, REPORT, is_as_written

MANIFEST, LINES, PAGE = "manifest.json", "report.json", "report.html"
_OF_REPORT, _OF_PAGE = (ACCOUNTS, HEAD, HEADS, KEY, LEAVES, LEDGER, PROOF), (HEAD, KEY, PROOF)


@dataclass(frozen=True)
class Verified:
    """The result: the subject of a pack, the head that vouches for it, the files that are intact, the number of lines, and all faults, sorted."""

    subject: str | None
    head: Head | None
    intact: tuple[str, ...]
    lines: int | None
    faults: tuple[Fault, ...]


def verify(pack: Path, key: str | None = None, since: Head | None = None) -> Verified:
    """Check a folder against its manifest and the signed ledger; a folder inside it that has a manifest of its own is a pack of its own.

    `key` is a public key as hex digits, None to take that of `since`, a head of the same ledger that was kept, and without it the one that the pack carries.
    Raises UsageError where there is neither a manifest nor evidence.
    """
    if not (pack / MANIFEST).is_file() and not (pack / FOLDER).is_dir():
        raise UsageError("PACK holds no manifest.json; name the folder of a report, HOME/reports/<month>")
    files = {path.relative_to(pack).as_posix(): path for path in _files(pack)}
    links = [Fault("changed", name, "it is a link: the pack does not hold it") for name, path in files.items() if path.is_symlink()]
    evidence = {name.removeprefix(f"{FOLDER}/"): _bytes(files.pop(name)) for name in list(files) if name.startswith(f"{FOLDER}/")}
    held = _Held({name: _digest(path) for name, path in files.items()}, {name: _bytes(files[name]) for name in (MANIFEST, LINES, PAGE) if name in files})
    is_page = _is_page(held, evidence)
    wanted = _OF_PAGE if is_page else _OF_REPORT
    faults = [Fault("missing", _in(name)) for name in wanted if name not in evidence] + [Fault("foreign", _in(name)) for name in evidence if name not in wanted]
    check = _Page if is_page else _Report
    checked = check(evidence, held, key, since)
    gone = {fault.file for fault in faults if fault.kind == "missing"}
    faults += [fault for fault in (*links, *_against_manifest(held), *checked.faults) if fault.file not in gone]
    told = {fault.file for fault in faults}
    faults += [Fault("changed", _in(name), "it is not written as it was sealed") for name in wanted if _in(name) not in told and not is_as_written(name, evidence[name])]
    wrong = {fault.file for fault in faults}
    return Verified(checked.subject, checked.head, tuple(sorted(set(held.digests) - wrong)), checked.lines, tuple(sorted(set(faults))))


def _is_page(held: "_Held", evidence: Mapping[str, bytes]) -> bool:
    """Tell whether a pack is a customer's page, by its manifest; without one by its proof."""
    told, name = (_json(held.read[MANIFEST]), "account") if MANIFEST in held.read else (_json(evidence.get(PROOF, b"")), "lines")
    return isinstance(told, dict) and told.get(name) is not None and not {LEDGER, LEAVES, HEADS, ACCOUNTS} & set(evidence)


@dataclass(frozen=True)
class _Held:
    """The files of a pack outside its evidence: the SHA-256 of each, and the bytes of those whose content is checked."""

    digests: Mapping[str, str]
    read: Mapping[str, bytes]


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; events of a month can be half a gigabyte."""
    if not path.is_file():
        return hashlib.sha256().hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in(name: str) -> str:
    return f"{FOLDER}/{name}"


def _files(pack: Path) -> list[Path]:
    """Return the files of a folder and of those below it that are no packs of their own; links are not followed out of it."""
    found = []
    for path in sorted(pack.iterdir()):
        if path.is_dir() and not path.is_symlink():
            found += [] if (path / MANIFEST).is_file() else _files(path)
        else:
            found.append(path)
    return found


def _against_manifest(held: _Held) -> list[Fault]:
    """Compare the files of a pack with its manifest; one that cannot be read counts as changed."""
    if MANIFEST not in held.read:
        return [Fault("missing", MANIFEST)]
    read = _json(held.read[MANIFEST])
    outputs = read.get("outputs") if isinstance(read, dict) else None
    if not isinstance(outputs, dict) or not outputs or not all(isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) for digest in outputs.values()):
        return [Fault("changed", MANIFEST, "it is no manifest of a report")]
    return _against(outputs, {name: digest for name, digest in held.digests.items() if name != MANIFEST})


def _against(outputs: Mapping[str, str], held: Mapping[str, str]) -> list[Fault]:
    return [
        *(Fault("changed", name) for name in held.keys() & outputs.keys() if held[name] != outputs[name]),
        *(Fault("missing", name) for name in outputs.keys() - held.keys()),
        *(Fault("foreign", name) for name in held.keys() - outputs.keys()),
    ]


class _Sealed(ABC):
    """What a report and a customer's page have in common: a head that speaks, and an entry that names the files."""

    def __init__(self, evidence: Mapping[str, bytes], held: _Held, key: str | None, since: Head | None) -> None:
        self.evidence, self.held = evidence, held
        self.proof = read if isinstance(read := _json(evidence.get(PROOF, b"")), dict) else {}
        self.subject = subject if isinstance(subject := self.proof.get("subject"), str) else None
        self.head = heads.read(evidence.get(HEAD, b""))
        self.lines: int | None = None
        self.faults = key_faults(self.head, _in(HEAD), key or (since.key if since else None), evidence.get(KEY))
        self.check()
        if since is not None and self.head is not None:
            self.faults += since_faults(since, self.head, _in(HEAD), self.continues)

    @abstractmethod
    def check(self) -> None:
        """Add what is wrong with files, entries and lines."""

    @abstractmethod
    def continues(self, since: Head) -> bool | None:
        """Tell whether the ledger of this pack begins with what a head was signed over; None where that cannot be told."""

    def check_files(self, report: Entry | None, where: str) -> None:
        """Compare the files with the entry of the report in the ledger."""
        self.faults += [Fault("missing", where, "the entry of this report")] if report is None else _against(report["outputs"], self.held.digests)


class _Report(_Sealed):
    """A report for compliance, with the whole ledger."""

    def check(self) -> None:
        """Check the ledger, the files against its entry of the report, and the tree over accounts."""
        entries, leaves, signed = (self.evidence.get(name, b"") for name in (LEDGER, LEAVES, HEADS))
        self.ledger = LedgerCopy(entries, leaves, signed, self.head, (_in(LEDGER), _in(LEAVES), _in(HEADS)))
        self.faults += self.ledger.faults
        if self.head is not None and self.ledger.head is not None and self.head != self.ledger.head:
            self.faults.append(Fault("changed", _in(HEAD), "it is not the last of heads.jsonl"))
        report = last(self.ledger.entries, REPORT, self.subject or self._told_by_manifest())
        self.check_files(report, _in(LEDGER))
        decisions = last(self.ledger.entries, DECISIONS, report["period"]) if report else None
        if decisions is not None and ACCOUNTS in self.evidence:
            self.faults += _accounts(self.evidence[ACCOUNTS].splitlines(), decisions)

    def _told_by_manifest(self) -> str:
        """Return the subject under which a manifest of these bytes was entered, where nothing says what the pack is."""
        digest = self.held.digests.get(MANIFEST)
        return next((entry["subject"] for entry in self.ledger.entries if entry["kind"] == REPORT and entry["outputs"].get(MANIFEST) == digest), "")

    def continues(self, since: Head) -> bool:
        """Tell it from the hashes of all entries."""
        return merkle.root(self.ledger.leaves[: since.size]).hex() == since.root


class _Page(_Sealed):
    """A customer's page, with the entries that concern her and the proof that they are in the ledger."""

    def check(self) -> None:
        """Check the two entries, the files against the one of the page, and her lines against her tree."""
        try:
            entries = [self._entry(each) for each in self.proof["entries"]]
            report = next((each for each in entries if each and each["kind"] == REPORT), None)
            self.check_files(report, _in(PROOF))
            decisions = next((each for each in entries if each and each["kind"] == DECISIONS), None)
            self._check_account(decisions, report)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            self.faults.append(Fault("changed", _in(PROOF), "it is no proof of a customer's page"))

    def _entry(self, told: Mapping[str, Any]) -> Entry | None:
        """Return an entry if it is in the ledger that the head speaks for."""
        entry: Entry = told["entry"]
        found = merkle.root_by_path(merkle.leaf_hash(merkle.canonical(entry)), entry["n"], self.head.size, _unhexed(told["path"])) if self.head else None
        if found is None or self.head is None or found.hex() != self.head.root:
            self.faults.append(Fault("changed", _in(PROOF), f"entry {entry['n']} is not in the ledger that the head speaks for"))
            return None
        return entry

    def _check_account(self, decisions: Entry | None, report: Entry | None) -> None:
        """Compare the lines of the page with the tree of the account, and that with the tree over accounts."""
        cell, leaves = self.proof["account"]["cell"], _unhexed(self.proof["lines"])
        found = merkle.root_by_path(cell_leaf(cell), self.proof["account"]["index"], decisions["leaves"], _unhexed(self.proof["account"]["path"])) if decisions else None
        if decisions and (found is None or found.hex() != decisions["root"]):
            self.faults.append(Fault("changed", _in(PROOF), f"the account's tree is not the one that entry {decisions['n']} sealed"))
        if report and (cell["account"], cell["period"]) != (report["account"], report["period"]):
            self.faults.append(Fault("foreign", _in(PROOF), "the tree is of another account or period"))
        if (len(leaves), merkle.root(leaves).hex()) != (cell["size"], cell["root"]):
            self.faults.append(Fault("changed", _in(PROOF), f"its {len(leaves):,} hashes are not the {cell['size']:,} lines that were sealed"))
        lines = read["lines"] if isinstance(read := _json(self.held.read.get(LINES, b"")), dict) else []
        self.lines = len(lines)
        shown = [int(number) for number in re.findall(rb'<tr id="line-(\d{1,9})">', self.held.read.get(PAGE, b""))]
        if PAGE in self.held.read and shown != list(range(1, cell["size"] + 1)):
            self.faults.append(Fault("changed", PAGE, f"it shows {len(shown):,} lines, {cell['size']:,} were sealed"))
        hashes = [line_leaf(cell["salt"], line) for line in lines]
        self.faults += compared(LINES, "line", dict(enumerate(leaves, 1)), hashes, lambda place: lines[place].get("n") if isinstance(lines[place], dict) else None)

    def continues(self, since: Head) -> bool | None:
        """Tell it from the proof that was laid in for a head this customer was given before."""
        if self.head is None or since.size == self.head.size:
            return self.head is not None and since.root == self.head.root
        try:
            proof = next((_unhexed(each["path"]) for each in self.proof["since"] if each["size"] == since.size), None)
            return None if proof is None else merkle.is_continued(bytes.fromhex(since.root), since.size, bytes.fromhex(self.head.root), self.head.size, proof)
        except (KeyError, TypeError, ValueError):
            return None


def _accounts(lines: list[bytes], decisions: Entry) -> list[Fault]:
    """Compare the tree over accounts with what was sealed; no account may have two trees."""
    told = [read["cell"] for line in lines if isinstance(read := _json(line), dict) and isinstance(read.get("cell"), dict)]
    named = Counter(json.dumps(cell.get("account")) for cell in told if "empty" not in cell)
    twice = [Fault("foreign", _in(ACCOUNTS), f"account {name} has {count} trees") for name, count in named.items() if count > 1]
    return [*twice, *sorted_faults(_in(ACCOUNTS), lines, decisions["leaves"], decisions["root"])]


def _unhexed(texts: list[str]) -> list[bytes]:
    if not all(map(heads.is_hex, texts)):
        raise ValueError
    return [bytes.fromhex(text) for text in texts]


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
