"""Tells whether the files of a report are those its manifest names."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from dagster_project.errors import UsageError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Verified:
    """What a pack holds against its manifest: names of files, sorted."""

    intact: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def is_intact(self) -> bool:
        """Tell whether every file is there, unchanged, and no other."""
        return not (self.changed or self.missing or self.foreign)


def verify(pack: Path) -> Verified:
    """Compare a report folder with its manifest.json; a folder inside it that has a manifest of its own is a pack of its own.

    Raises UsageError where there is no manifest. One that cannot be read counts as changed.
    """
    if not (pack / MANIFEST).is_file():
        raise UsageError("PACK holds no manifest.json; name the folder of a report, HOME/reports/<month>")
    held = {path.relative_to(pack).as_posix(): path for path in _files(pack)}
    named = _named(held.pop(MANIFEST))
    if named is None:
        return Verified((), (MANIFEST,), (), tuple(sorted(held)))
    same = {name for name, path in held.items() if named.get(name) == hashlib.sha256(path.read_bytes()).hexdigest()}
    return Verified(
        intact=tuple(sorted(same)),
        changed=tuple(sorted(held.keys() & named.keys() - same)),
        missing=tuple(sorted(named.keys() - held.keys())),
        foreign=tuple(sorted(held.keys() - named.keys())),
    )


def _files(pack: Path) -> list[Path]:
    """Return the files of a folder and of those below it that are no packs of their own; links are not followed out of it."""
    found = []
    for path in sorted(pack.iterdir()):
        if path.is_dir() and not path.is_symlink():
            found += [] if (path / MANIFEST).is_file() else _files(path)
        else:
            found.append(path)
    return found


def _named(manifest: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file that a manifest names; None where it is no manifest of a report."""
    try:
        read = json.loads(manifest.read_bytes())
    except (ValueError, OSError):
        return None
    outputs = read.get("outputs") if isinstance(read, dict) else None
    if not isinstance(outputs, dict) or not outputs or not all(isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) for digest in outputs.values()):
        return None
    return outputs
