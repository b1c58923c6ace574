"""What the commands share: the application, its options, opening a HOME, and printing an answer."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from cyclopts import App, Parameter

from dagster_project import __version__
from dagster_project.engines.house import House
from dagster_project.errors import UsageError
from dagster_project.publishing.exports import visible, written

DEMO_AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
Severity = Literal["low", "medium", "high", "critical"]
HomeOption = Annotated[Path, Parameter(help="Folder that Glasshouse keeps: lake, warehouse, reports.")]
SettingsOption = Annotated[Path | None, Parameter(name="--settings", help="Settings file; by default glasshouse.toml beside LANDING.")]
AsOfOption = Annotated[str | None, Parameter(name="--as-of", help="Instant beyond which nothing is known, ISO 8601 with a zone; by default now.")]
JsonOption = Annotated[bool, Parameter(name="--json", negative=(), help="Print one object on stdout, for machines.")]
LandingArgument = Annotated[Path, Parameter(help="Folder with what the vendor delivers: web_logs/, access_events/, grants/ and so on.")]

app = App(
    name="glasshouse",
    version=__version__,
    help="Proves, from logs and ledgers, that a software vendor keeps the promises of its privacy policy.\n\n"
    "Begin with `glasshouse demo`, then `glasshouse run LANDING --home HOME`.\n\n"
    "Exit status: 0 done · 1 findings at or above `--fail-on`, or something found by `prove` or `verify` · 2 wrong usage or settings · "
    "3 an input was refused, everything else was done · 4 a fault of ours, a failed check among them · 130 stopped by Ctrl-C.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,
)


def house_of(home: Path, as_of: str | None = None) -> House:
    """Open a HOME that a run has filled."""
    if not (home / "lake").is_dir():
        raise UsageError("HOME holds no lake yet; `glasshouse run LANDING --home HOME` makes one")
    return opened(home, None, None, as_of)


def opened(home: Path, landing: Path | None, settings: Path | None, as_of: str | None) -> House:
    """Open a HOME, made where it is missing, with the keys that the environment names."""
    from dagster_project import resources

    refuse_unusable(home)
    return resources.open_house(home, landing, settings, instant(as_of), tell=warn)


def refuse_unusable(home: Path) -> None:
    """Raise UsageError where HOME has an odd path, or cannot be made or written."""
    from dagster_project import resources

    resources.refuse_odd_path(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".probe-", dir=home):
            pass
    except OSError:
        raise UsageError("HOME cannot be written; name a folder that belongs to the user who runs this") from None


def instant(text: str | None) -> datetime | None:
    """Return the instant of --as-of in UTC. Raises UsageError where it is none."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("--as-of is no instant; write it as 2026-04-01T00:00:00Z") from None
    if at.tzinfo is None:
        raise UsageError("--as-of has no zone; write it as 2026-04-01T00:00:00Z")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise UsageError("--as-of is out of range; write it as 2026-04-01T00:00:00Z") from None


def tell(told: object, as_json: bool, lines: list[str]) -> None:
    """Print one object for machines, or lines for people."""
    shown = json.dumps(told, default=written) if as_json else "\n".join(visible(part) for line in lines for part in line.split("\n"))
    sys.stdout.write(shown + "\n")


def warn(sentence: str) -> None:
    """Print what somebody should know of a command that goes on all the same, on stderr."""
    sys.stderr.write(f"warning: {visible(sentence)}\n")


def complain(sentence: str) -> None:
    """Print what went wrong on stderr, with nothing in it that a terminal would obey."""
    for line in sentence.splitlines():
        sys.stderr.write(f"glasshouse: {visible(line)}\n")
