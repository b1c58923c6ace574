"""What may be shown of an error that is not ours: its type and the place it came through, never its text."""

from pathlib import Path

import pytest

from dagster_project.errors import SettingsError, is_stop, place_of
from dagster_project.settings_file import load


@pytest.mark.parametrize(("given", "raised"), [(Path("/nowhere/glasshouse.toml"), SettingsError), ("jane", AttributeError)])
def test_the_last_step_of_ours_is_named(given: object, raised: type[Exception]) -> None:
    """Whoever gets a report of a fault looks there first, also where a library raised."""
    with pytest.raises(raised) as told:
        load(given)  # type: ignore[arg-type]
    assert place_of(told.value).startswith("settings_file.py:")


def test_an_error_that_passed_nothing_of_ours_has_no_place() -> None:
    """It is told as such instead of with somebody else's file."""
    assert place_of(None) == place_of(ValueError()) == ""


def test_what_stops_a_statement_is_no_fault() -> None:
    """DuckDB 1.5 makes an error of its own of Ctrl-C, and names it as the cause: told as a fault of ours, it would be reported."""
    interrupted = RuntimeError("Query interrupted")
    interrupted.__cause__ = KeyboardInterrupt()
    assert [is_stop(error) for error in (KeyboardInterrupt(), interrupted, RuntimeError(), ValueError(), None)] == [True, True, False, False, False]
