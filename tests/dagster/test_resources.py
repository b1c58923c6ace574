"""What a run is given from outside: places and keys, with their defaults and their refusals."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagster_project import history, resources
from dagster_project.errors import KeyringError, UsageError

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("configured", "environment", "expected"),
    [
        ("/keys/here", {"XDG_STATE_HOME": "/state"}, "/keys/here"),
        (None, {"XDG_STATE_HOME": "/state"}, "/state/glasshouse/keys/"),
        (None, {}, str(Path.home() / ".local/state/glasshouse/keys/")),
        (None, {"XDG_STATE_HOME": ""}, str(Path.home() / ".local/state/glasshouse/keys/")),
    ],
)
def test_day_keys_lie_outside_home(configured: str | None, environment: dict[str, str], expected: str, tmp_path: Path) -> None:
    """A backup of HOME must not carry the keys that would undo its pseudonyms (docs/operations.md#keys)."""
    found = resources.key_directory(tmp_path, configured, environment)
    assert str(found).startswith(expected)
    assert tmp_path not in found.parents


def test_each_home_has_keys_of_its_own(tmp_path: Path) -> None:
    """Two houses of one user must not seal each other's days."""
    assert resources.key_directory(tmp_path / "a", None, {}) != resources.key_directory(tmp_path / "b", None, {})


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode(), f" {KEY.hex()}\n"])
def test_a_key_is_read_in_hex_or_base64(text: str) -> None:
    """`openssl rand -hex 32` and `-base64 32` are what operators type."""
    assert resources.key_encryption_key({"GLASSHOUSE_KEK": text}) == KEY


def test_a_key_is_read_from_a_systemd_credential(tmp_path: Path) -> None:
    """A credential does not show in the process's environment."""
    (tmp_path / "glasshouse-kek").write_text(KEY.hex())
    assert resources.key_encryption_key({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == KEY
    assert resources.key_encryption_key({"CREDENTIALS_DIRECTORY": str(tmp_path / "none")}) is None
    assert resources.key_encryption_key({}) is None


@pytest.mark.parametrize("text", ["hunter2", KEY.hex()[:-2], base64.b64encode(KEY + b"x").decode(), "ü" * 32])
def test_a_key_that_is_none_stops_the_run_and_is_not_quoted(text: str) -> None:
    """A weak or cut key must not be padded in silence, nor appear in a message."""
    with pytest.raises(KeyringError) as caught:
        resources.key_encryption_key({"GLASSHOUSE_KEK": text})
    assert text not in str(caught.value)


def test_the_world_of_schedules_comes_from_the_environment(tmp_path: Path) -> None:
    """`dagster dev` has no command line of ours: the environment names the places, and settings lie beside LANDING."""
    landing = tmp_path / "in" / "landing"
    landing.mkdir(parents=True)
    (tmp_path / "in" / "glasshouse.toml").write_text("[keys]\nkeep_hours = 24\n")
    house = resources.house_of_environment({"GLASSHOUSE_HOME": str(tmp_path / "home"), "GLASSHOUSE_LANDING": str(landing)})
    assert (house.home, house.landing, house.settings.keys.keep_hours) == (tmp_path / "home", landing, 24)
    assert house.as_of.tzinfo is not None


@pytest.mark.parametrize("environment", [{}, {"GLASSHOUSE_HOME": ""}, {"GLASSHOUSE_LANDING": "/tmp"}])
def test_without_a_home_nothing_starts(environment: dict[str, str]) -> None:
    """A default HOME would put customers' tables where nobody expects them."""
    with pytest.raises(UsageError, match="GLASSHOUSE_HOME"):
        resources.house_of_environment(environment)


def test_a_page_without_a_landing_folder_reads_none(tmp_path: Path) -> None:
    """The sensor of a page that was opened to look would read whatever folder it were given into HOME, such as the sample's."""
    environment = resources.dagster_environment(tmp_path, None, None)
    assert (environment["GLASSHOUSE_LANDING"], environment["GLASSHOUSE_SETTINGS"]) == ("", "")
    assert resources.house_of_environment(environment).landing is None


def test_a_landing_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A misspelt path must not pass for an empty delivery, which would leave every promise unproven."""
    with pytest.raises(UsageError, match="LANDING is no folder"):
        resources.open_house(tmp_path / "home", tmp_path / "nothing", as_of=datetime(2026, 1, 1, tzinfo=UTC), environment={})


def test_the_held_event_log_reads_as_dagsters_own(tmp_path: Path) -> None:
    """The page reads with Dagster's own class what the command line wrote with ours."""
    import dagster as dg

    @dg.asset
    def made() -> dg.MaterializeResult:  # type: ignore[type-arg]
        return dg.MaterializeResult(metadata={"dagster/row_count": 3})

    with history.dagster_instance(tmp_path) as instance:
        ran = dg.materialize([made], instance=instance)
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as plain:
        assert plain.get_run_by_id(ran.run_id) is not None
        event = plain.get_latest_materialization_event(dg.AssetKey("made"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["dagster/row_count"].value == 3
