"""Recall on variants that nobody wrote down: identifiers made at random, in every encoding, as a segment and in a query."""

import ipaddress
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest

from dagster_project.scrubbing.detectors import kinds, label
from tests.scrubbing.test_canaries import ENCODINGS

VARIANTS = 150
NAMES = ["jane", "j.doe", "o'neil", "mar\u00eda", "zo\u00eb", "li.wei", "\u0438\u0432\u0430\u043d", "a_b", "x1", "jane+tag", "anna-lena"]
HOSTS = ["example.com", "mail.example.org", "b\u00fccher.example", "xn--bcher-kva.example", "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "a-b.co.uk"]


def _luhn(digits: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - at % 2), 10)) for at, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _iban(country: str, account: str) -> str:
    check = 98 - int("".join(str(int(char, 36)) for char in f"{account}{country}00")) % 97
    return f"{country}{check:02d}{account}"


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


MADE: dict[str, Callable[[random.Random], str]] = {
    "email": lambda rng: f"{rng.choice(NAMES)}@{rng.choice(HOSTS)}",
    "ip": lambda rng: rng.choice(
        [f"{rng.randint(32, 223)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}", str(ipaddress.IPv6Address((0x20010DB8 << 96) | rng.getrandbits(96)))]
    ),
    "uuid": lambda rng: f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-8{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}",
    "phone": lambda rng: rng.choice(["+49 {} {}", "+1-{}-{}", "0049{}{}", "({}) {}", "0{}/{}", "+44 (0){} {}"]).format(rng.randint(100, 999), rng.randint(1_000_000, 9_999_999)),
    "card": lambda rng: _luhn("4" + _digits(rng, 14)),
    "iban": lambda rng: _iban("DE", _digits(rng, 18)),
    "mac": lambda rng: rng.choice(":-").join(f"{rng.getrandbits(8):02x}" for _ in range(6)),
    "key": lambda rng: rng.choice(["AKIA", "ghp_" + 20 * "x", "sk_live_"]) + "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=16)),
}


@pytest.mark.parametrize("kind", MADE)
def test_variants_are_found(kind: str) -> None:
    """The bar on generated variants is 99.5 %; what is missed on purpose is a path of its own and kept back by k."""
    rng = random.Random(kind)
    missed = []
    for name, encode in ENCODINGS.items():
        for text in (MADE[kind](rng) for _ in range(VARIANTS)):
            written = encode(text)
            found = {"segment": label(written) is not None, "query": bool(kinds(f"/x?lang=de&who={quote(written)}&v=1"))}
            missed += [(name, text, place) for place, is_found in found.items() if not is_found]
    assert len(missed) <= 0.005 * 2 * VARIANTS * len(ENCODINGS), (len(missed), missed[:10])
