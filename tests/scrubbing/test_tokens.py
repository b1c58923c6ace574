"""Tokens of visitors (docs/privacy.md#what-is-kept-of-a-request)."""

from datetime import date
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from dagster_project.scrubbing.tokens import BLOCK, address_block, blocks, by_day, context_block, halves, tokens

KEY = bytes(range(32))
ADDRESS = b"\0" * 10 + b"\xff\xff\xcb\x00\x71\x07"
AGENT = b"Chrome\x1fWindows\x1fdesktop"


def token(key: bytes, address: bytes = ADDRESS, account: str = "acme", agent: bytes = AGENT) -> bytes:
    """Return the token of one visitor."""
    columns = (blocks(pa.array([block], BLOCK)) for block in (address_block(address), context_block(account, agent)))
    return tokens(key)(*columns).tobytes()


def test_a_token_is_the_cbc_mac_of_two_blocks() -> None:
    """Whoever audits it must be able to compute it with any library: AES-256 in CBC mode over address and context, the last block."""
    spelled = b"\0\0\0\x04acme" + b"\0\0\0\x16Chrome\x1fWindows\x1fdesktop"
    context = blake2b(spelled, digest_size=16, person=b"gh/v1/context").digest()
    cipher = Cipher(AES256(blake2b(key=KEY, digest_size=32, person=b"gh/v1/visitor").digest()), CBC(bytes(16)))
    assert token(KEY) == cipher.encryptor().update(ADDRESS + context)[16:]


def test_a_token_needs_its_key() -> None:
    """Once the key is destroyed, trying all addresses finds nothing."""
    assert token(KEY) != token(bytes(32))


def test_every_part_tells() -> None:
    """Another address, account or agent is another visitor."""
    others = [token(KEY, address=ADDRESS[:-1] + b"\x08"), token(KEY, account="birch"), token(KEY, agent=b"Firefox\x1fLinux\x1fdesktop")]
    assert len({token(KEY), *others}) == 4


@pytest.mark.parametrize(("left", "right"), [(("ab", b"c"), ("a", b"bc")), (("", b"a"), ("a", b"")), (("a\0", b"b"), ("a", b"\0b"))])
def test_no_two_pairs_make_one_message(left: tuple[str, bytes], right: tuple[str, bytes]) -> None:
    """Account and agent run together would make one visitor of two."""
    assert context_block(*left) != context_block(*right)


def test_a_name_is_digested_to_a_block() -> None:
    """The name of a host embeds an address often enough: it is never kept, and has a token like one."""
    assert address_block(ADDRESS) == ADDRESS
    assert len(address_block(b"ppp-203-0-113-7.isp.example")) == 16
    assert address_block(b"a.example") != address_block(b"b.example")


def test_a_row_without_an_address_has_no_token() -> None:
    """Null is not a visitor that all such rows share."""
    found = np.arange(4, dtype=np.uint64).reshape(2, 2)
    assert [half.to_pylist() for half in halves(found, np.array([False, True]))] == [[0, None], [1, None]]


def test_rows_are_told_apart_by_day() -> None:
    """Each day has a key of its own, in whatever order its lines come."""
    first, second = date(2026, 3, 2), date(2026, 3, 3)
    rows = {day: found.tolist() for day, found in by_day(pa.array([second, first, second], pa.date32()))}
    assert rows == {first: [1], second: [0, 2]}
