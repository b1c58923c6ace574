"""Clients by whole columns: plain numeric addresses say what `classify` says of each alone, and mix with all others."""

import ipaddress

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.addresses import Proxies, classify
from dagster_project.scrubbing.clients import SCHEMA, Clients, contributors
from dagster_project.scrubbing.numeric import numeric
from dagster_project.scrubbing.tokens import address_block, blocks

PLAIN_V4 = ["192.0.2.7", "0.0.0.0", "255.255.255.255", "127.0.0.1", "127.0.0.0", "10.1.2.0", "192.0.3.0", "192.0.0.255"]
PLAIN_V6 = ["2001:db8::7", "2001:DB8:0:0:0:0:0:7", "2400:1:2:3:4:5:6:7", "2400::", "::1", "::", "2400:1:2:3:4:5:6::", "::2:3:4:5:6:7:8", "2400::5efe:c000:207", "2001:1::1",
            "2002:c000:207::1", "2001:200::1", "3fff::1", "fe80::1", "fd00::1", "ff02::1", "4000::1"]  # fmt: skip
OTHERS = ["01.2.3.4", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "256.1.1.1", "1..2.3", "x.1.2.3", "1.2.3.x", "192.0.2.7:80", "٣.1.2.3", "", "-",
          "::ffff:192.0.2.7", "host.example", "unix:", "1.2.3.4\0", None, "2400:1:2:3:4:5:6:7:8", "2400:1:2:3:4:5:6", "2400:1:2:3:4:5:6:7::", "2400:1:2:3::4:5:6:7", "2400::1::2",
          "2400:::1", ":2400::1", "2400::1:", "2400::12345", "2400::g", "2400::1%eth0", "[2400::1]", "2400::192.0.2.7", ":", "2400", "1:2"]  # fmt: skip
TEXTS = [*PLAIN_V4, *PLAIN_V6, *OTHERS]
VERSIONS = dict.fromkeys(PLAIN_V4, 4) | dict.fromkeys(PLAIN_V6, 6)
V4 = st.integers(0, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number)))
FIRST_GROUPS = st.one_of(st.sampled_from([0x2001, 0x2002, 0x2400, 0x3FFF]), st.integers(0, 2**16 - 1))
V6 = st.builds(lambda first, rest: str(ipaddress.IPv6Address(first << 112 | rest)), FIRST_GROUPS, st.one_of(st.integers(0, 2**112 - 1), st.integers(0, 2**32)))


def expected(text: str | None) -> tuple[object, ...]:
    """Return what `classify` says of one address."""
    packed, kept = classify(text)
    return packed and address_block(packed), *kept, 0


@given(st.lists(st.one_of(st.sampled_from(TEXTS), V4, V6), min_size=1))
@settings(max_examples=200, deadline=None)
def test_a_column_says_what_each_address_says_alone(texts: list[str | None]) -> None:
    """In every order and mixture, and over two calls that share a memory."""
    clients = Clients(Proxies.of([]))
    for peers in (pa.array(texts, pa.string()), pa.array(texts[::-1], pa.string()).dictionary_encode()):
        seen = clients.see(peers)
        assert list(zip(*(seen.column(name).to_pylist() for name in SCHEMA), strict=True)) == [expected(text) for text in peers.to_pylist()]


@pytest.mark.parametrize("text", TEXTS)
def test_only_what_is_plain_is_read_as_numbers(text: str | None) -> None:
    """Whatever could be written otherwise is left to `classify`."""
    [[high, low]], [version] = (found.tolist() for found in numeric(pa.array([text], pa.string())))
    assert version == VERSIONS.get(text, 0)
    if version:
        address = ipaddress.ip_address(str(text))
        assert high << 64 | low == int(address) + (0xFFFF << 32 if version == 4 else 0)


def test_a_list_beside_the_peer_is_walked() -> None:
    """From the right, by trusted proxies; a column of lists without any is none."""
    peers = pa.array(["10.0.0.1", "192.0.2.7"])
    seen = Clients(Proxies.of(["10.0.0.0/8"])).see(peers, pa.array(["192.0.2.9, 10.0.0.2", None]))
    assert seen.column("client_source").to_pylist() == ["xff", "peer"]
    assert seen.column("address").to_pylist() == [address_block(ipaddress.IPv6Address(f"::ffff:192.0.2.{last}").packed) for last in (9, 7)]
    assert Clients(Proxies.of([])).see(peers, pa.nulls(2, pa.string())).column("client_source").to_pylist() == ["peer", "peer"]


def test_contributors_tell_addresses_apart() -> None:
    """The same address written otherwise is the same one; neighbours, and those that differ in one bit, are others."""
    written = ["192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8", "2001:db8::7", "2001:db8::8", "2001:db8:8000::7", *(str(ipaddress.IPv6Address(1 << bit)) for bit in range(128))]
    found = contributors(blocks(Clients(Proxies.of([])).see(pa.array(written)).column("address"))).tolist()
    assert found[0] == found[1]
    assert len(set(found)) >= len(written) - 1 - 32  # the lowest 32 bits alone are IPv4 addresses written as IPv6
