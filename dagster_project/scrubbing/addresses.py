"""Which address a request came from, and of what class it is; the address itself goes no further than the token."""

import ipaddress
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dagster_project.errors import SettingsError

IPV4, IPV6 = 4, 6
MAX_BYTES = 64
MAX_LIST = 8192

MAPPED = b"\0" * 10 + b"\xff\xff"
_SPECIAL = {b"\x00\x00", b"\x00\x64", b"\x20\x02"}  # where IPv4 is embedded: mapped and compatible, NAT64, 6to4; Teredo is in 2001:00xx, ISATAP ends in 5efe
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
# Lists are split at commas outside quoted strings; what a client sends as its Host stands in one, too.
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.){0,512}"|")+')
_PAIR = re.compile(r'(?:^|;)\s*+([\w!#$%&\'*+.^`|~-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.){0,512})"|([^\s;"]*))')
# The special ranges of IPv4 (IANA's registry), in order; what lies between them is public.
_V4_RANGES = """
reserved 0.0.0.0/8
private 10.0.0.0/8
private 100.64.0.0/10
loopback 127.0.0.0/8
private 169.254.0.0/16
private 172.16.0.0/12
reserved 192.0.0.0/24
reserved 192.0.2.0/24
private 192.168.0.0/16
reserved 198.18.0.0/15
reserved 198.51.100.0/24
reserved 203.0.113.0/24
reserved 224.0.0.0/3
"""

Network = IPv4Network | IPv6Network


def _v4_borders() -> tuple[list[int], list[str]]:
    """Return where each class begins, as a number, and the class."""
    starts, classes = [0], ["public"]
    for name, network in (line.split() for line in _V4_RANGES.split("\n") if line):
        first, last = IPv4Network(network)[0], IPv4Network(network)[-1]
        starts += [int(first), int(last) + 1]
        classes += [name, "public"]
    return starts, classes


_V4_STARTS, _V4_CLASSES = _v4_borders()


class Client(NamedTuple):
    """All that is kept of a client: version of its address, class, and where the address was found."""

    ip_version: int | None
    client_class: str
    client_source: str = "peer"


# What the token is made of: 16 bytes, IPv4 as ::ffff:a.b.c.d; the bytes of a name; None where there is no address.
Packed = bytes | None

_NONE, _INVALID, _NAME = Client(None, "none"), Client(None, "invalid"), Client(None, "name")
_V4_KINDS = [*(Client(4, name) for name in _V4_CLASSES), Client(4, "pre_anonymised")]
_V6_KINDS = [Client(6, "public"), Client(6, "reserved")]
KINDS = [*_V4_KINDS, *_V6_KINDS]
"""What is kept of plain addresses, by the numbers of `kinds`."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose word on the client is believed: networks, and `unix:` or `localhost` by name."""

    networks: tuple[Network, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, entries: Sequence[str]) -> "Proxies":
        """Read the setting `trusted_proxies`. Raises SettingsError for an entry that is neither."""
        names = frozenset(entry for entry in entries if entry in {"unix:", "localhost"})
        try:
            return cls(tuple(ipaddress.ip_network(entry, strict=False) for entry in entries if entry not in names), names)
        except ValueError:
            raise SettingsError("sites.trusted_proxies: write addresses, networks (192.0.2.0/24), unix: or localhost") from None

    def trust(self, hop: str) -> bool:
        """Tell whether a hop is one of ours."""
        address = _embedded(_address(hop))
        if address is None:
            return _bare(hop).lower() in self.names or ("unix:" in self.names and _bare(hop).startswith(("unix:", "/")))
        return any(address in network for network in self.networks)


def client(peer: str | None, forwarded: str | None, proxies: Proxies, listed: str | None = None, header: str | None = None) -> tuple[Packed, Client]:
    """Return the client of a request: pick its address, unwrap it, classify it (docs/privacy.md#what-is-kept-of-a-request).

    `forwarded` is X-Forwarded-For or Forwarded (RFC 7239) as logged. `listed` is the list where the log's own client field holds
    one: its last entry is the nearest hop, and no other list counts. `header` is what the header says that settings name as the
    client: it goes before all, but only a proxy of ours is believed to have written it.
    """
    is_rfc7239, hops = _hops((listed or forwarded or "")[-MAX_LIST:])
    if listed and hops:
        peer = hops.pop()
    if header and peer is not None and proxies.trust(peer):
        packed, known = classify(header)
        if packed is not None:
            return packed, known._replace(client_source="vendor")
    found, is_peer = _walk(peer, hops, proxies)
    packed, known = classify(found)
    return packed, known if is_peer and not listed else known._replace(client_source="forwarded" if is_rfc7239 else "xff")


