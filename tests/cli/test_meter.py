"""`glasshouse meter init-postgres`: the SQL that whoever owns a table is to read and run."""

import json
from pathlib import Path

import pytest

from dagster_project.cli import status_of
from dagster_project.reading.records.postgres_setup import setup_sql
from dagster_project.settings_file import load

SETTINGS = '[stores.notes]\nkind = "postgres"\nconnection = "service=meter"\ntable = "crm.notes"\nrecord_class = "note"\n'


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Give settings that declare a table."""
    path = tmp_path / "glasshouse.toml"
    path.write_text(SETTINGS + 'content_columns = ["body"]\n')
    return path


def test_the_sql_is_printed_as_it_can_be_run(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is piped into psql must be SQL and nothing else; the tests of PostgreSQL run what `setup_sql` gives."""
    sql = setup_sql("notes", load(settings).stores["notes"], "counting")
    command = ["meter", "init-postgres", "notes", "--settings", str(settings), "--role", "counting"]
    assert status_of(command) == 0
    assert capsys.readouterr().out == sql
    assert status_of([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"store": "notes", "role": "counting", "sql": sql}


def test_what_is_missing_is_named(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a setup would be worse than none."""
    assert status_of(["meter", "init-postgres", "crm", "--settings", str(settings)]) == 2
    assert "the settings have no [stores.<name>] of that name" in capsys.readouterr().err
    settings.write_text(SETTINGS)
    assert status_of(["meter", "init-postgres", "notes", "--settings", str(settings)]) == 2
    assert "names no content_columns" in capsys.readouterr().err
