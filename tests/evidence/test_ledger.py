"""The ledger of a HOME: nothing is lost, nothing half-done counts, and what retention removes leaves its proof."""

import json
from pathlib import Path

import pytest

from dagster_project.errors import GlasshouseError, KeyringError, UsageError
from dagster_project.evidence import heads, merkle
from dagster_project.evidence.checking import LedgerCopy
from dagster_project.evidence.key_directory import KeyDirectory
from dagster_project.evidence.ledger import Ledger, segments

PRIVATE, SALT = b"\x01" * 32, b"\x02" * 32
NAMES = ("entries", "leaves", "heads")


def opened(folder: Path, private: bytes = PRIVATE) -> Ledger:
    """Open a ledger."""
    return Ledger(folder, private, SALT)


def entry(number: int) -> dict[str, object]:
    """Return an entry."""
    return {"kind": "input", "subject": str(number), "lines": number}


def filled(folder: Path) -> Ledger:
    """Return a ledger of three months, with five, three and four entries."""
    ledger = opened(folder)
    for month, numbers in ((1, range(5)), (2, range(5, 8)), (3, range(8, 12))):
        ledger.append([entry(number) for number in numbers], f"2026-{month:02d}-28T00:00:00Z")
    return ledger


def copied(ledger: Ledger) -> LedgerCopy:
    """Return the ledger as a pack would carry it."""
    files = (b"".join(line + b"\n" for line in ledger.lines()), (ledger.folder / "leaves").read_bytes(), (ledger.folder / "heads.jsonl").read_bytes())
    return LedgerCopy(*files, ledger.heads[-1], NAMES)


def test_entries_are_numbered_salted_and_hashed_as_written(tmp_path: Path) -> None:
    """A line of the file is what was hashed, byte for byte."""
    ledger = filled(tmp_path)
    lines = list(ledger.lines())
    assert [json.loads(line)["n"] for line in lines] == list(range(12))
    assert [merkle.leaf_hash(line) for line in lines] == ledger.leaves
    assert len({json.loads(line)["salt"] for line in lines}) == 12
    assert [path.name for path in sorted((tmp_path / "ledger").iterdir())] == ["000000000.jsonl", "000000005.jsonl", "000000008.jsonl"]
    assert [head.size for head in ledger.heads] == [5, 8, 12]
    assert copied(ledger).faults == []


def test_it_is_opened_again_as_it_was_left(tmp_path: Path) -> None:
    """The next run goes on where this one ended; adding nothing signs nothing."""
    before = filled(tmp_path)
    again = opened(tmp_path)
    again.append([], "2026-04-01T00:00:00Z")
    assert (again.heads, again.leaves, list(again.lines())) == (before.heads, before.leaves, list(before.lines()))


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("ledger/000000008.jsonl", b'{"n":12}\n{"n":'),
        ("ledger/000000012.jsonl", b'{"n":12}\n'),
        ("leaves", b"0" * 64 + b"\n000"),
        ("heads.jsonl", b'{"format":'),
    ],
)
def test_what_a_killed_run_left_is_cut_off(tmp_path: Path, name: str, tail: bytes) -> None:
    """Nothing counts before a head is signed over it, and the next run does it again."""
    filled(tmp_path)
    expected = [path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    path = tmp_path / name
    path.write_bytes((path.read_bytes() if path.exists() else b"") + tail)
    opened(tmp_path)
    assert [path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()] == expected


@pytest.mark.parametrize("name", ["leaves", "heads.jsonl"])
def test_a_ledger_that_was_altered_is_not_gone_on_with(tmp_path: Path, name: str) -> None:
    """To sign on top of it would make it good."""
    filled(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content.replace(b"a", b"b", 1))
    with pytest.raises(GlasshouseError, match="HOME/evidence"):
        opened(tmp_path)


def test_a_retired_segment_keeps_its_hashes(tmp_path: Path) -> None:
    """Its entries go, and every proof that was given stays true; a copy says what is gone by rule and what by hand."""
    ledger = filled(tmp_path)
    before = list(ledger.leaves)
    ledger.retire(segments(tmp_path)[0], "2033-03-01T00:00:00Z")
    assert [json.loads(line)["n"] for line in ledger.lines()] == list(range(5, 13))
    assert opened(tmp_path).leaves[:12] == before
    assert copied(opened(tmp_path)).faults == []
    ledger.retire(segments(tmp_path)[0], "2033-03-01T00:00:00Z")
    assert copied(opened(tmp_path)).faults == []
    segments(tmp_path)[0].path.unlink()
    assert [fault.what for fault in copied(ledger).faults] == ["entry 8 to 11"]


def test_a_killed_retirement_is_finished(tmp_path: Path) -> None:
    """It is entered first; the second time only the file goes."""
    ledger = filled(tmp_path)
    ledger.append([{"kind": "retired", "below": 5}], "2033-03-01T00:00:00Z")
    assert copied(ledger).faults == []
    ledger.retire(segments(tmp_path)[0], "2033-03-01T00:00:00Z")
    assert (ledger.size, copied(ledger).faults) == (13, [])


def test_another_key_goes_on_and_says_so(tmp_path: Path) -> None:
    """A key that was lost must not end the ledger; each head names the key that signed it."""
    filled(tmp_path)
    ledger = opened(tmp_path, b"\x09" * 32)
    ledger.append([entry(12)], "2026-04-01T00:00:00Z")
    assert [head.key for head in ledger.heads] == [heads.public_key(PRIVATE)] * 3 + [heads.public_key(b"\x09" * 32)]
    assert heads.read_pem((tmp_path / "key.pem").read_bytes()) == heads.public_key(b"\x09" * 32)
    assert copied(ledger).faults == []


def test_a_head_that_was_altered_is_not_signed() -> None:
    """Size, root, instant, number and key all stand under the signature."""
    head = heads.sign(PRIVATE, 0, 3, b"\x00" * 32, "2026-01-01T00:00:00Z")
    told = heads.told(head)
    assert head.is_signed()
    for name, value in {"number": 1, "size": 4, "root": "11" * 32, "at": "2026-01-02T00:00:00Z", "key": heads.public_key(SALT), "signature": "00" * 64}.items():
        other = heads.read(json.dumps({**told, name: value}).encode())
        assert other is not None
        assert not other.is_signed(), name


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", "7", '{"format":"glasshouse-head/1"}', '{"format":"glasshouse-head/1","number":true,"size":1,"root":"","at":"","key":"","signature":""}']
)
def test_what_is_no_head_is_none(line: str) -> None:
    """Never an exception that quotes the file."""
    assert heads.read(line.encode()) is None


def test_a_key_is_read_as_other_programs_write_it() -> None:
    """The vendor gives it in any letter; what is no Ed25519 key is named as such."""
    assert heads.read_pem(heads.pem(heads.public_key(PRIVATE))) == heads.public_key(PRIVATE)
    for content in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(UsageError, match="Ed25519"):
            heads.read_pem(content)


def test_the_private_key_is_made_once_private_and_wrapped(tmp_path: Path) -> None:
    """It lies where day keys lie, 0600, and opens with the key-encryption key alone."""
    keys = KeyDirectory(tmp_path / "keys", tmp_path / "home", b"\x07" * 32)
    secret = keys.secret("ledger")
    assert (len(secret), keys.secret("ledger") == secret, keys.secret("salt") != secret, keys.held()) == (32, True, True, [])
    path = tmp_path / "keys" / "ledger.secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in path.read_bytes()
    with pytest.raises(KeyringError, match="does not open"):
        KeyDirectory(tmp_path / "keys", tmp_path / "home", b"\x08" * 32).secret("ledger")
