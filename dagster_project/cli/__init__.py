"""`glasshouse …`: every job without a browser; exit status 0 done, 1 findings, 2 usage, 3 an input refused, 4 a fault of ours."""

import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Literal, get_args, get_origin

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, RepeatArgumentError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError

from dagster_project.cli import asking, daily, upkeep  # noqa: F401 (they register their commands)
from dagster_project.cli.common import app, complain
from dagster_project.errors import GlasshouseError, UsageError, full_disk, is_stop, place_of

INTERRUPTED = 130  # what shells expect of a command that Ctrl-C stopped


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its status; an error is one sentence on stderr."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # a service can be started without
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (it stays open)
    sys.meta_path.insert(0, _WithoutPandas())
    status = status_of(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the answer has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


class _WithoutPandas(MetaPathFinder):
    """Says that pandas is not there: Arrow imports it wherever it is, which takes half a second and 30 MB, and only the process that judges suites (expect.py) uses it."""

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> None:
        """Find nothing; raises ModuleNotFoundError for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def status_of(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        return app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or 0
    except CycloptsError as error:
        complain(f"{_usage(error)}; `glasshouse --help` and `glasshouse COMMAND --help` show how")
        return UsageError.exit_status
    except GlasshouseError as error:
        complain(str(error))
        return error.exit_status
    except BaseException as error:  # noqa: BLE001 (the text of a library's error can quote data)
        if isinstance(error, BrokenPipeError) or (isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)):  # so rich tells it
            return 0
        if is_stop(error):
            complain("stopped; what was finished stays, run again to go on")
            return INTERRUPTED
        told = full_disk(error) or f"a fault of ours: {type(error).__name__} at {place_of(error) or 'no place of ours'}; please report it"
        complain(str(told))
        return GlasshouseError.exit_status


def _usage(error: CycloptsError) -> str:
    """Return what is wrong with the words of a command, and never the words: a customer, a person or a whole question may be among them."""
    name = error.argument.name if error.argument else "the command"
    match error:
        case UnknownCommandError():
            said = f"Unknown command; there are {', '.join(sorted(word for word in app if not word.startswith('-')))}"
        case UnknownOptionError():
            said = "Unknown option"
        case UnusedCliTokensError():
            said = "More arguments than the command takes, or an unknown option; a text with blanks stands in quotes"
        case MissingArgumentError():
            said = f"{name} requires an argument"
        case RepeatArgumentError():
            said = f"{error.token.keyword} is given more than once"
        case CoercionError() if get_origin(error.target_type) is Literal:
            said = f"Invalid value for {name}; choose from {', '.join(get_args(error.target_type))}"
        case _:
            said = f"Invalid value for {name}"
    return said
