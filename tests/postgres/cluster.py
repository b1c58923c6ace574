"""A PostgreSQL with pgAudit of one's own: another user than root, a socket and no port, gone when the tests are."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = "%m [%p] %c %q%u@%d %a "
FORMS = {"stderr": "pg.log", "csvlog": "pg.csv", "jsonlog": "pg.json"}
LONGEST_S = 60
_CONFIGURATION = f"""
listen_addresses = ''
fsync = off
shared_preload_libraries = 'pgaudit'
logging_collector = on
log_destination = 'stderr,csvlog,jsonlog'
log_filename = 'pg.log'
log_line_prefix = '{PREFIX}'
log_timezone = 'UTC'
log_connections = on
log_disconnections = on
pgaudit.log = 'all'
pgaudit.log_parameter = on
pgaudit.log_relation = on
"""


def programs() -> Path:
    """Return the folder of the newest PostgreSQL that has pgAudit."""
    found = [path.parent.parent / "bin" for path in Path("/usr/lib/postgresql").glob("*/lib/pgaudit.so")]
    assert found, "missing: PostgreSQL with pgAudit (apt-get install postgresql-15 postgresql-15-pgaudit)"
    return max(found, key=lambda path: int(path.parent.name))


@dataclass(frozen=True)
class Cluster:
    """A server that runs."""

    folder: Path

    def run(self, statements: str, options: Mapping[str, str] | None = None, user: str = "postgres", application: str = "console", program: str = "psql") -> str:
        """Run statements in one session, with settings of its own, also behind those that fail; return what came back."""
        given = {"PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in (options or {}).items()), "PGAPPNAME": application}
        command = [program, "-h", str(self.folder), "-U", user, "-d", "postgres"] + (["-X", "-q", "-A", "-t", "-f", "-"] if program == "psql" else [])
        done = _as_other([str(programs() / command[0]), *command[1:]], given, input=statements, capture_output=True, text=True, timeout=LONGEST_S)
        return done.stdout + done.stderr

    def logged(self, statements: str, options: Mapping[str, str] | None = None, user: str = "postgres", application: str = "console", program: str = "psql") -> dict[str, bytes]:
        """Run statements and return what was logged meanwhile, in each form."""
        begin, end = (f"the {side} of {time.monotonic_ns()}" for side in ("begin", "end"))
        self._mark(begin)
        self.run(statements, options, user, application, program)
        self._mark(end)
        return {form: self._between(name, begin.encode(), end.encode()) for form, name in FORMS.items()}

    def _mark(self, mark: str) -> None:
        self.run(f"do $$begin raise log '{mark}'; end$$", {"pgaudit.log": "none"})

    def _between(self, name: str, begin: bytes, end: bytes) -> bytes:
        """Return the whole lines between two marks: what ran before the first may be written as late as its own."""
        until = time.monotonic() + LONGEST_S
        while end not in (body := self._log(name).read_bytes()):
            assert time.monotonic() < until, f"{name}: the log does not go on"
            time.sleep(0.02)
        whole = body[: body.index(end)]
        return whole[whole.index(b"\n", whole.rindex(begin)) + 1 : whole.rindex(b"\n") + 1]

    def _log(self, name: str) -> Path:
        return self.folder / "server" / "log" / name


def _as_other(command: list[str], environment: Mapping[str, str] | None = None, **given: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=_environment(environment), check=False, **_other(), **given)  # type: ignore[call-overload, no-any-return]


def _other() -> dict[str, object]:
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {"cwd": "/"}


def _environment(given: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **(given or {})}


@contextmanager
def running(more: str = "") -> Iterator[Cluster]:
    """Give a server with a fresh cluster, `more` behind its configuration."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = None
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "server"
        made = _as_other(
            [str(programs() / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"], capture_output=True, text=True, timeout=LONGEST_S
        )
        assert made.returncode == 0, made.stderr
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"{_CONFIGURATION}unix_socket_directories = '{folder}'\n{more}")
        server = subprocess.Popen(  # type: ignore[call-overload]
            [str(programs() / "postgres"), "-D", str(data)], env=_environment(None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_other()
        )
        _await(folder, server)
        yield Cluster(folder)
    finally:
        if server is not None:
            _stop(server)
        shutil.rmtree(folder, ignore_errors=True)


def _await(folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LONGEST_S
    while _as_other([str(programs() / "pg_isready"), "-q", "-h", str(folder)], timeout=LONGEST_S).returncode:
        assert server.poll() is None, "the server did not start"
        assert time.monotonic() < until, "the server does not answer"
        time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(2)  # fast shutdown
    try:
        server.wait(LONGEST_S)
    except subprocess.TimeoutExpired:
        server.kill()
        with suppress(subprocess.TimeoutExpired):
            server.wait(LONGEST_S)
