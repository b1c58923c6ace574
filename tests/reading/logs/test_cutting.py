"""Compiled code that walks through the bytes of a log says what Python's own says of them."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.reading.logs.lines import split
from dagster_project.reading.logs.matching.cutting import cut, numbered
from dagster_project.reading.logs.matching.plans import ODD, Item, plan

_TEXTS = st.text("ab\0é\u20ac", max_size=40)
_ALIKE = [("x" * at + other + "x" * (size - at - 1)) for size in (1, 7, 8, 9, 15, 16, 17, 40) for at in range(size) for other in "xy"]
_LINE = (Item(b" ", 0, is_whole=True), Item(b" ", literal=b"-"), Item(b" ", 1), Item(b'"', 1, extends=True), Item(b'"', 2, may_hold=b" "), Item(b"", literal=b""))
"""Of a line as `192.0.2.7 - 10 11"a b"`."""


def _numbered(texts: list[str], behind: str = "") -> pa.DictionaryArray:
    written = [text.encode() for text in texts]
    sizes = np.array([len(text) for text in written], np.int32)
    table = np.empty(1 << (4 * len(texts) + 4).bit_length(), np.uint64)
    return numbered(np.frombuffer(b"".join(written) + behind.encode(), np.uint8), np.cumsum(sizes, dtype=np.int64) - sizes, sizes, table)


def _cut(body: bytes, items: tuple[Item, ...] = _LINE, separator: str = " ") -> list[tuple[int, list[str]]]:
    lines = split(body)
    kept, columns = cut(lines, 0, len(lines), plan(items, separator.encode()))
    return [(int(line), list(texts)) for line, *texts in zip(kept, *(column.to_pylist() for column in columns), strict=True)]


@given(st.lists(_TEXTS, min_size=1, max_size=60), st.sampled_from(["", "x", "x" * 40]))
@settings(max_examples=200, deadline=None)
def test_texts_are_numbered_as_they_are_first_seen(texts: list[str], behind: str) -> None:
    """Routes are numbered in the order of the texts, and a text that stands twice would be two."""
    found = _numbered(texts, behind)
    assert found.to_pylist() == texts
    assert found.dictionary.to_pylist() == list(dict.fromkeys(texts))


def test_texts_that_differ_in_one_byte_are_different() -> None:
    """Eight bytes are compared at a time: none may be passed over, wherever it stands in a text of any size."""
    for texts in (_ALIKE, _ALIKE[::-1], sorted(_ALIKE * 3)):
        found = _numbered(texts)
        assert found.to_pylist() == texts
        assert found.dictionary.to_pylist() == list(dict.fromkeys(texts))


def test_many_texts_are_told_apart() -> None:
    """A table of hashes is full of meetings."""
    texts = [f"{number:x}" for number in range(50_000)]
    assert _numbered([*texts, *texts]).dictionary.to_pylist() == texts


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r\r\n"])
def test_a_line_is_cut_at_its_signs(end: bytes) -> None:
    """A last line without an end is one like any other, and what ends a line is no text of it."""
    lines = [b'192.0.2.7 - 10 11"a b"', b'x - 10 11""', b' - 10 11"a"', b'x - 10 11"a"', 'é -  11"€ "'.encode()]
    expected = [["192.0.2.7", "10 11", "a b"], ["x", "10 11", ""], None, ["x", "10 11", "a"], ["é", " 11", "€ "]]
    assert _cut(b"\n".join(lines) + end) == [(at, texts) for at, texts in enumerate(expected) if texts]
    for line, texts in zip(lines, expected, strict=True):
        assert _cut(line + end) == ([(0, texts)] if texts else [])


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b" ", b'"', b"x", b"x -", b"x - 10", b'x - 10 11"a', b'x - 10 11"a"b', b'x - 10 11"a" b', b'x - 10 11"a""', b'x + 10 11"a"',
        b'x -- 10 11"a"', b'x  - 10 11"a"', b',x - 10 11"a"', b'x, - 10 11"a"',
    ],
)  # fmt: skip
def test_a_line_with_more_or_less_is_left(line: bytes) -> None:
    """Whatever else stands in a line is for the exact pattern."""
    good = b'x - 10 11"a"\n'
    assert _cut(line) == []
    assert [at for at, _ in _cut(good + line.removesuffix(b"\n") + b"\n" + good)] == [0, 2]


@pytest.mark.parametrize("blanks", [b" ", b"\t", b" \t ", b" \r"])
def test_blanks_around_a_line_are_no_text_of_it(blanks: bytes) -> None:
    """Whoever reads the line alone takes them off: what its last field says must not end with one among many lines only."""
    assert _cut(blanks + b'x - 10 11"a"' + blanks + b"\r\n" + b'x - 10 12"a"' + blanks) == [(0, ["x", "10 11", "a"]), (1, ["x", "10 12", "a"])]
    assert _cut(b"a" + blanks + b"\n" + blanks + b"a\n" + blanks, (Item(b"", 0, is_whole=True),)) == [(0, ["a"]), (1, ["a"])]


@pytest.mark.parametrize("odd", [*(bytes([sign]) for sign in ODD), b'"', "\ufeff".encode(), "\u00a0".encode(), "\u3000".encode()])
def test_an_odd_sign_is_found_at_each_place(odd: bytes) -> None:
    """Eight bytes are looked at together: none of them hides an odd one."""
    for size in range(20):
        for at in range(size + 1):
            text = b"a" * at + odd + b"b" * (size - at)
            assert _cut(b'x - 10 11"' + text + b'"') == []
            assert _cut(b"x" + text + b' - 10 11"a"') == []


@given(st.lists(st.tuples(*[st.text("ab,é", max_size=20)] * 2, st.text("ab é,", max_size=20)), max_size=20), st.sampled_from(["", "\n", "\r\n"]))
@settings(max_examples=200, deadline=None)
def test_what_is_joined_is_cut(drawn: list[tuple[str, str, str]], end: str) -> None:
    """A line that was written of texts is those texts again."""
    body = (end or "\n").join(f'{one} - {two} {two}"{three}"' for one, two, three in drawn) + end
    whole = [(at, [one, f"{two} {two}", three]) for at, (one, two, three) in enumerate(drawn) if one and "," not in (one[0], one[-1])]
    assert (_cut(body.encode()) if drawn else []) == whole


def test_invalid_bytes_are_cut_as_their_replacements() -> None:
    """Half a character at the end of one text does not take the sign behind it."""
    assert _cut(b'x\xe2 - 10 11"\xff"') == [(0, ["x\ufffd", "10 11", "\ufffd"])]


def test_signs_between_tabs() -> None:
    """A tab is odd but where it separates; blanks around a text between tabs are for the exact pattern, but for those around the line."""
    items = (Item(b"\t", 0, is_whole=True), Item(b"", 1, is_whole=True))
    assert _cut(b"a b\tc\nab c\nd \te\nd\t e\nd\te \ng\t", items, "\t") == [(0, ["a b", "c"]), (4, ["d", "e"])]


def test_a_folder_where_nothing_can_be_kept_is_no_fault(tmp_path: Path) -> None:
    """A package that belongs to somebody else is read by code that is compiled anew."""
    package = tmp_path / "read_only"
    package.mkdir()
    (package / "adding.py").write_text("from dagster_project.compiled import compiled\n\n\n@compiled\ndef add(one: int, other: int) -> int:\n    return one + other\n")
    (package / "__pycache__").write_text("no folder")
    package.chmod(stat.S_IRUSR | stat.S_IXUSR)
    keeps_nothing = {**os.environ, "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/x", "NUMBA_CACHE_DIR": "", "PYTHONPATH": os.pathsep.join([str(package), *sys.path])}
    said = subprocess.run([sys.executable, "-c", "import adding; print(adding.add(1, 2))"], env=keeps_nothing, capture_output=True, text=True, check=False)
    assert (said.stdout, said.stderr) == ("3\n", "")
