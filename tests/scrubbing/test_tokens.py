"""Tokens: section 1.2 of the privacy rules."""

from hashlib import blake2b

import pytest

from dagster_project.scrubbing.tokens import part, tokens

KEY = bytes(range(32))
MESSAGE = part(b"acme") + part(b"\0" * 10 + b"\xff\xff\xcb\x00\x71\x07") + part(b"Chrome\x1fWindows\x1fdesktop")


def test_a_token_is_a_keyed_hash_of_its_parts() -> None:
    """Whoever audits it must be able to compute it: keyed BLAKE2b of 16 bytes, the label gh/v1/visitor, parts with their length."""
    spelled = b"\0\0\0\x04acme" + b"\0\0\0\x10" + b"\0" * 10 + b"\xff\xff\xcb\x00\x71\x07" + b"\0\0\0\x16Chrome\x1fWindows\x1fdesktop"
    assert spelled == MESSAGE
    assert tokens(KEY)(MESSAGE) == blake2b(spelled, digest_size=16, key=KEY, person=b"gh/v1/visitor").digest()


def test_a_token_needs_its_key() -> None:
    """Once the key is destroyed, trying all addresses finds nothing."""
    assert tokens(KEY)(MESSAGE) != tokens(bytes(32))(MESSAGE)


@pytest.mark.parametrize(("left", "right"), [((b"ab", b"c"), (b"a", b"bc")), ((b"", b"a"), (b"a", b"")), ((b"a\0", b"b"), (b"a", b"\0b"))])
def test_no_two_triples_make_one_message(left: tuple[bytes, bytes], right: tuple[bytes, bytes]) -> None:
    """Parts run together would make one visitor of two."""
    assert b"".join(map(part, left)) != b"".join(map(part, right))
