"""Texts made to send a pattern backtracking: every look at a text ends in time, whatever its length."""

import base64
import re
from collections.abc import Callable, Iterator
from time import process_time
from types import ModuleType

import polars as pl
import pytest

from dagster_project.scrubbing import addresses, check_digits, detectors, literals, protocols, readable, referrers, targets, telling
from dagster_project.scrubbing.agents import agent
from dagster_project.scrubbing.codes import codes
from dagster_project.settings import Site

PACKED = base64.b64encode(b"jane@example.com, 203.0.113.7").decode()
UNITS = [
    "a", "A", "@", "a@", "@a.", "a.", ".js", "@a.js.", "js.", "1", "1-", "1.", "1 ", "0-", "0 ", "0-1 ", "01 23 ", "(1", "(1) ", "+1", "+1 ", "00", "4111 ",
    "41111111", "203.", "203.0.", "203-", "A1", "A1 ", "a1", "jA", "zzZ1", "1:", ":", "a:", "::", "ff:", "2001:db8::1 ", "2001-", "-db8", "0x", "0xA", "eyJ", "eyJ.",
    "eyJaaaaaa.", "\\x41", "\\x5c", "%25", "%2525", "%3b", "%u0041", "&amp;", "&amp;amp;", "&#", "=", "=a", "&a=1", "?a=", "name=1&", "tel", "tel=", "phone=1",
    "addr", "?addr", "host=", ";", "{", "~", "-", "_", "/", "//", "http://", "/http:", "/users", "/users/a", "DE89", "de89 ", "bc1", "sk_", "sk-", "$2b$", "$6$",
    "(at)", " at ", "jane at a ", " dot ", "52.5200,", "1.11111", "a b", "\u200b", "\u00e9", "\u00e9%", "\u3002", "\x00", " ", "AAAAAAAAAAAA ", "JBSWY3DPEHPK3PXP ",
    PACKED, PACKED + " ", "2UxemwcYf5bx43CWXXueCqteVR5N ",
]  # fmt: skip
SITE = Site(routes=("/a/{x}-{y}-{z}.pdf", "/{a}{b}{c}", "/{a}/{b}-{c}/d"), query={"page": "count", "sort": ("new",)})
TARGETS = targets.Targets(SITE, ("/p/{a}-{b}",), ("/accounts/{account}",))
PROXIES = addresses.Proxies.of(["0.0.0.0/0", "::/0"])
LOOKS: dict[str, Callable[[str], object]] = {
    "kinds": detectors.kinds,
    "label": detectors.label,
    "card numbers": detectors.card_numbers,
    "path": lambda text: TARGETS.read("/" + text),
    "one segment": lambda text: TARGETS.read("/a/" + text.replace("/", "-")),
    "declared route": lambda text: TARGETS.read("/a/" + text.replace("/", "-") + ".pdf"),
    "query": lambda text: TARGETS.read("/x?page=1&" + text),
    "target": TARGETS.read,
    "fallback": lambda text: literals.fallback(text[:8192]),
    "agent": agent,
    "referrer": referrers.referrer,
    "referring host": lambda text: referrers.referrer(f"https://{text}/"),
    "client": lambda text: addresses.client(text, None, PROXIES),
    "list of hops": lambda text: addresses.client("10.0.0.1", text, PROXIES),
    "Forwarded": lambda text: addresses.client("10.0.0.1", f"for={text}", PROXIES),
    "method": protocols.is_method,
    "host": lambda text: protocols.host(text, {"www.example.com"}),
    "code": lambda text: codes(pl.Series([text])),
}
MOST_SECONDS = 0.25  # a call takes below 50 ms; a pattern that is quadratic takes seconds


@pytest.mark.parametrize("size", [8_192, 1 << 20])
@pytest.mark.parametrize("look", LOOKS)
def test_a_hostile_text_is_read_in_time(look: str, size: int) -> None:
    """A line of the size of a piece must cost no more than any other: whoever writes a log line must not be able to stop the run."""
    LOOKS[look]("warm")
    slow = {unit for unit in UNITS for end in ("", "!") if _is_slow(LOOKS[look], unit * (size // len(unit)) + end)}
    assert slow == set()


def _patterns(module: ModuleType) -> Iterator[re.Pattern[str]]:
    for value in vars(module).values():
        yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, re.Pattern))


@pytest.mark.parametrize(
    "module", [addresses, check_digits, detectors, literals, protocols, readable, referrers, targets, telling], ids=lambda module: module.__name__.rpartition(".")[2]
)
def test_no_pattern_is_quadratic(module: ModuleType) -> None:
    """Each pattern alone, searched for from every place of 8 KiB: no caller need know which are slow."""
    patterns = list(_patterns(module))
    texts = [unit * (8_192 // len(unit)) + end for unit in UNITS for end in ("", "!")]
    slow = {pattern.pattern for pattern in patterns for text in texts if _is_slow(pattern.findall, text)}
    assert patterns
    assert slow == set()


def _is_slow(call: Callable[[str], object], text: str) -> bool:
    """Tell whether a call is slow each time: once, any can be on a busy machine."""
    return all(_seconds(call, text) > MOST_SECONDS for _ in range(5))


def _seconds(call: Callable[[str], object], text: str) -> float:
    begun = process_time()
    call(text)
    return process_time() - begun
