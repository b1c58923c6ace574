"""Clients by whole columns: dotted decimal addresses say what `classify` says of each alone, and mix with all others."""

import ipaddress

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.addresses import Proxies, classify
from dagster_project.scrubbing.clients import SCHEMA, Clients, contributors
from dagster_project.scrubbing.dotted import dotted
from dagster_project.scrubbing.tokens import address_block, blocks

TEXTS = ["192.0.2.7", "0.0.0.0", "255.255.255.255", "127.0.0.1", "127.0.0.0", "10.1.2.0", "192.0.3.0", "192.0.0.255", "01.2.3.4", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "+1.2.3.4",
         " 1.2.3.4", "1.2.3.4 ", "256.1.1.1", "1..2.3", "x.1.2.3", "1.2.3.x", "192.0.2.7:80", "٣.1.2.3", "", "-", "2001:db8::7", "::ffff:192.0.2.7", "host.example", "unix:",
         "1.2.3.4\0", None]  # fmt: skip


def expected(text: str | None) -> tuple[object, ...]:
    """Return what `classify` says of one address."""
    packed, kept = classify(text)
    return packed and address_block(packed), *kept, 0


@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.integers(0, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number)))), min_size=1))
@settings(max_examples=200, deadline=None)
def test_a_column_says_what_each_address_says_alone(texts: list[str | None]) -> None:
    """In every order and mixture, and over two calls that share a memory."""
    clients = Clients(Proxies.of([]))
    for peers in (pa.array(texts, pa.string()), pa.array(texts[::-1], pa.string()).dictionary_encode()):
        seen = clients.see(peers)
        assert list(zip(*(seen.column(name).to_pylist() for name in SCHEMA), strict=True)) == [expected(text) for text in peers.to_pylist()]


@pytest.mark.parametrize(("text", "is_dotted"), [(text, text in TEXTS[:8]) for text in TEXTS])
def test_only_what_has_one_form_is_dotted(text: str | None, is_dotted: bool) -> None:
    """Whatever could be written otherwise is left to `classify`."""
    numbers, found = dotted(pa.array([text], pa.string()))
    assert found.tolist() == [is_dotted]
    assert not is_dotted or str(ipaddress.IPv4Address(int(numbers[0]))) == text


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
