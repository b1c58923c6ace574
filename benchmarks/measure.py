"""Runs a command and tells how long it took and how much memory it and its children held."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.1


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds; the largest resident set of any one process, and of all of them together, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    together_mb: float


def cost(command: Sequence[str], environment: Mapping[str, str] | None = None, limit_s: float = 900) -> Cost:
    """Run a command with its output thrown away; raises CalledProcessError where it fails, TimeoutExpired where it takes too long."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})}, start_new_session=True
    )
    sampled = _Sampled(process.pid, started + limit_s)
    sampled.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    sampled.is_over = True
    sampled.join()
    if wall >= limit_s:
        raise subprocess.TimeoutExpired(command[0], limit_s)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0])
    return Cost(wall, used.ru_utime + used.ru_stime, sampled.largest_mb, sampled.together_mb)


class _Sampled(threading.Thread):
    """Looks at the processes of a session every tenth of a second, and ends them at a limit. What a parent held before is not theirs."""

    def __init__(self, session: int, end_s: float) -> None:
        super().__init__(daemon=True)
        self.largest_mb = self.together_mb = 0.0
        self.is_over = False
        self._session, self._end_s = session, end_s

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.is_over:
            members = _members(self._session)
            self.largest_mb = max([self.largest_mb, *(_told_mb(pid, "status", "VmHWM:") for pid in members)])
            self.together_mb = max(self.together_mb, sum(_told_mb(pid, "smaps_rollup", "Pss:") for pid in members))
            if time.perf_counter() > self._end_s:
                with suppress(ProcessLookupError):
                    os.killpg(self._session, signal.SIGKILL)
                return
            time.sleep(SAMPLE_S)


def _members(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ProcessLookupError):
            if os.getsid(int(folder.name)) == session:
                found.append(int(folder.name))
    return found


def _told_mb(pid: int, file: str, name: str) -> float:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii", errors="replace").splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
    return 0.0
