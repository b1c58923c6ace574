"""What the kernel saw: a measurement under a system-call trace reads no byte of a content page and opens no object."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.reading.records.made import mixed, parquet

pytestmark = pytest.mark.server
CALLS = "openat,open,creat,read,pread64,readv,preadv,preadv2,mmap,sendfile,copy_file_range,splice,io_uring_setup,io_submit,close"
PROGRAM = "import sys; from tests.reading.records.made import measured; print(measured(sys.argv[1], kind=sys.argv[2]).records.num_rows)"
OPENED = re.compile(r'open(?:at)?\((?:[^,]*, )?"([^"]*)".* = (\d+)')


def trace(path: Path, kind: str, log: Path) -> list[str]:
    """Measure a store in a process of its own and return its system calls, of all its threads."""
    assert shutil.which("strace"), "missing: strace (apt-get install strace)"
    command = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(log), sys.executable, "-c", PROGRAM, str(path), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[3])
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    return log.read_text(errors="replace").splitlines()


def reads(calls: list[str], path: Path) -> list[tuple[int, int]]:
    """Return the ranges of a file that were read; any way of reading but pread of a file of the store is a failure."""
    found, handle = [], ""
    for call in (re.sub(r"^\d+\s+", "", each) for each in calls):
        if (opened := OPENED.search(call)) and opened[1] == str(path):
            handle = opened[2]
        elif handle and call.startswith(f"close({handle})"):
            handle = ""
        elif handle and (read := re.match(rf"(\w+)\({handle},.*, (\d+), (\d+)\)\s+= (\d+)", call)):
            assert read[1] == "pread64", call
            found.append((int(read[3]), int(read[3]) + int(read[4])))
        elif handle:
            assert not re.match(rf"\w+\({handle}\b|mmap\(.*, {handle}, \w+\)", call), call
    return found


@pytest.mark.parametrize("accounts", [mixed(3000), ["C1"] * 3000])
def test_no_read_lies_inside_a_content_page(accounts: list[str | None], tmp_path: Path) -> None:
    """CR-4 as the kernel saw it: footer and account column, whatever our own meter says."""
    path = parquet(tmp_path / "store/s.parquet", accounts)
    seen = reads(trace(tmp_path / "store", "parquet", tmp_path / "trace"), path)
    footer = pq.read_metadata(path)
    chunks = [footer.row_group(group).column(index) for group in range(footer.num_row_groups) for index in range(footer.num_columns)]
    content = [chunk for chunk in chunks if chunk.path_in_schema != "account_id"]
    assert (path.stat().st_size - 8, path.stat().st_size) in seen
    for chunk in content:
        begin = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
        assert not [each for each in seen if each[0] < begin + chunk.total_compressed_size and begin < each[1]]
    pages = [each for each in seen if each[0] < path.stat().st_size - 8 - footer.serialized_size]
    assert len(pages) == (footer.num_row_groups if None in accounts else 0)


def test_no_object_is_opened(tmp_path: Path) -> None:
    """A listing is all that counting attachments takes."""
    for name in ("C1/a.pdf", "C2/b.pdf"):
        (tmp_path / "store" / name).parent.mkdir(parents=True)
        (tmp_path / "store" / name).write_bytes(b"x")
    calls = trace(tmp_path / "store", "objects", tmp_path / "trace")
    named = [found[1] for call in calls if (found := OPENED.search(call)) and str(tmp_path / "store") in found[1]]
    assert sorted(named) == [str(tmp_path / "store"), str(tmp_path / "store/C1"), str(tmp_path / "store/C2")]
