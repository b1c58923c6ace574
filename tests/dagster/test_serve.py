"""The page: it answers on this machine only, and stops with all that it started."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from dagster_project.serving import STOP_S

LIMIT_S = 90


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def started_below(home: Path) -> list[int]:
    """Return the processes that were given this HOME."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if f"GLASSHOUSE_HOME={home}".encode() in environment:
            found.append(int(folder.name))
    return found


def page(port: int) -> str:
    """Return the page once it answers."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.5)
    raise TimeoutError


@pytest.mark.server
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_page_answers_and_stops_with_all_that_it_started(number: signal.Signals, tmp_path: Path) -> None:
    """A daemon that outlives its page keeps starting runs, and the next one refuses to work beside it."""
    home, port = tmp_path / "home", free_port()
    (tmp_path / "landing").mkdir()
    command = [sys.executable, "-m", "dagster_project.cli", "ui", "--home", str(home), "--landing", str(tmp_path / "landing"), "--port", str(port)]
    serving = subprocess.Popen(command, env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert page(port).startswith("<!DOCTYPE html>")
        assert len(started_below(home)) > 2
        serving.send_signal(number)
        assert serving.wait(1.5 * STOP_S) == 128 + number  # twice of it pass where all must be killed
        assert started_below(home) == []
    finally:
        for left in {*started_below(home), serving.pid} if serving.poll() is None else started_below(home):
            os.kill(left, signal.SIGKILL)
        serving.wait()
