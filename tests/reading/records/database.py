"""The database of a test's cluster as its owner and its roles see it."""

import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adbc_driver_postgresql import dbapi

from tests.postgres.cluster import programs


@dataclass(frozen=True)
class Database:
    """A database that is reached by the socket in a folder."""

    folder: Path

    def uri(self, role: str) -> str:
        """Return the connection string of a role."""
        return f"postgresql:///postgres?host={self.folder}&user={role}"

    def run(self, script: str) -> None:
        """Run a script as the administrator would, up to the first error, which fails the test."""
        command = [str(programs() / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-f", "-", self.uri("postgres")]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def rows(self, sql: str, role: str = "postgres") -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with closing(dbapi.connect(self.uri(role))) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())
