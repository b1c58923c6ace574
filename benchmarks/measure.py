"""Runs a command and tells how long it took and how much memory it and its children held."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds, and the largest resident set of any one process, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def cost(command: Sequence[str], environment: Mapping[str, str] | None = None, limit_s: float = 900) -> Cost:
    """Run a command with its output thrown away; raises CalledProcessError where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
    try:
        _, errors = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    wall = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0], stderr=errors)
    used = _used()
    return Cost(wall, used[0], used[1])


_before = [0.0]


def _used() -> tuple[float, float]:
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = children.ru_utime + children.ru_stime
    of_this, _before[0] = spent - _before[0], spent
    return of_this, children.ru_maxrss / 1024
