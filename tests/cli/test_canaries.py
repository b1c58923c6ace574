"""The search behind `prove` sees a leak in every form in which one could hide; a search that finds nothing anywhere proves nothing."""

import base64
import hashlib
import ipaddress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.engines.canaries import CANARIES, Leak, leaks, plant

EMAIL = CANARIES["e-mail"]
ADDRESS = CANARIES["IPv4"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("e-mail", EMAIL.encode()),
        ("e-mail", EMAIL.upper().encode()),
        ("e-mail", EMAIL.replace("@", "%40").encode()),
        ("e-mail", base64.b64encode(EMAIL.encode())),
        ("e-mail", EMAIL.encode().hex().encode()),
        ("e-mail", hashlib.sha256(EMAIL.encode()).hexdigest().encode()),
        ("e-mail", hashlib.md5(EMAIL.encode()).hexdigest().upper().encode()),
        ("IPv4", b"client=" + str(int(ipaddress.ip_address(ADDRESS))).encode()),
        ("IPv4", ipaddress.ip_address(f"::ffff:{ADDRESS}").packed),
        ("IPv6", ipaddress.ip_address(CANARIES["IPv6"]).packed),
    ],
)
def test_a_leak_in_the_bytes_of_a_file_is_seen(kind: str, content: bytes, tmp_path: Path) -> None:
    """Whoever leaks does not write it the way it came."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "spill.bin").write_bytes(b"\x00\x01" + content + b"\xff")
    assert leaks(tmp_path) == [Leak(kind, "deep/spill.bin")]


@pytest.mark.parametrize("column", [pa.array([EMAIL]), pa.array([EMAIL]).dictionary_encode().cast(pa.string()), pa.array([[None, EMAIL]]), pa.array([EMAIL.encode()])])
def test_a_leak_in_a_compressed_column_is_seen(column: pa.Array, tmp_path: Path) -> None:
    """The bytes of a Parquet file do not show what it holds."""
    pq.write_table(pa.table({"number": [1], "text": column}), tmp_path / "part.parquet", compression="gzip", write_statistics=False, store_schema=False)
    assert leaks(tmp_path) == [Leak("e-mail", "part.parquet")]


def test_a_leak_in_the_name_of_a_file_is_seen(tmp_path: Path) -> None:
    """A partition named after a value leaks it to everyone who lists the folder."""
    (tmp_path / f"user={EMAIL}").mkdir()
    (tmp_path / f"user={EMAIL}" / "empty").write_text("")
    assert leaks(tmp_path) == [Leak("e-mail", f"user={EMAIL}/empty")]


def test_every_canary_is_planted_and_would_be_seen(tmp_path: Path) -> None:
    """A canary that is searched for and never planted would be a free pass; the logs themselves hold them all."""
    lines = plant(tmp_path)
    found = leaks(tmp_path)
    assert {leak.kind for leak in found if leak.file == "web_logs/canaries.log"} == set(CANARIES)
    assert {leak.kind for leak in found if leak.file == "request_logs/canaries.log"} >= set(CANARIES) - {"e-mail IDN"}  # JSON writes it in escapes
    assert lines == sum(len(path.read_text().splitlines()) for path in tmp_path.glob("*_logs/*"))
    assert len(CANARIES) >= 20
