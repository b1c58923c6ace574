"""The day keys of the visitor tokens: random, wrapped, in a directory of their own, and destroyed on time; beside them what signs the ledger.

No clock and no environment in here: instants and the key-encryption key are given. Who keeps none of the keys can re-create none.
"""

import hmac
import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dagster_project.errors import KeyringError

PURPOSE = "visitor"
KEY_BYTES = 32
NONCE_BYTES = 12
KEK_NAME = "kek"
HALF = ".half"  # the end of the name of a file that is being written
TIME = pa.timestamp("us", "UTC")
KEYS = pa.schema(
    [
        ("key_id", pa.string()),
        ("purpose", pa.string()),
        ("day", pa.date32()),
        ("created_at", TIME),
        ("destroy_after", TIME),
        ("destroyed_at", TIME),
        ("destroyed_by_run", pa.string()),
        ("rows_tokenised", pa.int64()),
        ("kcv", pa.string()),
        ("checked_at", TIME),
    ]
)


@dataclass(frozen=True)
class KeyRow:
    """One row of ledger.keys."""

    key_id: str
    purpose: str
    day: date
    created_at: datetime
    destroy_after: datetime
    destroyed_at: datetime | None
    destroyed_by_run: str | None
    rows_tokenised: int
    kcv: str
    checked_at: datetime


class KeyDirectory:
    """The files of one HOME's keys, wrapped with AES-256-GCM; purpose, day and key id are bound into each."""

    def __init__(self, directory: Path, home: Path, kek: bytes | None = None, announce: Callable[[str], None] = print) -> None:
        """Open or make the directory; without a key-encryption key (32 bytes) it makes one and says so. Raises KeyringError where it is unsafe."""
        self._directory = _safe(directory, home)
        for half in self._directory.glob(f".*{HALF}"):  # a run was killed while it wrote
            _shred(half)
        wrapping = kek if kek is not None else _own_kek(self._directory, announce)
        if len(wrapping) != KEY_BYTES:
            raise KeyringError("the key-encryption key is not 32 bytes long")
        self._wrap = AESGCM(wrapping)

    def held(self) -> list[tuple[date, str]]:
        """Return (day, key id) of every key file."""
        names = (re.fullmatch(r"(\d{4}-\d\d-\d\d)_([0-9a-f]{16})\.key", path.name) for path in self._directory.iterdir())
        return sorted((date.fromisoformat(found[1]), found[2]) for found in names if found)

    def keep(self, day: date, key_id: str, key: bytes) -> None:
        """Write a key, wrapped."""
        _write(self._path(day, key_id), self._wrapped(key, _bound(day, key_id)))

    def key(self, day: date, key_id: str) -> bytes:
        """Return a key. Raises KeyringError where it is gone or does not open."""
        try:
            return self._unwrapped(_read(self._path(day, key_id)), _bound(day, key_id))
        except FileNotFoundError:
            raise KeyringError(f"the key of {day} is gone; seal that day: its lines read from now on stay without visitors") from None
        except InvalidTag:
            raise KeyringError(f"the key of {day} does not open; give the key-encryption key it was wrapped with") from None

    def secret(self, name: str) -> bytes:
        """Return 32 random bytes that stay with this HOME under a name, made at first use. Raises KeyringError where they do not open."""
        path = self._directory / f"{name}.secret"
        if not path.exists():
            _write(path, self._wrapped(secrets.token_bytes(KEY_BYTES), name.encode()))
        try:
            return self._unwrapped(_read(path), name.encode())
        except InvalidTag:
            raise KeyringError(f"the secret {name} does not open; give the key-encryption key it was wrapped with") from None

    def _wrapped(self, key: bytes, bound: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, key, bound)

    def _unwrapped(self, wrapped: bytes, bound: bytes) -> bytes:
        return self._wrap.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)

    def destroy(self, day: date, key_id: str) -> None:
        """Overwrite, fsync, unlink, fsync the directory; a key that was in memory only has no file."""
        path = self._path(day, key_id)
        if path.exists():
            _shred(path)

    def _path(self, day: date, key_id: str) -> Path:
        return self._directory / f"{day}_{key_id}.key"


