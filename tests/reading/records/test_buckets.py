"""Stores in a bucket, on a server of moto's that speaks S3 over loopback, as a process of its own."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.reading.records.made import counts, measured, meter, mixed, parquet, spoil_content

pytestmark = pytest.mark.server
STARTED = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server with a bucket `crm`."""
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("wb") as out, subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stdout=out, stderr=out) as server:
        try:
            for _ in range(600):
                if started := STARTED.search(log.read_text()):
                    break
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
            assert started, "the server did not start"
            yield started[1]
        finally:
            server.terminate()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the credentials that Amazon's library looks for."""
    for name, value in (("AWS_ACCESS_KEY_ID", "invented"), ("AWS_SECRET_ACCESS_KEY", "invented"), ("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)


@pytest.fixture
def put(endpoint: str) -> "Iterator[Bucket]":
    """Give a bucket that is empty at the end."""
    bucket = Bucket(endpoint)
    yield bucket
    bucket.system.delete_dir_contents("crm")


class Bucket:
    """A bucket as whoever fills it sees it."""

    def __init__(self, endpoint: str) -> None:
        self.keys = {"endpoint": endpoint, "region": "us-east-1"}
        scheme, _, host = endpoint.partition("://")
        self.system = fs.S3FileSystem(endpoint_override=host, scheme=scheme, region="us-east-1", allow_bucket_creation=True, access_key="invented", secret_key="invented")
        self.system.create_dir("crm", recursive=False)

    def __call__(self, name: str, body: bytes) -> None:
        """Put an object."""
        with self.system.open_output_stream(f"crm/{name}") as out:
            out.write(body)


def test_a_bucket_gives_what_a_folder_gives(put: Bucket, tmp_path: Path) -> None:
    """Where files lie must not change how many records there are, nor which bytes are touched to know it."""
    for number in range(3):
        path = parquet(tmp_path / f"store/day={number}/part.parquet", mixed(2000 + number))
        spoil_content(path)
        put(f"invoices/day={number}/part.parquet", path.read_bytes())
    put("other/part.parquet", path.read_bytes())
    here, there = measured(tmp_path / "store"), measured("s3://crm/invoices", **put.keys)
    assert there.faults == ()
    assert there.records.equals(here.records)
    assert there.metering.equals(here.metering)


def test_one_object_and_a_bucket_whole(put: Bucket, tmp_path: Path) -> None:
    """A path may name a single file, or a bucket."""
    put("a.parquet", parquet(tmp_path / "a.parquet", ["C1"]).read_bytes())
    put("deep/b.parquet", parquet(tmp_path / "b.parquet", ["C2"]).read_bytes())
    assert counts(measured("s3://crm/a.parquet", **put.keys)) == {"C1": 1}
    assert counts(measured("s3://crm", **put.keys)) == {"C1": 1, "C2": 1}


def test_objects_of_a_bucket(put: Bucket) -> None:
    """Attachments in a bucket are listed, not fetched."""
    for name, size in (("files/C1/a.pdf", 3), ("files/C1/b/c.pdf", 4), ("files/C2/a.pdf", 5), ("files/loose", 1)):
        put(name, b"x" * size)
    found = measured("s3://crm/files", kind="objects", **put.keys)
    assert {row["account_id"]: (row["records"], row["bytes"], row["largest_record_bytes"]) for row in found.records.to_pylist()} == {
        None: (1, 1, 1),
        "C1": (2, 7, 4),
        "C2": (1, 5, 5),
    }
    assert (meter(found)["files"], meter(found)["files_opened"]) == (4, 0)


def test_a_cut_object_leaves_the_rest(put: Bucket, tmp_path: Path) -> None:
    """One bad upload must not cost the store."""
    body = parquet(tmp_path / "a.parquet", ["C1"]).read_bytes()
    put("a.parquet", body)
    put("b.parquet", body[:-9])
    found = measured("s3://crm", **put.keys)
    assert (counts(found), [fault.place for fault in found.faults]) == ({"C1": 1}, ["b.parquet"])


@pytest.mark.parametrize(("path", "code"), [("s3://crm/nothing", "missing"), ("s3://no-such-bucket/x", "missing")])
def test_a_prefix_that_is_not_there(put: Bucket, path: str, code: str) -> None:
    """A bucket that was renamed must not pass for an empty one."""
    put("a", b"x")
    found = measured(path, **put.keys)
    assert [(fault.place, fault.code) for fault in found.faults] == [("crm", code)]


def test_a_server_that_does_not_answer() -> None:
    """Refused by name, and the run goes on."""
    found = measured("s3://crm/x", endpoint="http://127.0.0.1:9", region="us-east-1")
    assert [(fault.place, fault.code) for fault in found.faults] == [("crm", "unreachable")]
    assert "127.0.0.1" not in str(found.faults)


def test_what_is_touched_of_an_object(put: Bucket, tmp_path: Path) -> None:
    """Tail, footer and the account's pages: a bucket is asked for ranges, never for an object."""
    path = parquet(tmp_path / "a.parquet", mixed(3000))
    put("a.parquet", path.read_bytes())
    found, footer = meter(measured("s3://crm/a.parquet", **put.keys)), pq.read_metadata(path)
    column = sum(footer.row_group(number).column(1).total_compressed_size for number in range(footer.num_row_groups))
    assert (found["footer_bytes"], found["account_column_bytes"], found["content_bytes"]) == (footer.serialized_size + 8, column, 0)
