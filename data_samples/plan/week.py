"""The week of the sample: instants in UTC, and the as-of at which it is judged."""

from datetime import UTC, datetime, timedelta

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = range(9, 16)  # 9 to 15 March 2026, Monday to Sunday
TICK = timedelta(microseconds=1)


def at(day: int, clock: str = "00:00") -> datetime:
    """Return an instant of March 2026, `clock` as HH:MM, HH:MM:SS or HH:MM:SS.ffffff."""
    return on(f"2026-03-{day:02d}", clock)


def on(date: str, clock: str = "00:00") -> datetime:
    """Return an instant of any date."""
    return datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=UTC)


def iso(instant: datetime) -> str:
    """Return ISO 8601 with a Z, microseconds only where there are any."""
    return instant.isoformat().replace("+00:00", "Z")