def _walk(peer: str | None, hops: list[str], proxies: Proxies) -> tuple[str | None, bool]:
    """Go from the peer through the hops right to left while the current one is trusted; stop at the first invalid entry."""
    current, is_peer = peer, True
    for hop in reversed(hops):
        if current is None or not proxies.trust(current):
            break
        if classify(hop)[1] == _INVALID:
            break
        current, is_peer = hop, False
    return current, is_peer


def _hops(forwarded: str) -> tuple[bool, list[str]]:
    """Tell whether a list is one of RFC 7239, and return its hops; empty entries are skipped.

    The last entry decides which it is: it alone was written by a proxy of ours, and what a client put before it may look like either.
    """
    elements = [element.strip() for element in _ELEMENT.findall(forwarded)]
    if not elements or _for_of(elements[-1]) is None:
        return False, [hop for hop in re.split(r"[,\s]+", forwarded.replace('"', " ")) if hop and hop != "-"]
    found = (_for_of(element) if "=" in element else element for element in elements)
    return True, [hop for hop in found if hop]


def _for_of(element: str) -> str | None:
    """Return the value of `for=` (a name in any case, perhaps a quoted string), None where there is none."""
    for name, quoted, plain in _PAIR.findall(element):
        if name.lower() == "for":
            return re.sub(r"\\(.)", r"\1", quoted) or plain
    return None


def classify(text: str | None) -> tuple[Packed, Client]:
    """Return one address as logged, packed, and what is kept of it."""
    if text is not None and (plain := _plain(text)):
        return plain
    bare = _bare(text) if text is not None else "-"
    if bare in {"", "-"} or bare.lower() == "unknown" or re.fullmatch(r"_[\w.-]+", bare):
        return None, _NONE
    if len(bare.encode("utf-8", "replace")) > MAX_BYTES or not bare.isascii() or not bare.isprintable():
        return None, _INVALID
    address = _embedded(_address(bare))
    if address is None:
        return _without_address(bare.lower())
    return _v4(address.packed) if isinstance(address, IPv4Address) else (address.packed, Client(6, _v6_class(address)))


def _plain(text: str) -> tuple[Packed, Client] | None:
    """Return what `classify` says of the common cases: dotted decimal, and IPv6 that carries no IPv4 and is not of a range with exceptions."""
    try:
        if ":" not in text:
            return _v4(inet_pton(AF_INET, text))
        packed = inet_pton(AF_INET6, text)
    except (OSError, ValueError):
        return None
    is_special = packed[:2] in _SPECIAL or packed[:3] == b"\x20\x01\x00" or packed[10:12] == b"\x5e\xfe" or packed[8:] == bytes(8)
    return None if is_special else (packed, _v6_of(packed[:8]))


@lru_cache(65536)
def _v6_of(prefix: bytes) -> Client:
    """Return what is kept of the addresses of a network of 64 bits: their class is that of any of them."""
    return Client(6, _v6_class(IPv6Address(prefix + b"\xff" * 8)))


def _v4(packed: bytes) -> tuple[Packed, Client]:
    # The host part that anonymisers blank is the last octet here, the last 64 bits and more in IPv6.
    is_whole = packed[3] or packed[0] == 127
    return MAPPED + packed, _V4_KINDS[bisect_right(_V4_STARTS, int.from_bytes(packed)) - 1 if is_whole else -1]


