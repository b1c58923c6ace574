"""Memory: each distinct value is looked at once, whatever pieces it comes in."""

import pyarrow as pa
import pytest

from dagster_project.scrubbing import memory
from dagster_project.scrubbing.columns import Alike
from dagster_project.scrubbing.memory import CLOSED, Memory

SCHEMA = {"upper": CLOSED, "length": pa.int32()}


def noting(noted: list[object]) -> Memory:
    """Return a memory of upper-cased texts and their lengths that notes what it is asked to make."""

    def made(*texts: str | None) -> tuple[str | None, int]:
        noted.append(texts)
        joined = None if None in texts else "".join(map(str, texts)).upper()
        return joined, len(joined or "")

    return Memory(made, SCHEMA)


def test_each_value_is_made_once() -> None:
    """Twenty-five thousand targets are read once in a run, not once in each piece; null is a value like any other."""
    noted: list[object] = []
    seen = noting(noted)
    first = seen.see(pa.array(["a", "bc", None, "a"]))
    second = seen.see(pa.array(["bc", "d", None]))
    assert first.column("upper").to_pylist() == ["A", "BC", None, "A"]
    assert second.column("upper").to_pylist() == ["BC", "D", None]
    assert second.column("length").to_pylist() == [2, 1, 0]
    assert noted == [(None,), ("a",), ("bc",), ("d",)]


def test_combinations_of_columns_are_values_too() -> None:
    """The client of a request is told by its address and by what its proxies say."""
    noted: list[object] = []
    seen = noting(noted)
    left, right = pa.array(["a", "a", "b", "a"]), pa.array(["x", "y", "x", "x"]).dictionary_encode()
    assert seen.see(left, right).column("upper").to_pylist() == ["AX", "AY", "BX", "AX"]
    assert noted == [("a", "x"), ("a", "y"), ("b", "x")]


def test_values_and_combinations_of_one_memory_are_kept_apart() -> None:
    """Only some pieces of a log name what proxies say of the client."""
    seen = noting([])
    alone, other = pa.array(["a", "b"]), pa.array(["x", "y"])
    assert seen.see(alone).column("upper").to_pylist() == ["A", "B"]
    assert seen.see(alone, other).column("upper").to_pylist() == ["AX", "BY"]
    assert seen.see(pa.array(["c", "a"])).column("upper").to_pylist() == ["C", "A"]
    assert seen.see(other, alone).column("upper").to_pylist() == ["XA", "YB"]


def test_an_encoded_column_may_hold_nulls_and_unused_values() -> None:
    """What was filtered leaves its dictionary whole."""
    column = pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int32()), pa.array(["unused", "a"]))
    assert noting([]).see(column).column("upper").to_pylist() == ["A", None]


def test_a_column_without_rows_is_seen() -> None:
    """A piece may hold no good line."""
    assert noting([]).see(pa.array([], pa.string())).column("length").to_pylist() == []


@pytest.mark.parametrize(("limit", "most"), [("MOST_VALUES", 2), ("MOST_CHARS", 3)])
def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    """A log in which every target is new must not fill the machine; what was made before stays right."""
    monkeypatch.setattr(memory, limit, most)
    noted: list[object] = []
    seen = noting(noted)
    first = seen.see(pa.array(["aa", "bb", "cc"]))
    assert seen.see(pa.array(["aa"])).column("upper").to_pylist() == ["AA"]
    assert first.column("upper").to_pylist() == ["AA", "BB", "CC"]
    assert noted.count(("aa",)) == 2


def test_has_any_tells_of_what_was_ever_made() -> None:
    """A column of zeros need not be added up."""
    seen = noting([])
    assert not seen.see(pa.array([None], pa.string())).has_any("length")
    assert seen.see(pa.array(["a"])).has_any("length")


def test_texts_that_are_alike_are_made_once() -> None:
    """A search is asked for with other words each time; a card number is one of the text itself."""
    noted: list[str | None] = []

    def made(text: str | None) -> tuple[str]:
        noted.append(text)
        return (str(text).upper(),)

    seen = Alike(lambda texts: texts.str.slice(0, 1), made, {"upper": CLOSED})
    found = [seen.see(pa.array(column, pa.string())) for column in (["a1", "b", None, "a 4111111111111111"], ["a2", "b", "a1"])]
    assert [each.column("upper").to_pylist() for each in found] == [["A", "B", "NONE", "A"], ["A", "B", "A"]]
    assert [each.column("cards").to_pylist() for each in found] == [[0, 0, 0, 1], [0, 0, 0]]
    assert noted == [None, "a", "b"]
