"""Which unknown columns are told by name: those of the words that columns have, and nobody's."""

import pytest

from dagster_project.reading.field_words import is_field_name


@pytest.mark.parametrize("name", ["comment", "Valid To", "created_at", "lastLogin2", "extra", "ticket_url", "requestIDs", "x", "geo.country"])
def test_a_name_of_usual_words_is_told(name: str) -> None:
    """Whoever delivers a column too much, or one under another name, wants to know which."""
    assert is_field_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Jane Doeringer", "jane-doeringer", "jane_doeringer", "JaneDoeringer", "doeringer", "DOERINGER", "Doeringer, Jane", "jane@example.com", "J. Doeringer", "Li Wu", "Äne",
        "name of Doeringer", "203.0.113.7", "4111111111111111", "iPhone-von-Jane", "", "created_at_доерингер", "x" * 61, "C01X00T47", "d_49_17_13",
    ],
)  # fmt: skip
def test_a_name_of_other_words_may_be_a_persons(name: str) -> None:
    """A sheet with a column for each employee, JSON with a key for each user: what is no field's name is data."""
    assert not is_field_name(name)
