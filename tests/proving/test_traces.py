"""The search behind `prove` sees a leak in every form in which one could hide; a search that finds nothing anywhere proves nothing."""

import base64
import hashlib
import ipaddress
import json
from urllib.parse import quote

import pytest

from dagster_project.proving.canaries import Canary, canaries
from dagster_project.proving.traces import traces

TRACES = traces(canaries(0))
TEXTS = {canary.kind: canary.text for canary in canaries(0)}
EMAIL, ADDRESS, WIDE = TEXTS["e-mail"], TEXTS["IPv4"], TEXTS["IPv6"]


def seen(content: bytes) -> set[str]:
    """Return the kinds that are seen in some bytes."""
    return set(TRACES.in_each([content])[0])


@pytest.mark.parametrize(
    "content",
    [
        EMAIL.encode(),
        EMAIL.upper().encode(),
        quote(EMAIL, safe="").encode(),
        quote(quote(EMAIL, safe=""), safe="").encode(),
        EMAIL.encode().hex().upper().encode(),
        *(base64.b64encode(b"." * before + EMAIL.encode() + b"...") for before in range(4)),
        *(function(EMAIL.encode()).hexdigest().encode() for function in (hashlib.md5, hashlib.sha1, hashlib.sha256)),
        json.dumps(TEXTS["e-mail, IDN"]).encode(),
        TEXTS["e-mail, IDN"].upper().lower().encode(),
        b"client=" + str(int(ipaddress.ip_address(ADDRESS))).encode() + b",",
        f"0x{ipaddress.ip_address(ADDRESS).packed.hex()}".encode(),
        ipaddress.ip_address(WIDE).exploded.encode(),
        ipaddress.ip_address(WIDE).packed.hex().encode(),
    ],
)
def test_a_leak_in_the_bytes_is_seen(content: bytes) -> None:
    """Whoever leaks does not write it the way it came."""
    assert seen(b"\x00\x01" + content + b"\xff")


@pytest.mark.parametrize("canary", canaries(0), ids=lambda canary: canary.kind)
def test_every_canary_is_seen_as_it_is_written(canary: Canary) -> None:
    """A canary that is planted and not looked for would be a free pass."""
    assert seen(b"x" + canary.text.encode() + b"y")


@pytest.mark.parametrize(
    "cell",
    [
        ipaddress.ip_address(ADDRESS).packed,
        ipaddress.ip_address(f"::ffff:{ADDRESS}").packed,
        ipaddress.ip_address(WIDE).packed,
        ipaddress.ip_address(ADDRESS).packed.hex(),
        hashlib.md5(EMAIL.encode()).digest(),
        int(ipaddress.ip_address(ADDRESS)),
        int(TEXTS["card"]),
    ],
)
def test_a_packed_leak_is_seen_as_a_whole_cell(cell: object) -> None:
    """Four bytes stand in any file by chance, so packed forms count in decoded columns alone."""
    assert TRACES.as_cells([None, 7, True, cell])
    assert not (isinstance(cell, bytes) and len(cell) == 4 and seen(b"...." + cell + b"...."))


@pytest.mark.parametrize("content", [b"", b"nobody@example.com", b"192.0.2.9", b"1%d7" % int(ipaddress.ip_address(ADDRESS)), b"jane", b"203.0.113"])
def test_what_is_no_canary_is_not_seen(content: bytes) -> None:
    """A search that cries wolf is switched off; a number inside a longer number is chance."""
    assert seen(content) == set()


def test_many_contents_are_told_apart() -> None:
    """The one that leaks must be named, not its neighbour."""
    assert TRACES.in_each([b"clean", EMAIL.encode(), b"", WIDE.encode()]) == [{}, {"e-mail": 0, "family name": 5}, {}, {"IPv6": 0}]
