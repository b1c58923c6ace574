"""The programs that read the same log, where they are installed: what each is called, and the command that runs it over a file."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

AWSTATS = Path("/usr/lib/cgi-bin/awstats.pl")  # where Debian's package puts it
AWSTATS_CONFIG = """\
LogFile="{log}"
LogType=W
LogFormat=1
SiteDomain="www.example.com"
HostAliases="localhost"
DirData="{folder}"
DNSLookup=0
"""


@dataclass(frozen=True)
class Peer:
    """A program and what it does with the log; a slow one is given only its first lines."""

    name: str
    does: str
    command: tuple[str, ...]
    is_slow: bool = False
    is_on_every: bool = False


def peers(log: Path, first_lines: Path, folder: Path) -> list[Peer]:
    """Return those that are installed; `folder` takes what they write."""
    return [*_goaccess(log, folder), *_awstats(first_lines, folder), *_chdb(log, folder)]


def _goaccess(log: Path, folder: Path) -> list[Peer]:
    if not shutil.which("goaccess"):
        return []
    version = subprocess.run(["goaccess", "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0].strip(". ")
    command = ("goaccess", str(log), "--log-format=COMBINED", "--no-progress", "-o", str(folder / "goaccess.json"))
    return [Peer(version, "reads, counts", command, is_on_every=True)]


def _awstats(log: Path, folder: Path) -> list[Peer]:
    if not AWSTATS.exists():
        return []
    (folder / "awstats.bench.conf").write_text(AWSTATS_CONFIG.format(log=log, folder=folder), encoding="utf-8")
    return [Peer("AWStats", "reads, counts", ("perl", str(AWSTATS), f"-configdir={folder}", "-config=bench", "-update"), is_slow=True)]


def _chdb(log: Path, folder: Path) -> list[Peer]:
    if not find_spec("chdb"):
        return []
    command = (sys.executable, "-m", "benchmarks.chdb_job", str(log), str(folder / "chdb.parquet"))
    return [Peer("chDB", "reads by a regular expression, hashes addresses, Parquet, hourly counts", command)]