def kinds(words: npt.NDArray[np.uint64], versions: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Return what `classify` says of addresses, each two numbers (numeric.py): for each its place in KINDS, -1 where `classify` must be asked."""
    found = np.full(len(words), -1, np.int32)
    is_v4 = versions == IPV4
    found[is_v4] = _v4_kinds(words[is_v4, 1].astype(np.uint32))
    is_usual = _is_usual(words[:, 0], words[:, 1]) & (versions == IPV6)
    found[is_usual] = _v6_kinds(words[is_usual, 0])
    return found


def _v4_kinds(numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
    is_whole = (numbers & 255 != 0) | (numbers >> 24 == 127)
    return np.where(is_whole, np.searchsorted(_V4_STARTS, numbers, side="right") - 1, len(_V4_KINDS) - 1).astype(np.int32)


def _is_usual(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Tell which IPv6 addresses are of 2000::/3, but neither of its first special ranges nor blanked nor with IPv4 in them: the first 32 bits tell their class."""
    is_special = (high >> 41 == 0x2001 << 7) | (high >> 48 == 0x2002) | (low == 0) | (low >> 32 & 0xFDFFFFFF == 0x5EFE)
    is_usual: npt.NDArray[np.bool_] = (high >> 61 == 1) & ~is_special
    return is_usual


def _v6_kinds(highs: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    prefixes, rows = np.unique(highs >> 32, return_inverse=True)
    known = [KINDS.index(_v6_of(int(prefix).to_bytes(4) + bytes(4))) for prefix in prefixes]
    return np.array(known, np.int32)[rows]


def _without_address(bare: str) -> tuple[Packed, Client]:
    if re.fullmatch(r"(?:\d{1,3}|x+|\*)(?:\.(?:\d{1,3}|x+|\*)){3}", bare) and re.search(r"[x*]", bare):
        octets = [int(part) if part.isdigit() else 0 for part in bare.split(".")]
        return (MAPPED + bytes(octets), _V4_KINDS[-1]) if max(octets) < 256 else (None, _INVALID)
    if re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", bare):
        return bare.encode(), Client(None, "pre_anonymised")
    if bare == "localhost" or bare.startswith(("unix:", "/")):
        return b"localhost", Client(None, "loopback")
    is_name = re.fullmatch(r"(?!0x)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", bare) and re.search(r"(?:^|\.)[a-z][a-z0-9-]*\.?$", bare)
    return (bare.encode(), _NAME) if is_name else (None, _INVALID)


def _bare(text: str) -> str:
    """Strip blanks, brackets and a port; several colons without brackets are an IPv6 address without one."""
    text = text.strip(" \t")
    if bracketed := re.fullmatch(r"\[([^\]]*)\](?::(?:\d{1,5}|_[\w.-]+))?", text):
        return bracketed[1]
    return text.rsplit(":", 1)[0] if re.fullmatch(r"[^:/]+:(?:\d{1,5}|_[\w.-]+)", text) else text


def _address(text: str) -> IPv4Address | IPv6Address | None:
    bare = _bare(text)
    if ":" in bare:
        bare = re.sub(r"%[^/\s]*$", "", bare)  # a zone names an interface of the server, not the client
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def _embedded(address: IPv4Address | IPv6Address | None) -> IPv4Address | IPv6Address | None:
    """Return the IPv4 address that an IPv6 address carries (mapped, compatible, NAT64, 6to4, Teredo, ISATAP), else the address."""
    if not isinstance(address, IPv6Address):
        return address
    if known := address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]:
        return known
    bits = int(address)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    if high == 0x64FF9B << 64 or (high == 0 and low >> 24) or (high & 0xFDFFFFFF) == 0x00005EFE:
        return IPv4Address(low)
    if bits >> 80 == 0x64FF9B0001:
        # RFC 6052 puts the address into bits 48–63 and 72–87 below a /48, into the last 32 below a /96.
        is_48 = not bits & (2**40 - 1)
        return IPv4Address((bits >> 64 & 0xFFFF) << 16 | (bits >> 40 & 0xFFFF)) if is_48 else IPv4Address(low)
    return address


def _v6_class(address: IPv6Address) -> str:
    if address.is_loopback:
        return "loopback"
    if not int(address) % 2**64:
        return "pre_anonymised"
    if address.is_link_local or address.is_site_local or address in _UNIQUE_LOCAL:
        return "private"
    return "public" if address.is_global and not address.is_multicast and not address.is_reserved else "reserved"
