"""The day keys of the visitor tokens: random, one for each day, and destroyed on time. Who keeps none of them can re-create none.

No clock in here: instants are given.
"""

import hmac
import secrets
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa

from dagster_project.errors import KeyringError
from dagster_project.evidence.key_directory import KEY_BYTES, PURPOSE, KeyDirectory


@dataclass(frozen=True)
class KeyRow:
    """One row of ledger.keys."""

    key_id: str
    purpose: str
    day: date
    created_at: datetime
    destroy_after: datetime
    destroyed_at: datetime | None
    destroyed_by_run: str | None
    rows_tokenised: int
    kcv: str
    checked_at: datetime


class Keyring:
    """The keys of one run; `rows` are those of ledger.keys as the last run left them, `now` is the run's instant."""

    def __init__(self, directory: KeyDirectory, rows: pa.Table | None, now: datetime, keep_hours: int = 48, run_id: str = "") -> None:
        """Take up where the last run ended, a killed one too: its keys on file are adopted, those it had in memory only are gone."""
        self._directory = directory
        self._now = now
        self._run_id = run_id
        self._keep = timedelta(hours=keep_hours)
        known = [KeyRow(**row) for row in (rows.to_pylist() if rows is not None else [])]
        held = set(directory.held())
        self._rows = {row.key_id: self._gone(row) if self._died(row, held) else row for row in known}
        self._sealed = {row.day for row in self._rows.values() if row.destroyed_at is not None}
        self._alive = {row.day: row for row in self._rows.values() if row.destroyed_at is None}
        self._keys: dict[date, bytes] = {}
        for day, key_id in held - {(row.day, row.key_id) for row in self._alive.values()}:
            if day in self._sealed or day in self._alive:
                directory.destroy(day, key_id)
            else:
                self._put(self._row(day, key_id, directory.key(day, key_id)))

    def day_key(self, day: date) -> bytes | None:
        """Return the key of a UTC day, made on first use; None once the day is sealed.

        A day that is past its time when first asked for gets a key in memory only, to be destroyed with this run.
        """
        if day in self._sealed:
            return None
        if day not in self._keys:
            self._keys[day] = self._opened(self._alive[day]) if day in self._alive else self._made(day)
        return self._keys[day]

    def is_sealed(self, day: date) -> bool:
        """Tell whether the key of a day was destroyed."""
        return day in self._sealed

    def count(self, day: date, rows: int) -> None:
        """Add to the number of rows that hold a token of the day's key."""
        self._put(replace(self._alive[day], rows_tokenised=self._alive[day].rows_tokenised + rows))

    def due(self) -> list[date]:
        """Return the days whose key must be destroyed now: they are to be sealed before this run ends."""
        return sorted(day for day, row in self._alive.items() if row.destroy_after <= self._now)

    def destroy(self, day: date) -> None:
        """Destroy the key of a day for ever; the day is sealed from here on."""
        if (row := self._alive.pop(day, None)) is None:
            raise KeyringError(f"no living key for {day}: it was destroyed before, or never made")
        self._keys.pop(day, None)
        self._directory.destroy(day, row.key_id)
        self._rows[row.key_id] = self._gone(row)
        self._sealed.add(day)

    def rows(self) -> pa.Table:
        """Return ledger.keys, whole, by day, each looked after at this run's instant."""
        ordered = [replace(row, checked_at=self._now) for row in sorted(self._rows.values(), key=lambda row: (row.day, row.key_id))]
        return pa.table({field.name: [getattr(row, field.name) for row in ordered] for field in fields(KeyRow)})

    def _gone(self, row: KeyRow) -> KeyRow:
        return replace(row, destroyed_at=self._now, destroyed_by_run=self._run_id)

    def _died(self, row: KeyRow, held: set[tuple[date, str]]) -> bool:
        """Tell whether a key that counts as alive is gone: it was past its time, so in memory only or destroyed by a run that was killed."""
        return row.destroyed_at is None and row.destroy_after <= self._now and (row.day, row.key_id) not in held

    def _row(self, day: date, key_id: str, key: bytes) -> KeyRow:
        return KeyRow(key_id, PURPOSE, day, self._now, datetime.combine(day, time(), UTC) + self._keep, None, None, 0, _check_value(key), self._now)

    def _made(self, day: date) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        row = self._row(day, secrets.token_hex(8), key)
        if row.destroy_after > self._now:
            self._directory.keep(day, row.key_id, key)
        self._put(row)
        return key

    def _opened(self, row: KeyRow) -> bytes:
        key = self._directory.key(row.day, row.key_id)
        if not hmac.compare_digest(_check_value(key), row.kcv):
            raise KeyringError(f"the key of {row.day} is not the one the ledger of keys names")
        return key

    def _put(self, row: KeyRow) -> None:
        self._rows[row.key_id] = self._alive[row.day] = row


def _check_value(key: bytes) -> str:
    return hmac.digest(key, b"kcv", "sha256")[:4].hex()
