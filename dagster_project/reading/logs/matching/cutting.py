"""Lines cut into the items of a plan, and their texts numbered, in one walk over the bytes of a log by compiled code.

Texts stay where they lie until it is known which of them are different; only those are copied. Compiled code is kept between runs for as long
as this file is the same, so it looks at no constant of another one.
"""

import secrets
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dagster_project.compiled import compiled, part
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.matching.plans import Plan
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Sizes = npt.NDArray[np.int32]

_NO_ENDS, _AROUND = (ord(","), ord(" ")), (ord("\n"), ord("\r"), ord(" "), ord("\t"))
_WORD = 8  # bytes that are looked at together
_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES, _CONTROLS = np.uint64(ord('"')) * _ONES, np.uint64(ord("\\")) * _ONES, np.uint64(ord(" ")) * _ONES
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_TAG = np.uint64(0xFFFFFFFF00000000)  # in a table: half of a text's hash, and behind it the text's number from 1
_KEY = np.uint64(secrets.randbits(64) | 1)  # another one in each process: nobody can write texts that meet in a table


def cut(lines: Lines, start: int, stop: int, how: Plan) -> tuple[Places, list[pa.DictionaryArray]]:
    """Return the lines from `start` up to `stop` that hold the items of a plan, by their indexes from 0, and their columns, each text once."""
    body, bounds = np.frombuffer(lines.decoded.body, np.uint8), lines.decoded.bounds[start : stop + 1]
    begins, sizes = np.empty((how.columns, stop - start), np.int64), np.empty((how.columns, stop - start), np.int32)
    is_cut = np.empty(stop - start, np.bool_)
    _cut(body, bounds, (how.items, how.kinds, how.literals), begins, sizes, is_cut)
    is_cut &= lines.lengths()[start:stop] <= LONGEST_LINE_BYTES
    unusual = lines.unusual[(lines.unusual >= start) & (lines.unusual < stop)]
    is_cut[unusual - start] = False
    kept = np.flatnonzero(is_cut)
    if len(kept) < len(is_cut):
        begins, sizes = begins.take(kept, axis=1), sizes.take(kept, axis=1)  # each column in one piece, which compiled code is made for
    table = np.empty(1 << max(4, (2 * len(kept)).bit_length()), np.uint64)
    return kept + start, [numbered(body, *places, table) for places in zip(begins, sizes, strict=True)]


def numbered(body: Bytes, begins: Places, sizes: Sizes, table: npt.NDArray[np.uint64]) -> pa.DictionaryArray:
    """Return the texts that begin at some places, each of them once, in the order of first sight; `table`, more than twice as long as they are many, is written over."""
    numbers, firsts = np.empty(len(begins), np.int32), np.empty(len(begins), np.int64)
    table.fill(0)
    count = _number(body, begins, sizes, table, numbers, firsts, _KEY)
    firsts = firsts[:count]
    offsets = np.concatenate(([0], np.cumsum(sizes[firsts])))
    data = np.empty(offsets[-1], np.uint8)
    _copy(body, begins[firsts], offsets, data)
    texts = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data)).cast(pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(numbers), texts)


@part
def _byte(body: Bytes, at: int) -> Any:
    """Return a byte; unsigned, its place is not looked for from the end."""
    return body[np.uint64(at)]


@part
def _bytes(body: Bytes, at: int, size: int) -> Any:
    """Return up to eight bytes as a number."""
    found = np.uint64(0)
    for place in range(size):
        found |= np.uint64(_byte(body, at + place)) << np.uint64(8 * place)
    return found


@part
def _word(body: Bytes, at: int) -> Any:
    """Return eight bytes as a number: one load for the processor, as their count is known."""
    return _bytes(body, at, _WORD)


@part
def _few(body: Bytes, at: int, size: int) -> Any:
    """Return fewer than eight bytes as a number."""
    if at + _WORD <= len(body):
        return _word(body, at) & ((np.uint64(1) << np.uint64(8 * size)) - np.uint64(1))
    return _bytes(body, at, size)


@part
def _stirred(hashed: Any, word: Any, key: Any) -> Any:
    hashed = (hashed ^ word) * _FACTOR
    return (hashed ^ (hashed >> np.uint64(32))) * key


@part
def _hashed(body: Bytes, begin: int, size: int, key: Any) -> Any:
    """Return the hash of a text; of eight bytes and more, the last eight are looked at together, whatever of them was looked at before."""
    hashed = key ^ np.uint64(size)
    if size < _WORD:
        hashed = _stirred(hashed, _few(body, begin, size), key)
    else:
        for at in range(begin, begin + size - _WORD, _WORD):
            hashed = _stirred(hashed, _word(body, at), key)
        hashed = _stirred(hashed, _word(body, begin + size - _WORD), key)
    return hashed ^ (hashed >> np.uint64(29))


@part
def _are_same(body: Bytes, one: int, other: int, size: int) -> bool:
    """Tell whether two texts of a size are the same, looked at as _hashed does."""
    if size < _WORD:
        return bool(_few(body, one, size) == _few(body, other, size))
    for at in range(0, size - _WORD, _WORD):
        if _word(body, one + at) != _word(body, other + at):
            return False
    return bool(_word(body, one + size - _WORD) == _word(body, other + size - _WORD))


