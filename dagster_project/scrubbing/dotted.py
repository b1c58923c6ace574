"""Dotted decimal addresses, which most are, read out of whole columns of texts."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dagster_project.compiled import compiled

_OCTETS, _LONGEST_OCTET, _LARGEST_OCTET = 4, 3, 255
_ZERO, _NINE, _DOT = ord("0"), ord("9"), ord(".")


def dotted(texts: pa.StringArray) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """Return texts as IPv4 addresses, each a number, and which of them are plain dotted decimal; of the others the number says nothing."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    written = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    numbers, is_dotted = np.zeros(len(texts), np.uint32), np.zeros(len(texts), np.bool_)
    _read(written, offsets, numbers, is_dotted)
    return numbers, is_dotted


@compiled
def _read(written: Any, offsets: Any, numbers: Any, is_dotted: Any) -> None:
    """Read each text: four numbers up to 255 with dots between, none of which begins with a needless 0."""
    for text in range(len(numbers)):
        at, end = offsets[text], offsets[text + 1]
        number, octets, is_plain = 0, 0, True
        while is_plain and octets < _OCTETS:
            begin, octet = at, 0
            while at < end and at - begin < _LONGEST_OCTET and _ZERO <= written[at] <= _NINE:
                octet = 10 * octet + written[at] - _ZERO
                at += 1
            octets += 1
            number = (number << 8) | octet
            is_plain = begin < at and octet <= _LARGEST_OCTET and (written[begin] != _ZERO or at - begin == 1)
            if is_plain and octets < _OCTETS:
                is_plain = at < end and written[at] == _DOT
                at += 1
        is_dotted[text] = is_plain and at == end
        numbers[text] = number
