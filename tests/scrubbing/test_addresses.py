"""Addresses, a case for each notation (docs/privacy.md#rule-by-rule)."""

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.errors import SettingsError
from dagster_project.scrubbing.addresses import Client, Proxies, classify, client

NOBODY = Proxies.of(())
V4 = "203.0.113.7"


def packed(address: str) -> bytes:
    """Return the sixteen bytes that an address is hashed as."""
    plain = ip_address(address)
    return IPv6Address(f"::ffff:{plain}").packed if plain.version == 4 else plain.packed


@pytest.mark.parametrize(
    ("text", "address", "version", "kind"),
    [
        # 1 canonical forms
        ("8.8.8.8", "8.8.8.8", 4, "public"),
        (V4, V4, 4, "reserved"),
        ("2001:db8::7", "2001:db8::7", 6, "reserved"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7", 6, "reserved"),
        ("2a00:1450:4001::7", "2a00:1450:4001::7", 6, "public"),
        # 2 mapped
        ("::ffff:203.0.113.7", V4, 4, "reserved"),
        ("::ffff:cb00:7107", V4, 4, "reserved"),
        ("0:0:0:0:0:ffff:7b2d:4359", "123.45.67.89", 4, "public"),
        # 3 embedded
        ("::203.0.113.7", V4, 4, "reserved"),
        ("64:ff9b::10.0.0.1", "10.0.0.1", 4, "private"),
        ("2002:a00:1::", "10.0.0.1", 4, "private"),
        ("::ffff:203.0.113.0", "203.0.113.0", 4, "pre_anonymised"),
        ("64:ff9b::203.0.113.7", V4, 4, "reserved"),
        ("64:ff9b:1::203.0.113.7", V4, 4, "reserved"),
        ("64:ff9b:1:cb00:71:700::", V4, 4, "reserved"),
        ("2002:cb00:7107::1", V4, 4, "reserved"),
        ("2001:0:4136:e378:8000:63bf:34ff:8ef8", V4, 4, "reserved"),
        ("fe80::5efe:203.0.113.7", V4, 4, "reserved"),
        ("2001:db8::200:5efe:203.0.113.7", V4, 4, "reserved"),
        # 4 zones
        ("fe80::1%eth0", "fe80::1", 6, "private"),
        ("fe80::1%25eth0", "fe80::1", 6, "private"),
        ("::1%0", "::1", 6, "loopback"),
        # 6 ports and brackets
        ("203.0.113.7:443", V4, 4, "reserved"),
        ("[2001:db8::7]:443", "2001:db8::7", 6, "reserved"),
        ("[2001:db8::7]", "2001:db8::7", 6, "reserved"),
        ("[2001:db8::7]:_obfuscated", "2001:db8::7", 6, "reserved"),
        ("203.0.113.7:_obfuscated", V4, 4, "reserved"),
        ("[fe80::1%eth0]:443", "fe80::1", 6, "private"),
        ("[::ffff:203.0.113.7]:443", V4, 4, "reserved"),
        (" 8.8.8.8 ", "8.8.8.8", 4, "public"),
        ("2001:db8::7:443", "2001:db8::7:443", 6, "reserved"),
        # 12 anonymised before, and hashed all the same
        ("203.0.113.0", "203.0.113.0", 4, "pre_anonymised"),
        ("203.0.113.x", "203.0.113.0", 4, "pre_anonymised"),
        ("203.0.113.XXX", "203.0.113.0", 4, "pre_anonymised"),
        ("203.0.*.*", "203.0.0.0", 4, "pre_anonymised"),
        ("x.x.x.x", "0.0.0.0", 4, "pre_anonymised"),
        ("0.0.0.0", "0.0.0.0", 4, "pre_anonymised"),
        ("2001:db8:1::", "2001:db8:1::", 6, "pre_anonymised"),
        # 13 ranges of their own
        ("10.1.2.3", "10.1.2.3", 4, "private"),
        ("172.16.0.1", "172.16.0.1", 4, "private"),
        ("172.31.255.255", "172.31.255.255", 4, "private"),
        ("172.32.0.1", "172.32.0.1", 4, "public"),
        ("192.168.1.1", "192.168.1.1", 4, "private"),
        ("169.254.1.1", "169.254.1.1", 4, "private"),
        ("100.64.0.1", "100.64.0.1", 4, "private"),
        ("100.63.255.255", "100.63.255.255", 4, "public"),
        ("127.0.0.1", "127.0.0.1", 4, "loopback"),
        ("127.0.0.0", "127.0.0.0", 4, "loopback"),
        ("192.0.2.9", "192.0.2.9", 4, "reserved"),
        ("224.0.0.1", "224.0.0.1", 4, "reserved"),
        ("240.0.0.1", "240.0.0.1", 4, "reserved"),
        ("255.255.255.255", "255.255.255.255", 4, "reserved"),
        ("::1", "::1", 6, "loopback"),
        ("fd00::7", "fd00::7", 6, "private"),
        ("ff02::1", "ff02::1", 6, "reserved"),
    ],
)
def test_an_address_has_one_packed_form_and_a_class(text: str, address: str, version: int, kind: str) -> None:
    """One client written in two ways must be one visitor; its class is all else that is kept."""
    assert classify(text) == (packed(address), Client(version, kind))


@pytest.mark.parametrize("text", ["2001:db8::211:22ff:fe33:4455"])
def test_a_hardware_address_ends_in_the_token(text: str) -> None:
    """An EUI-64 interface id is a device's MAC address: it may be hashed, never kept."""
    assert classify(text)[1] == Client(6, "reserved")


@pytest.mark.parametrize("text", [None, "", "-", "unknown", "Unknown", "_hidden", "_SEVKISEK"])
def test_no_address_is_none(text: str | None) -> None:
    """Where there is no address there is no visitor (rows 8 and 9)."""
    assert classify(text) == (None, Client(None, "none"))


@pytest.mark.parametrize(
    ("text", "said", "kind"),
    [
        ("localhost", b"localhost", "loopback"),
        ("unix:", b"localhost", "loopback"),
        ("/run/x.sock", b"localhost", "loopback"),
        ("ppp-203-0-113-7.isp.example", b"ppp-203-0-113-7.isp.example", "name"),
        ("PC.Example.com", b"pc.example.com", "name"),
        ("fileserver", b"fileserver", "name"),
        ("0" * 32, b"0" * 32, "pre_anonymised"),
        ("AB" * 20, b"ab" * 20, "pre_anonymised"),
        ("5" * 64, b"5" * 64, "pre_anonymised"),
    ],
)
def test_a_name_is_hashed_as_its_bytes(text: str, said: bytes, kind: str) -> None:
    """A host name may embed the address, so it is nobody's to read, but still one visitor (rows 9 and 12)."""
    assert classify(text) == (said, Client(None, kind))


@pytest.mark.parametrize(
    "text",
    [
        # 10 what inet_aton takes
        "203.0.113.007",
        "0xCB007107",
        "3405803783",
        "203.28935",
        "0313.0.0161.07",
        "1.2.3",
        # 11 what nobody takes
        "203.0.113.256",
        "777.2",
        "2001:db8::g",
        "2001:db8::7/64",
        "203.0.113.7%eth0",
        "203.0.113.7\x00",
        "２０３.0.113.7",
        "a" * 65,
        "203.0.x.999",
        "[::1",
        "two words",
    ],
)
def test_an_invalid_address_is_no_visitor(text: str) -> None:
    """A guess at a broken address would count a visitor that never was (rows 10 and 11)."""
    assert classify(text) == (None, Client(None, "invalid"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address", "source"),
    [
        ("10.0.0.1", "8.8.8.8", [], "10.0.0.1", "peer"),
        ("10.0.0.1", "8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "1.1.1.1, 8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "1.1.1.1, 8.8.8.8, 10.0.0.2", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "1.1.1.1,8.8.8.8,10.0.0.2", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "8.8.8.8 , ,10.0.0.2", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", '"1.1.1.1, 8.8.8.8" 10.0.0.2', ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "8.8.8.8:4711", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", ["10.0.0.0/8"], "10.0.0.3", "xff"),
        ("10.0.0.1", "8.8.8.8, 203.0.113.256", ["10.0.0.0/8"], "10.0.0.1", "peer"),
        ("10.0.0.1", "8.8.8.8, rubbish!, 10.0.0.2", ["10.0.0.0/8"], "10.0.0.2", "xff"),
        ("10.0.0.1", "", ["10.0.0.0/8"], "10.0.0.1", "peer"),
        ("10.0.0.1", "-", ["10.0.0.0/8"], "10.0.0.1", "peer"),
        ("8.8.4.4", "1.1.1.1", ["10.0.0.0/8"], "8.8.4.4", "peer"),
        ("::ffff:10.0.0.1", "8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("2001:db8::1", "8.8.8.8", ["2001:db8::/32"], "8.8.8.8", "xff"),
        # what a client puts before the list of the proxies, its own address too, is nobody's word but its own
        ("8.8.8.8", "8.8.8.8, 1.1.1.1", [], "8.8.8.8", "peer"),
        ("8.8.8.8", "8.8.8.8, 1.1.1.1", ["10.0.0.0/8"], "8.8.8.8", "peer"),
        ("10.0.0.1", "10.0.0.1, 8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "for=192.0.2.60;proto=http;by=203.0.113.43", ["10.0.0.0/8"], "192.0.2.60", "forwarded"),
        ("10.0.0.1", 'For="[2001:db8:cafe::17]:4711"', ["10.0.0.0/8"], "2001:db8:cafe::17", "forwarded"),
        ("10.0.0.1", 'for=1.1.1.1, FOR="8.8.8.8:80", for=10.0.0.2', ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        ("10.0.0.1", 'proto=http; for = "[2001:db8::7]:_x" ;by=1.1.1.1', ["10.0.0.0/8"], "2001:db8::7", "forwarded"),
        ("10.0.0.1", "by=1.1.1.1, for=8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        # what a client writes into a header, or into the host that a proxy quotes, is not a hop
        ("10.0.0.1", 'for=8.8.8.8;host="x, for=1.1.1.1"', ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        ("10.0.0.1", 'for=8.8.8.8;host="x\\", for=1.1.1.1"', ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        ("10.0.0.1", "for=1.1.1.1, 8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "for=1.1.1.1;x, 8.8.8.8, 10.0.0.2", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("10.0.0.1", "1.1.1.1, for=8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        ("10.0.0.1", "8.8.8.8, for=10.0.0.2", ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        ("10.0.0.1", 'for="1.1.1.1, for=8.8.8.8', ["10.0.0.0/8"], "8.8.8.8", "forwarded"),
        ("10.0.0.1", "forge=1.1.1.1", ["10.0.0.0/8"], "10.0.0.1", "peer"),
        # a list longer than a header is read from its end
        ("10.0.0.1", "1.1.1.1, " * 2_000 + "8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
    ],
)
def test_the_client_is_the_first_hop_from_the_right_that_is_not_ours(peer: str, forwarded: str, trusted: list[str], address: str, source: str) -> None:
    """The left-most entry is the client's own claim: whoever believes it counts what an attacker writes."""
    found, known = client(peer, forwarded, Proxies.of(trusted))
    assert (found, known.client_source) == (packed(address), source)


@pytest.mark.parametrize("forwarded", ["for=unknown", "for=_hidden", 'for="_SEVKISEK"', "for=8.8.8.8, for=unknown"])
def test_an_obfuscated_hop_is_no_address(forwarded: str) -> None:
    """RFC 7239 lets a proxy say that it will not tell: then nobody is counted, least of all the proxy."""
    assert client("10.0.0.1", forwarded, Proxies.of(["10.0.0.0/8"])) == (None, Client(None, "none", "forwarded"))


@pytest.mark.parametrize("peer", ["unix:", "/run/x.sock"])
def test_a_socket_may_be_a_trusted_proxy(peer: str) -> None:
    """A reverse proxy on the same machine has no address to list."""
    assert client(peer, "8.8.8.8", Proxies.of(["unix:"]))[0] == packed("8.8.8.8")
    assert client(peer, "8.8.8.8", NOBODY)[0] == b"localhost"


@pytest.mark.parametrize(
    ("listed", "trusted", "address", "source"),
    [
        ("10.0.0.3, 10.0.0.2", [], "10.0.0.2", "xff"),
        ("1.1.1.1, 8.8.8.8, 10.0.0.2", [], "10.0.0.2", "xff"),
        ("1.1.1.1, 8.8.8.8, 10.0.0.2", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("8.8.8.8, 10.0.0.3, 10.0.0.2", ["10.0.0.2"], "10.0.0.3", "xff"),
        ("1.1.1.1, 8.8.8.8", ["10.0.0.0/8"], "8.8.8.8", "xff"),
        ("unknown, 8.8.8.8", [], "8.8.8.8", "xff"),
        ("8.8.8.8, rubbish!, 10.0.0.2", ["10.0.0.0/8"], "10.0.0.2", "xff"),
        ("8.8.8.8:80, [2001:db8::7]:443, 10.0.0.2:1", ["10.0.0.0/8", "2001:db8::/32"], "8.8.8.8", "xff"),
    ],
)
@pytest.mark.parametrize("forwarded", [None, "9.9.9.9", "10.0.0.2, 9.9.9.9"])
def test_of_a_list_in_the_clients_place_the_last_is_the_nearest_hop(listed: str, trusted: list[str], address: str, source: str, forwarded: str | None) -> None:
    """The server wrote the last entry, the client may have written the first; without a trusted proxy nothing before the last is believed."""
    found, known = client(listed.split(",", maxsplit=1)[0], forwarded, Proxies.of(trusted), listed)
    assert (found, known.client_source) == (packed(address), source)


@pytest.mark.parametrize(
    ("peer", "listed", "header", "address", "source"),
    [
        ("10.0.0.1", None, "8.8.8.8", "8.8.8.8", "vendor"),
        ("10.0.0.1", None, "[2001:db8::7]:443", "2001:db8::7", "vendor"),
        ("1.1.1.1", "1.1.1.1, 10.0.0.1", "8.8.8.8", "8.8.8.8", "vendor"),
        ("10.0.0.1", None, "rubbish!", "9.9.9.9", "xff"),
        ("10.0.0.1", None, "8.8.8.8, 1.1.1.1", "9.9.9.9", "xff"),
        ("10.0.0.1", None, "unknown", "9.9.9.9", "xff"),
        ("10.0.0.1", None, None, "9.9.9.9", "xff"),
        # anybody can send a header
        ("8.8.4.4", None, "8.8.8.8", "8.8.4.4", "peer"),
        ("10.0.0.1", "10.0.0.1, 8.8.4.4", "8.8.8.8", "8.8.4.4", "xff"),
        ("unix:", None, "8.8.8.8", None, "peer"),
        (None, None, "8.8.8.8", None, "peer"),
    ],
)
def test_a_named_header_goes_before_all_if_a_proxy_of_ours_sent_it(peer: str | None, listed: str | None, header: str | None, address: str | None, source: str) -> None:
    """It is only read where settings name it; one that holds no address is passed over."""
    found, known = client(peer, "9.9.9.9", Proxies.of(["10.0.0.0/8"]), listed, header)
    assert known.client_source == source
    assert found == (packed(address) if address else b"localhost" if peer else None)


def test_trusted_proxies_are_networks() -> None:
    """A typing error in the list would silently count proxies as visitors."""
    with pytest.raises(SettingsError, match="trusted_proxies") as error:
        Proxies.of(["10.0.0.0/33"])
    assert "/33" not in str(error.value)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_the_common_case_agrees_with_the_exact_one(address: object) -> None:
    """Dotted decimals take a short cut; it must say what the long way round a mapped address says."""
    assert classify(str(address)) == classify(f"::ffff:{address}")


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_it(peer: str, forwarded: str) -> None:
    """A log's client field holds whatever an attacker sends through a careless proxy."""
    found, known = client(peer, forwarded, Proxies.of(["0.0.0.0/0", "::/0"]))
    assert known.ip_version in {4, 6, None}
    assert (found is None) == (known.client_class in {"none", "invalid"})
