"""What a run is given from outside: places, the as-of and keys; the only reader of environment and clock. Keep out: Dagster, whose import takes longer than most commands."""

import base64
import binascii
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.engines.house import House, Watch, untold, unwatched
from dagster_project.errors import KeyringError, UsageError
from dagster_project.paths import as_text
from dagster_project.settings import Settings
from dagster_project.settings_file import kept, load

KEK_BYTES = 32
DAGSTER = "dagster"  # the folder of HOME in which Dagster keeps its runs
MEANT_OTHERWISE = frozenset("*?[\\%=")
REDACTION = {"DAGSTER_REDACT_USER_CODE_ERRORS": "1"}


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def open_house(  # noqa: PLR0913, PLR0917 (all that a run is given)
    home: Path,
    landing: Path | None = None,
    settings_path: Path | None = None,
    as_of: datetime | None = None,
    should_rebuild: bool = False,
    watch: Watch = unwatched,
    tell: Callable[[str], None] = untold,
    environment: Mapping[str, str] = os.environ,
) -> House:
    """Return the world of one run: without an as-of the present instant, without settings those beside LANDING.

    Raises UsageError for a place that is not there, SettingsError for impossible settings, KeyringError for a key that is none.
    """
    found, resolved = _there(landing).resolve() if landing else None, home.resolve()
    refuse_odd_path(resolved)
    chosen = settings_path or settings_beside(found)
    loaded = load(chosen) if chosen or found else kept(resolved)
    resolved.mkdir(parents=True, exist_ok=True)
    return House(
        home=resolved,
        landing=found,
        settings=loaded,
        settings_folder=chosen.resolve().parent if chosen else resolved,
        as_of=as_of or now(),
        key_directory=key_directory(resolved, loaded.keys.directory, environment),
        key_encryption_key=key_encryption_key(environment),
        should_rebuild=should_rebuild,
        watch=watch,
        tell=tell,
    )


def settings_beside(landing: Path | None) -> Path | None:
    """Return glasshouse.toml in LANDING's parent, else in LANDING itself; None where there is none."""
    folders = (landing.resolve().parent, landing.resolve()) if landing else ()
    return next((folder / "glasshouse.toml" for folder in folders if (folder / "glasshouse.toml").is_file()), None)


def settings_for(landing: Path, settings_path: Path | None) -> Settings:
    """Return the settings of a landing folder: those named, else those beside it, else the defaults. Raises as `open_house` does."""
    return load(settings_path or settings_beside(_there(landing)))


def _there(landing: Path) -> Path:
    if not landing.is_dir():
        raise UsageError("LANDING is no folder; name the folder that holds web_logs/, access_events/, grants/ and so on")
    return landing


def refuse_odd_path(home: Path) -> None:
    """Raise UsageError for a HOME whose path DuckDB takes for a pattern or for values of columns, or Dagster for an address of its store."""
    path = str(home.resolve())
    if MEANT_OTHERWISE & set(path) or as_text(path) != path:
        raise UsageError(f"the path of HOME holds one of {' '.join(sorted(MEANT_OTHERWISE))} or is no UTF-8; name a folder without")


def house_of_environment(environment: Mapping[str, str] = os.environ) -> House:
    """Return the world that GLASSHOUSE_HOME, GLASSHOUSE_LANDING and GLASSHOUSE_SETTINGS name, for schedules, sensors and the UI."""
    if not environment.get("GLASSHOUSE_HOME"):
        raise UsageError("set GLASSHOUSE_HOME, and GLASSHOUSE_LANDING to read something, before starting Dagster")
    named = {key: Path(environment[f"GLASSHOUSE_{key}"]) for key in ("HOME", "LANDING", "SETTINGS") if environment.get(f"GLASSHOUSE_{key}")}
    return open_house(named["HOME"], named.get("LANDING"), named.get("SETTINGS"), environment=environment)


def key_directory(home: Path, configured: str | None, environment: Mapping[str, str]) -> Path:
    """Return where day keys live: the configured folder, or one of HOME's own below the user's state folder."""
    if configured:
        return Path(configured).expanduser()
    state = environment.get("XDG_STATE_HOME") or "~/.local/state"
    name = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(state).expanduser() / "glasshouse" / "keys" / name


def key_encryption_key(environment: Mapping[str, str]) -> bytes | None:
    """Return the 32 bytes of GLASSHOUSE_KEK (hex or base64), or of the systemd credential glasshouse-kek; None where neither is given."""
    text = environment.get("GLASSHOUSE_KEK", "")
    credential = Path(environment.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / "glasshouse-kek"
    if not text and credential.is_file():
        text = credential.read_text(encoding="ascii", errors="replace")
    if not (text := text.strip()):
        return None
    for decode in (bytes.fromhex, lambda encoded: base64.b64decode(encoded, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEK_BYTES:
            return key
    raise KeyringError("GLASSHOUSE_KEK is not 32 bytes in hex or base64; make one with `openssl rand -hex 32`") from None


def dagster_environment(home: Path, landing: Path | None, settings_path: Path | None) -> dict[str, str]:
    """Return this process's environment with all that Dagster's own processes need to know; HOME holds their folder already."""
    given = {"HOME": home, "LANDING": landing, "SETTINGS": settings_path}
    places = {f"GLASSHOUSE_{name}": str(place.resolve()) if place else "" for name, place in given.items()}
    return {**os.environ, "DAGSTER_HOME": str(home.resolve() / DAGSTER), **places}


def environment_below(folder: Path) -> dict[str, str]:
    """Return this process's environment with every place below a folder, and without secrets or the HOME of this installation."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("GLASSHOUSE_", "DAGSTER_")) and name != "CREDENTIALS_DIRECTORY"}
    paths = os.pathsep.join(filter(None, [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH")]))
    places = {"HOME": folder / "user", "XDG_STATE_HOME": folder / "state", "TMPDIR": folder / "tmp"}
    return {**given, **{name: str(place) for name, place in places.items()}, "PYTHONPATH": paths}


@contextmanager
def redacted() -> Iterator[None]:
    """Keep what an exception says out of Dagster's store and logs while a run lasts: the text of an error can quote data."""
    logger = logging.getLogger("dagster.redacted_errors")
    logger.addFilter(_nothing)
    before = {name: os.environ.get(name) for name in REDACTION}
    os.environ.update(REDACTION)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _nothing(_record: logging.LogRecord) -> bool:
    """Let no record pass, whatever handlers a process has: Dagster logs here what it redacts elsewhere."""
    return False