@part
def _begin_of_text(body: Bytes, begin: int, end: int) -> int:
    """Return where a line begins but for blanks, which carried.readings takes off too."""
    while begin < end and _byte(body, begin) in _AROUND:
        begin += 1
    return begin


@part
def _end_of_text(body: Bytes, begin: int, end: int) -> int:
    """Return where a line ends but for its line end and blanks."""
    while end > begin and _byte(body, end - 1) in _AROUND:
        end -= 1
    return end


@part
def _has_zero(word: Any) -> Any:
    """Return other than 0 where one of eight bytes is 0."""
    return (word - _ONES) & ~word & _HIGH


@part
def _may_end_quoted(word: Any) -> Any:
    """Return other than 0 where one of eight bytes may end what stands in quotes: a quote, a backslash or a control character."""
    return _has_zero(word ^ _QUOTES) | _has_zero(word ^ _BACKSLASHES) | ((word - _CONTROLS) & ~word & _HIGH)


@part
def _end_of_quoted(body: Bytes, at: int, end: int, kinds: Bytes, stops: int) -> int:
    """Return where an item in quotes ends; eight bytes that cannot end it are passed over together."""
    while at < end:
        if at + _WORD <= end and not _may_end_quoted(_word(body, at)):
            at += _WORD
        elif kinds[_byte(body, at)] & stops:
            break
        else:
            at += 1
    return at


@part
def _end_of_free(body: Bytes, at: int, end: int, kinds: Bytes, stops: int) -> int:
    """Return where an item between separators ends."""
    while at < end and not kinds[_byte(body, at)] & stops:
        at += 1
    return at


@part
def _is_whole(body: Bytes, begin: int, end: int) -> bool:
    """Tell whether a text holds something, and no comma or blank at an end."""
    return bool(begin < end and _byte(body, begin) not in _NO_ENDS and _byte(body, end - 1) not in _NO_ENDS)


@part
def _is_literal(body: Bytes, begin: int, end: int, literals: Bytes, item: Any) -> bool:
    is_same = end - begin == item.literal_size
    for place in range(item.literal_size if is_same else 0):
        is_same &= _byte(body, begin + place) == literals[item.literal_at + place]
    return bool(is_same)


@part
def _share(body: Bytes, begins: Places, sizes: Sizes, line: int, above: int) -> None:
    """Say of each text of a line that is the same in the line above that it begins there; above the first, at -1, is none."""
    for column in range(len(begins) if above >= 0 else 0):
        size = sizes[column, line]
        if size == sizes[column, above] and _are_same(body, begins[column, above], begins[column, line], size):
            begins[column, line] = begins[column, above]


@compiled
def _cut(body: Bytes, bounds: Places, how: Any, begins: Places, sizes: Sizes, is_cut: Any) -> None:  # noqa: C901, PLR0913, PLR0917 - in parts it takes a tenth more
    """Note where the items of each line are, and of which lines nothing else stands in them; a text may be noted where the line above has it."""
    items, kinds, literals = how
    above = -1
    for line in range(len(bounds) - 1):
        at, is_cut[line] = _begin_of_text(body, bounds[line], bounds[line + 1]), False
        end = _end_of_text(body, at, bounds[line + 1])
        for place in range(len(items)):
            item, begin = items[place], at
            at = _end_of_quoted(body, at, end, kinds, item.stops) if item.is_quoted else _end_of_free(body, at, end, kinds, item.stops)
            if item.column >= 0:
                if not item.extends:
                    begins[item.column, line] = begin
                sizes[item.column, line] = at - begins[item.column, line]
            if item.is_whole and not _is_whole(body, begin, at):
                break
            if item.literal_size >= 0 and not _is_literal(body, begin, at, literals, item):
                break
            if at == end and not item.is_glued:
                is_cut[line] = place == len(items) - 1
                break
            if at < end and _byte(body, at) != item.end:
                break
            if not item.is_glued:
                at += 1
        if is_cut[line]:
            _share(body, begins, sizes, line, above)
            above = line


@compiled
def _number(body: Bytes, begins: Places, sizes: Sizes, table: Any, numbers: Any, firsts: Places, key: Any) -> int:  # noqa: PLR0913, PLR0917
    """Give different texts different numbers, and note where each was seen first; return how many there are."""
    mask = np.uint64(len(table) - 1)
    count = 0
    for row in range(len(begins)):
        begin, size = begins[row], sizes[row]
        if row and size == sizes[row - 1] and begin == begins[row - 1]:
            numbers[row] = numbers[row - 1]
            continue
        hashed = _hashed(body, begin, size, key)
        place, tag = hashed & mask, hashed & _TAG
        while True:
            held = table[place]
            number = np.int64(held & ~_TAG) - 1
            if number < 0:
                number = np.int64(count)
                firsts[number] = row
                count += 1
                table[place] = tag | np.uint64(count)
                break
            if held & _TAG == tag and sizes[firsts[number]] == size and _are_same(body, begins[firsts[number]], begin, size):
                break
            place = (place + np.uint64(1)) & mask
        numbers[row] = number
    return count


@compiled
def _copy(body: Bytes, begins: Places, offsets: Places, data: Bytes) -> None:
    """Copy texts one behind the other."""
    for text in range(len(begins)):
        shift = begins[text] - offsets[text]
        for at in range(offsets[text], offsets[text + 1]):
            data[at] = _byte(body, at + shift)
