"""Every error that Glasshouse raises on purpose; each names the place and the rule, and none quotes data.

GlasshouseError          exit status 4: a fault of ours, unless a subclass says otherwise
├── UsageError           2: the command line or the places it names are wrong
├── SettingsError        2: glasshouse.toml, with key and line
├── InputError           3: an input of the landing folder is refused; the rest is done
│   ├── FormatError         no reader knows the file
│   ├── DamagedError        the file ends early or does not decompress
│   ├── ColumnError         a required column is missing or of another type
│   └── StoreError          a record store cannot be measured
├── KeyringError         4: the key directory is unsafe, or a key is gone
├── SealedError          4: what was asked for needs tokens that were destroyed
└── CheckError           4: a check of ours failed; the counts say which
"""

import errno
import re
from pathlib import Path

_DISK_OF_SQLITE = re.compile("disk is full|disk I/O error|unable to open database file")
DISK = "a disk is full or cannot be read; make room where HOME and the folder for temporary files lie, and run again"


class GlasshouseError(Exception):
    """Something Glasshouse found wrong, in words fit for a console; `exit_status` is what the command line returns."""

    exit_status = 4


class UsageError(GlasshouseError):
    """The command line, or a place it names, is wrong."""

    exit_status = 2


class SettingsError(GlasshouseError):
    """A key of glasshouse.toml is unknown, of the wrong type or impossible."""

    exit_status = 2


class InputError(GlasshouseError):
    """An input is refused: `place` names it, `code` says why in one word, the message says what to do next."""

    exit_status = 3

    def __init__(self, place: str, rule: str, code: str = "refused") -> None:
        super().__init__(f"{place}: {rule}")
        self.place = place
        self.rule = rule
        self.code = code


class FormatError(InputError):
    """No reader knows the file."""


class DamagedError(InputError):
    """The file ends early or does not decompress."""


class ColumnError(InputError):
    """A required column is missing or of another type."""


class StoreError(InputError):
    """A record store cannot be measured."""


class KeyringError(GlasshouseError):
    """The key directory is unsafe, or a key that is needed is gone."""


class SealedError(GlasshouseError):
    """What was asked for needs tokens that were destroyed when the day was sealed."""


class CheckError(GlasshouseError):
    """A check of ours failed."""


def is_stop(error: BaseException | None) -> bool:
    """Tell whether somebody stopped the work: Ctrl-C, of which Dagster makes an exception of its own, and DuckDB a RuntimeError that it caused."""
    if type(error) is RuntimeError:
        return is_stop(error.__cause__)
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ == "DagsterExecutionInterruptedError"


def full_disk(error: BaseException | None) -> GlasshouseError | None:
    """Return what to say of an error that some library of ours made of a disk without room; null where something else is wrong."""
    while error is not None:
        if (isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}) or _DISK_OF_SQLITE.search(str(error)):
            return GlasshouseError(DISK)
        error = error.__cause__ or error.__context__
    return None


def place_of(error: BaseException | None) -> str:
    """Return file and line of the last step of ours that an error came through, `lake.py:80`; empty where there is none.

    All that may be shown of an error that is not ours, whose text can quote data.
    """
    place, frame = "", error.__traceback__ if error else None
    while frame is not None:
        file = Path(frame.tb_frame.f_code.co_filename)
        place = f"{file.name}:{frame.tb_lineno}" if "dagster_project" in file.parts else place
        frame = frame.tb_next
    return place
