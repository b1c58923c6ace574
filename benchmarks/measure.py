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
    """Looks at the processes of a session every tenth of a second, and ends them at a limit. What a parent held before is not theirs.

    Mapped files are counted once, by the process that holds most of them. Only the kernel's counters are read: to walk the pages of a
    process every tenth of a second (`smaps_rollup`) took a sixth of its time.
    """

    def __init__(self, session: int, end_s: float) -> None:
        super().__init__(daemon=True)
        self.largest_mb = self.together_mb = 0.0
        self.is_over = False
        self._session, self._end_s = session, end_s

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.is_over:
            held = [_status_mb(pid) for pid in _members(self._session)]
            own = sum(each.get("RssAnon", 0) + each.get("RssShmem", 0) for each in held)
            files = max((each.get("RssFile", 0) for each in held), default=0)
            self.largest_mb = max([self.largest_mb, *(each.get("VmHWM", 0) for each in held)])
            self.together_mb = max(self.together_mb, own + files)
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


def _status_mb(pid: int) -> dict[str, float]:
    """Return what the kernel counts of a process's memory, in MB by name; nothing once it has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        return {name: int(told.split()[0]) / 1024 for name, _, told in (line.partition(":") for line in lines) if told.endswith(" kB")}
    return {}
