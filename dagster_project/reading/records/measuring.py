"""Measures a store of any kind; adding a kind is a module beside this one and a line here."""

from datetime import date

from dagster_project.errors import StoreError
from dagster_project.reading.records import objects, parquet, postgres
from dagster_project.reading.records.measured import HELD, Found, Measure, Measured, Memory, Touched, measurement
from dagster_project.settings import Store

KINDS: dict[str, Measure] = {"parquet": parquet.measure, "objects": objects.measure, "postgres": postgres.measure}


def measure(name: str, store: Store, day: date, memory: Memory) -> Measured:
    """Measure a store by its kind. One that cannot be measured at all is a StoreError in `faults`, and its one row says that nothing was counted."""
    try:
        return KINDS[store.kind](name, store, day, memory)
    except StoreError as fault:
        return measurement(name, store, day, Found(HELD.empty_table(), Touched(), (fault,)))
