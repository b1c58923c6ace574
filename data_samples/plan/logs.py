"""The log files of the week: ordinary and planted lines together, slightly out of order, each day in a file of its own."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from plan import mess, traffic
from plan.access import Access
from plan.lines import Line, Log
from plan.week import DAYS, at


def _filed(rng: Random, line: Line) -> datetime:
    """Return where a line stands in its file: planted lines at their time, others up to 3 s off, the late one days later."""
    if line.why == mess.LATE:
        return at(15, "06:00")
    return line.instant if line.why else line.instant + timedelta(seconds=3 * rng.random())


def _ordered(rng: Random, lines: Iterable[Line], day: int) -> tuple[Line, ...]:
    filed = [(_filed(rng, line), line) for line in lines]
    ordered = [line for instant, line in sorted(filed, key=lambda pair: pair[0]) if instant.day == day or not line.why]
    # What rotation cut stands at the very ends of its file, wherever the others fell.
    first, last = ([line for line in ordered if line.why == f"cut by rotation: the {part} of a line"] for part in ("end", "beginning"))
    return (*first, *(line for line in ordered if line not in (*first, *last)), *last)


def logs(rng: Random, accesses: Sequence[Access]) -> list[Log]:
    """Return every log: the website's plain, .bz2 and .xz, the portals' .gz (one with CRLF), the service's plain and .gz."""
    held = []
    for day in DAYS:
        suffix = {9: ".bz2", 10: ".xz"}.get(day, "")
        is_weekday = day < 14
        lines = [*traffic.website(rng, day, 1000 if is_weekday else 700), *mess.website()]
        held.append(Log(f"web_logs/access-2026-03-{day:02d}.log{suffix}", _ordered(rng, lines, day)))
        lines = [*traffic.portals(rng, day, 1450 if is_weekday else 500), *mess.portals()]
        held.append(Log(f"web_logs/portal/2026-03-{day:02d}.log.gz", _ordered(rng, lines, day), b"\r\n" if day == 12 else b"\n"))
        lines = [*traffic.service(rng, day, 900 if is_weekday else 350), *traffic.staff(rng, day, accesses), *mess.service()]
        held.append(Log(f"request_logs/2026-03-{day:02d}.jsonl{'.gz' if is_weekday else ''}", _ordered(rng, lines, day)))
    return sorted(held, key=lambda log: log.path)
