"""What may be shown of an error that is not ours: its type and the place it came through, never its text."""

from pathlib import Path

import pytest

from dagster_project.errors import SettingsError, place_of
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