class Keyring:
    """The keys of one run; `rows` are those of ledger.keys as the last run left them, `now` is the run's instant."""

    def __init__(self, directory: KeyDirectory, rows: pa.Table | None, now: datetime, keep_hours: int = 48, run_id: str = "") -> None:
        """Take up where the last run ended, a killed one too: its keys on file are adopted, those it had in memory only are gone."""
        self._directory = directory
        self._now = now
        self._run_id = run_id
        self._keep = timedelta(hours=keep_hours)
        known = [KeyRow(**row) for row in (rows.to_pylist() if rows is not None else [])]
        held = set(directory.held())
        self._rows = {row.key_id: self._gone(row) if self._died(row, held) else row for row in known}
        self._sealed = {row.day for row in self._rows.values() if row.destroyed_at is not None}
        self._alive = {row.day: row for row in self._rows.values() if row.destroyed_at is None}
        self._keys: dict[date, bytes] = {}
        for day, key_id in held - {(row.day, row.key_id) for row in self._alive.values()}:
            if day in self._sealed or day in self._alive:
                directory.destroy(day, key_id)
            else:
                self._put(self._row(day, key_id, directory.key(day, key_id)))

    def day_key(self, day: date) -> bytes | None:
        """Return the key of a UTC day, made on first use; None once the day is sealed.

        A day that is past its time when first asked for gets a key in memory only, to be destroyed with this run.
        """
        if day in self._sealed:
            return None
        if day not in self._keys:
            self._keys[day] = self._opened(self._alive[day]) if day in self._alive else self._made(day)
        return self._keys[day]

    def is_sealed(self, day: date) -> bool:
        """Tell whether the key of a day was destroyed."""
        return day in self._sealed

    def count(self, day: date, rows: int) -> None:
        """Add to the number of rows that hold a token of the day's key."""
        self._put(replace(self._alive[day], rows_tokenised=self._alive[day].rows_tokenised + rows))

    def due(self) -> list[date]:
        """Return the days whose key must be destroyed now: they are to be sealed before this run ends."""
        return sorted(day for day, row in self._alive.items() if row.destroy_after <= self._now)

    def destroy(self, day: date) -> None:
        """Destroy the key of a day for ever; the day is sealed from here on."""
        if (row := self._alive.pop(day, None)) is None:
            raise KeyringError(f"no living key for {day}: it was destroyed before, or never made")
        self._keys.pop(day, None)
        self._directory.destroy(day, row.key_id)
        self._rows[row.key_id] = self._gone(row)
        self._sealed.add(day)

    def rows(self) -> pa.Table:
        """Return ledger.keys, whole, by day, each looked after at this run's instant."""
        ordered = sorted(self._rows.values(), key=lambda row: (row.day, row.key_id))
        return pa.Table.from_pylist([vars(replace(row, checked_at=self._now)) for row in ordered], schema=KEYS)

    def _gone(self, row: KeyRow) -> KeyRow:
        return replace(row, destroyed_at=self._now, destroyed_by_run=self._run_id)

    def _died(self, row: KeyRow, held: set[tuple[date, str]]) -> bool:
        """Tell whether a key that counts as alive is gone: it was past its time, so in memory only or destroyed by a run that was killed."""
        return row.destroyed_at is None and row.destroy_after <= self._now and (row.day, row.key_id) not in held

    def _row(self, day: date, key_id: str, key: bytes) -> KeyRow:
        return KeyRow(key_id, PURPOSE, day, self._now, datetime.combine(day, time(), UTC) + self._keep, None, None, 0, _check_value(key), self._now)

    def _made(self, day: date) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        row = self._row(day, secrets.token_hex(8), key)
        if row.destroy_after > self._now:
            self._directory.keep(day, row.key_id, key)
        self._put(row)
        return key

    def _opened(self, row: KeyRow) -> bytes:
        key = self._directory.key(row.day, row.key_id)
        if not hmac.compare_digest(_check_value(key), row.kcv):
            raise KeyringError(f"the key of {row.day} is not the one the ledger of keys names")
        return key

    def _put(self, row: KeyRow) -> None:
        self._rows[row.key_id] = self._alive[row.day] = row


def _bound(day: date, key_id: str) -> bytes:
    return b"\x00".join(part.encode() for part in (PURPOSE, day.isoformat(), key_id))


def _check_value(key: bytes) -> str:
    return hmac.digest(key, b"kcv", "sha256")[:4].hex()


def _safe(directory: Path, home: Path) -> Path:
    """Return the directory, made 0700 if missing, once it is ours alone, outside HOME and outside any git work tree."""
    directory = directory.expanduser().resolve()
    if directory.is_relative_to(home.expanduser().resolve()):
        raise KeyringError("the key directory lies below HOME; set [keys] directory to a place that backups of HOME do not hold")
    if any((above / ".git").exists() for above in (directory, *directory.parents)):
        raise KeyringError("the key directory lies in a git work tree; set [keys] directory to another place")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_private(directory.stat(), "the key directory", "700")
    return directory


def _check_private(status: os.stat_result, what: str, mode: str) -> None:
    if status.st_uid != os.geteuid():
        raise KeyringError(f"{what} belongs to another user; make it the pipeline's own")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyringError(f"{what} can be read by group or world; chmod {mode}")


def _own_kek(directory: Path, announce: Callable[[str], None]) -> bytes:
    """Return the key-encryption key of the directory, made by the first run, which says so."""
    path = directory / KEK_NAME
    if not path.exists():
        _write(path, AESGCM.generate_key(256))
        announce("No key-encryption key is configured: one was made in the key directory. Production wants a KMS or a credential of its own.")
    return _read(path)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        _check_private(os.fstat(descriptor), "a file of the key directory", "600")
        return file.read()


def _write(path: Path, content: bytes) -> None:
    """Write a new file 0600 that is on the disk, whole, and named there, when this returns; a file of that name is never replaced."""
    if path.exists():
        raise KeyringError("a file of the key directory is there already; another run is at work on these keys")
    half = path.with_name(f".{path.name}{HALF}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    half.rename(path)
    _sync(path.parent)


def _shred(path: Path) -> None:
    """Overwrite a file, bring that to the disk, remove its name and bring that to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(os.fstat(descriptor).st_size))
        file.flush()
        os.fsync(descriptor)
    path.unlink()
    _sync(path.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
