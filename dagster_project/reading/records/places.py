"""The files of a store, in a folder or in a bucket: listed with their sizes, opened only when somebody asks for bytes."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
from pyarrow import fs

from dagster_project.errors import StoreError
from dagster_project.paths import as_text
from dagster_project.settings import Store

S3 = "s3://"
_CONNECT_S, _ANSWER_S, _ATTEMPTS = 10, 60, 3


class Opened(Protocol):
    """A file that gives the bytes it is asked for, and reads no others."""

    def read_at(self, length: int, offset: int) -> bytes:
        """Return bytes from an offset, fewer where the file ends."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@dataclass(frozen=True)
class Listed:
    """A file as its listing tells it: folders below the store and name, size, and an identity that changes when the file does."""

    folders: tuple[str, ...]
    name: str
    bytes: int
    identity: str
    open: Callable[[], Opened]


class _Local:
    """A file on this machine, read without a buffer."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read_at(self, length: int, offset: int) -> bytes:
        parts = []
        while length and (part := os.pread(self._file, length, offset)):
            parts.append(part)
            length, offset = length - len(part), offset + len(part)
        return b"".join(parts)

    def close(self) -> None:
        os.close(self._file)


def listed(name: str, store: Store) -> Iterator[Listed | StoreError]:
    """Yield every file of a store, by path; a folder that cannot be listed is a StoreError in its place.

    Raises StoreError where the whole place is missing or does not answer.
    """
    return _in_bucket(name, store) if store.path.startswith(S3) else _in_folder(name, Path(store.path))


def _in_folder(name: str, path: Path) -> Iterator[Listed | StoreError]:
    if path.is_dir():
        yield from _below(name, str(path), ())
    elif path.is_file():
        yield _entry(str(path), (), path.name, path.stat())
    else:
        raise StoreError(name, f"its folder or file is not there; correct path in [stores.{name}], or deliver it", "missing")


def _below(name: str, folder: str, folders: tuple[str, ...]) -> Iterator[Listed | StoreError]:
    """Yield what lies below a folder; links are not followed, they lead to what another store may hold."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(name, entry.path, (*folders, entry.name))
            elif entry.is_file(follow_symlinks=False):
                yield _entry(entry.path, folders, entry.name, entry.stat(follow_symlinks=False))
    except OSError:
        yield StoreError(name, "a folder of it cannot be listed; let the user who runs this read it", "unreadable")


def _entry(path: str, folders: tuple[str, ...], name: str, found: os.stat_result) -> Listed:
    identity = _identity(*folders, name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return Listed(tuple(map(as_text, folders)), as_text(name), found.st_size, identity, lambda: _Local(path))


def _in_bucket(name: str, store: Store) -> Iterator[Listed | StoreError]:
    base = store.path.removeprefix(S3).strip("/")
    try:
        bucket = _bucket(store)
        found = bucket.get_file_info(base)
        if found.type == fs.FileType.NotFound:
            raise StoreError(name, f"its bucket or prefix is not there; correct path in [stores.{name}]", "missing")
        infos = [found] if found.type == fs.FileType.File else bucket.get_file_info(fs.FileSelector(base, recursive=True))
    except (pa.ArrowException, OSError, ValueError):
        raise StoreError(name, f"its bucket does not answer, or refuses; see [stores.{name}] and the credentials of whoever runs this", "unreachable") from None
    for info in sorted(infos, key=lambda each: each.path):
        if info.type == fs.FileType.File:
            *folders, last = info.path.removeprefix(base).strip("/").split("/") if info.path != base else [info.base_name]
            identity = _identity(info.path, info.size, info.mtime_ns)
            yield Listed(tuple(folders), last, info.size, identity, _opener(bucket, info.path))


def _opener(bucket: fs.S3FileSystem, path: str) -> Callable[[], Opened]:
    return lambda: bucket.open_input_file(path)


def _bucket(store: Store) -> fs.S3FileSystem:
    """Return the file system of a bucket; credentials come from where Amazon's tools look for them."""
    scheme, _, host = (store.endpoint or "").rpartition("://")
    return fs.S3FileSystem(
        endpoint_override=host or None,
        scheme=scheme or "https",
        region=store.region,
        connect_timeout=_CONNECT_S,
        request_timeout=_ANSWER_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


def _identity(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def is_hidden(file: Listed) -> bool:
    """Tell whether a file is one that writers keep for themselves: unfinished, or a mark of theirs."""
    return any(part.startswith((".", "_")) for part in (*file.folders, file.name))
