"""Settings in files: glasshouse.toml, with the line of whatever is wrong in it, and what a run keeps of them in HOME."""

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from dagster_project.errors import SettingsError
from dagster_project.paths import replacing
from dagster_project.settings import Settings

KEPT = "settings.json"


def load(path: Path | None) -> Settings:
    """Read a settings file; None gives the defaults.

    Raises SettingsError with key and line for an unknown key, a wrong type or an impossible value.
    """
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path.name}: cannot be read as UTF-8 text; name another file with --settings") from None
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: not TOML {_where(str(error))}") from None
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise SettingsError("\n".join(_complaint(path.name, text, fault["loc"], fault["type"], fault["msg"]) for fault in faults)) from None


def keep(settings: Settings, home: Path) -> None:
    """Write the settings of a run into HOME, where later commands find them."""
    with replacing(home / KEPT) as beside:
        beside.write_text(settings.model_dump_json(indent=2), encoding="utf-8")


def kept(home: Path) -> Settings:
    """Return the settings that the last run kept in HOME; the defaults where there was none.

    Raises SettingsError for a file that is damaged, or of a version that has other keys.
    """
    path = home / KEPT
    try:
        return Settings.model_validate_json(path.read_bytes()) if path.exists() else Settings()
    except (OSError, ValidationError):
        raise SettingsError(f"HOME/{KEPT} cannot be read; run with LANDING once more") from None


def _where(message: str) -> str:
    """Keep of TOML's message only the place: the rest may quote the file."""
    found = re.search(r"\(at [^)]*\)", message)
    return found.group(0) if found else ""


def _complaint(name: str, text: str, loc: tuple[int | str, ...], kind: str, message: str) -> str:
    keys = [str(part) for part in loc if str(part) not in {"by_name", "default"} and not str(part).startswith(("function-", "literal[", "tuple["))]
    rules = {"extra_forbidden": "unknown key; docs/settings.md lists them all", "model_type": "write a table of keys"}
    rule = rules.get(kind, message.removeprefix("Value error, ").replace("valid tuple", "valid list"))
    return f"{name}:{_line_of(text, keys)}: {'.'.join(keys)}: {rule}"


def _line_of(text: str, keys: list[str]) -> int:
    """Return the line of a dotted key, or of the table that should hold it."""
    table: list[str] = []
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]", line):
            table = _parts(header.group(1))
            here = table
        elif assigned := re.match(r"\s*([^=#]+?)\s*=", line):
            here = table + _parts(assigned.group(1))
        else:
            continue
        common = len(here) if keys[: len(here)] == here else 0
        if common > depth:
            best, depth = number, common
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', dotted)]
