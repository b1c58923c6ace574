"""Shows Dagster's page, with its daemon beside it, and stops both."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from dagster_project.errors import UsageError
from dagster_project.history import dagster_instance, end_lost_runs
from dagster_project.resources import dagster_environment

STOP_S = 10
LISTENING_S = 0.2


def serve(home: Path, landing: Path | None, settings: Path | None, port: int) -> int:
    """Show Dagster's page on 127.0.0.1 until it is stopped, with sensors and schedules at work; return its exit status.

    Raises UsageError where the extra that holds the page is not installed.
    """
    if find_spec("dagster_webserver") is None:
        raise UsageError("the page is not installed; install glasshouse[ui]")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1", "-p", str(port)]
    with dagster_instance(home) as instance:
        end_lost_runs(instance, home)
    process = subprocess.Popen(command, env=dagster_environment(home, landing, settings), start_new_session=True)  # noqa: S603 (our own words)
    stopped_by: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: stopped_by.append(received))
    while process.poll() is None and not stopped_by:  # who waits in a handler for what the main thread waits for waits for ever
        time.sleep(LISTENING_S)
    if stopped_by:
        _stop(process)
        return 128 + stopped_by[0]
    return process.returncode


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop Dagster and all that it started: its page and its daemon outlive it otherwise, and a second daemon refuses to work beside them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
