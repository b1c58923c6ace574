"""The files of one HOME's keys: wrapped, in a directory of their own that only their owner reads, and overwritten when a key is destroyed.

No environment in here: the key-encryption key is given.
"""

import os
import re
import secrets
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dagster_project.errors import KeyringError

PURPOSE = "visitor"
KEY_BYTES = 32
NONCE_BYTES = 12
KEK_NAME = "kek"
HALF = ".half"  # the end of the name of a file that is being written


class KeyDirectory:
    """Keys wrapped with AES-256-GCM; purpose, day and key id are bound into each."""

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


def _bound(day: date, key_id: str) -> bytes:
    return b"\x00".join(part.encode() for part in (PURPOSE, day.isoformat(), key_id))


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
