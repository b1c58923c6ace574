"""Which names are time zones."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> frozenset[str]:
    """Return the names of the IANA zones; `localtime` is the machine's own and `Factory` that of one not set up, and no declarations."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def is_zone(name: str) -> bool:
    """Tell whether a name is one of them."""
    return name in zones()
