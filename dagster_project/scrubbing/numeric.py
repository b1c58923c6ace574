"""Addresses written in plain numbers, which most are, read out of whole columns of texts."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dagster_project.compiled import compiled, part

_OCTETS, _LONGEST_OCTET, _LARGEST_OCTET = 4, 3, 255
_GROUPS, _LONGEST_GROUP, _GROUP_BITS, _WORD_BITS = 8, 4, 16, 64
_ZERO, _NINE, _DOT, _COLON = ord("0"), ord("9"), ord("."), ord(":")
_MAPPED = 0xFFFF << 32
_HEXADECIMAL = np.full(256, -1, np.int64)
for _digit in b"0123456789abcdefABCDEF":
    _HEXADECIMAL[_digit] = int(chr(_digit), 16)


def numeric(texts: pa.StringArray) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """Return texts as IPv6 addresses, IPv4 mapped, each two numbers, and the version of those that are plain: 4, 6, or 0 where the numbers say nothing.

    Plain are four octets with dots between, none with a needless 0; and groups of hexadecimal digits alone, "::" for some of them at most once.
    """
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    written = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    words, versions = np.zeros((len(texts), 2), np.uint64), np.zeros(len(texts), np.uint8)
    _read(written, offsets, words, versions)
    return words, versions


@part
def _octets(written: Any, at: int, end: int) -> Any:
    """Return an IPv4 address, -1 where it is none."""
    number, octets = 0, 0
    while octets < _OCTETS:
        begin, octet = at, 0
        while at < end and at - begin < _LONGEST_OCTET and _ZERO <= written[at] <= _NINE:
            octet = 10 * octet + written[at] - _ZERO
            at += 1
        if begin == at or octet > _LARGEST_OCTET or (written[begin] == _ZERO and at - begin > 1):
            return -1
        number, octets = (number << 8) | octet, octets + 1
        if octets < _OCTETS:
            if at == end or written[at] != _DOT:
                return -1
            at += 1
    return number if at == end else -1


@part
def _moved(high: Any, low: Any, bits: int) -> Any:
    """Return two words moved up by a number of bits, from 1 to 128."""
    if bits >= _WORD_BITS:
        return (low << np.uint64(bits - _WORD_BITS) if bits < 2 * _WORD_BITS else np.uint64(0)), np.uint64(0)
    return (high << np.uint64(bits)) | (low >> np.uint64(_WORD_BITS - bits)), low << np.uint64(bits)


@part
def _groups(written: Any, at: int, end: int) -> Any:
    """Tell whether a text is an IPv6 address, and return its two words."""
    nothing = np.uint64(0)
    high, low, groups = nothing, nothing, 0
    head_high, head_low, before = nothing, nothing, -1  # what stands before "::", and how many groups of it
    if at + 1 < end and written[at] == _COLON and written[at + 1] == _COLON:
        before, at = 0, at + 2
    while at < end:
        begin, group = at, 0
        while at < end and at - begin < _LONGEST_GROUP and _HEXADECIMAL[written[at]] >= 0:
            group = (group << 4) | _HEXADECIMAL[written[at]]
            at += 1
        if at == begin or groups == _GROUPS:
            return False, high, low
        high, low = _moved(high, low, _GROUP_BITS)
        low, groups = low | np.uint64(group), groups + 1
        if at == end:
            break
        if written[at] != _COLON or at + 1 == end:
            return False, high, low
        at += 1
        if written[at] == _COLON:
            if before >= 0:
                return False, high, low
            head_high, head_low, before = high, low, groups
            high, low, at = nothing, nothing, at + 1
    if before < 0:
        return groups == _GROUPS, high, low
    head_high, head_low = _moved(head_high, head_low, _GROUP_BITS * (_GROUPS - before))
    return groups < _GROUPS, head_high | high, head_low | low


@compiled
def _read(written: Any, offsets: Any, words: Any, versions: Any) -> None:
    for text in range(len(versions)):
        at, end = offsets[text], offsets[text + 1]
        number = _octets(written, at, end)
        if number >= 0:
            versions[text], words[text, 1] = 4, np.uint64(_MAPPED | number)
            continue
        is_read, high, low = _groups(written, at, end)
        if is_read:
            versions[text], words[text, 0], words[text, 1] = 6, high, low
