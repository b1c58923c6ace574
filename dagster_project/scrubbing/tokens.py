"""The visitor token: a keyed function of address, account and agent class that lives only as long as its day's key.

It is the CBC-MAC of AES-256 over exactly two blocks (ISO/IEC 9797-1): the address, then a digest of account and agent class. Messages of
one fixed length make it a pseudo-random function, as HMAC-SHA-256 is, at a hundredth of the cost: whole columns are enciphered at once.
"""

from collections.abc import Callable, Iterator
from datetime import date
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

TOKEN_BYTES = 16
BLOCK = pa.binary(TOKEN_BYTES)
CIPHER, NAME, CONTEXT = b"gh/v1/visitor", b"gh/v1/name", b"gh/v1/context"
Blocks = npt.NDArray[np.uint64]
"""Blocks of 16 bytes, two numbers each."""


def address_block(packed: bytes) -> bytes:
    """Return the block of a client: its 16 packed bytes; what is no address (the name of a host) is digested to as many."""
    return packed if len(packed) == TOKEN_BYTES else blake2b(packed, digest_size=TOKEN_BYTES, person=NAME).digest()


def context_block(account: str, ua_class: bytes) -> bytes:
    """Return the block of account and agent class; each is preceded by its length, so that no two pairs make one message."""
    digest = blake2b(digest_size=TOKEN_BYTES, person=CONTEXT)
    for value in (account.encode(), ua_class):
        digest.update(len(value).to_bytes(4, "big") + value)
    return digest.digest()


def tokens(key: bytes) -> Callable[[Blocks, Blocks], Blocks]:
    """Return what makes the tokens of columns of address blocks and context blocks under a day's key."""
    cipher = Cipher(AES256(blake2b(key=key, digest_size=32, person=CIPHER).digest()), ECB())  # noqa: S305 - the block cipher itself; the chaining is below

    def enciphered(blocks: Blocks) -> Blocks:
        return np.frombuffer(cipher.encryptor().update(np.ascontiguousarray(blocks).view(np.uint8).data), np.uint64).reshape(-1, 2)

    return lambda addresses, contexts: enciphered(enciphered(addresses) ^ contexts)


def blocks(column: pa.FixedSizeBinaryArray) -> Blocks:
    """Return a column of 16-byte values as blocks; a null is whatever lies there."""
    return np.frombuffer(column.buffers()[1], np.uint64)[2 * column.offset : 2 * (column.offset + len(column))].reshape(-1, 2)


def halves(found: Blocks, is_missing: npt.NDArray[np.bool_]) -> tuple[pa.Array, pa.Array]:
    """Return tokens as two columns of 64-bit numbers, null where one is missing."""
    mask = is_missing if is_missing.any() else None
    high, low = (pa.array(np.ascontiguousarray(found[:, half]).view(np.int64), mask=mask) for half in range(2))
    return high, low


def by_day(days: pa.Array) -> Iterator[tuple[date, npt.NDArray[np.int64] | slice]]:
    """Yield each day and its rows."""
    coded = days.dictionary_encode()
    if len(coded.dictionary) == 1:  # nothing to gather
        yield coded.dictionary[0].as_py(), slice(None)
        return
    places = coded.indices.to_numpy()
    order = np.argsort(places, kind="stable")
    ends = np.searchsorted(places[order], np.arange(len(coded.dictionary) + 1))
    for day, (begin, end) in zip(coded.dictionary.to_pylist(), pairwise(ends), strict=True):
        yield day, order[begin:end]
