"""The tree: the vectors that implementations of RFC 6962 share, and its proofs against each other."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.evidence.merkle import canonical, consistency, is_continued, leaf_hash, path, root, root_by_path, roots

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
MANY = [leaf_hash(bytes([number])) for number in range(20)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_shared_vectors(size: int) -> None:
    """Any other program of that RFC must come to the same root, or the proof is ours alone."""
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing() -> None:
    """An account without a line has a root too: the SHA-256 of nothing."""
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", ROOTS_OF_2_3 := "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
        (2, 3, [ROOTS[1]]),
    ],
)  # fmt: skip
def test_paths_are_those_of_the_shared_vectors(index: int, size: int, expected: list[str]) -> None:
    """From the leaf up, as the RFC orders them."""
    assert [each.hex() for each in path(LEAVES[:size], index)] == expected


def test_roots_in_one_pass() -> None:
    """Every head of a ledger is checked in one reading."""
    assert list(roots(MANY, range(1, 21))) == [root(MANY[:size]) for size in range(1, 21)]


@given(st.integers(1, 20), st.data())
def test_a_path_leads_to_the_root_from_its_leaf_alone(size: int, data: st.DataObject) -> None:
    """Another leaf, another place, a step more or less or changed: none of them may lead there."""
    index = data.draw(st.integers(0, size - 1))
    proof, expected = path(MANY[:size], index), root(MANY[:size])
    assert root_by_path(MANY[index], index, size, proof) == expected
    assert root_by_path(leaf_hash(b"other"), index, size, proof) != expected
    assert root_by_path(MANY[index], index, size, [*proof, MANY[0]]) != expected
    for other in set(range(-1, size + 1)) - {index}:
        assert root_by_path(MANY[index], other, size, proof) != expected
    for step in range(len(proof)):
        assert root_by_path(MANY[index], index, size, [*proof[:step], MANY[19][::-1], *proof[step + 1 :]]) != expected
        assert root_by_path(MANY[index], index, size, [*proof[:step], *proof[step + 1 :]]) != expected


@given(st.integers(1, 20), st.data())
def test_consistency_shows_a_beginning_and_nothing_else(size: int, data: st.DataObject) -> None:
    """Whoever kept an old root must see at once that the past was rewritten."""
    old = data.draw(st.integers(1, size))
    proof, was, now = consistency(MANY[:size], old), root(MANY[:old]), root(MANY[:size])
    assert is_continued(was, old, now, size, proof)
    assert not is_continued(MANY[19][::-1], old, now, size, proof)
    assert not is_continued(was, old, MANY[19][::-1], size, proof)
    assert not is_continued(was, old, now, size, [*proof, MANY[0]])
    for step in range(len(proof)):
        assert not is_continued(was, old, now, size, [*proof[:step], MANY[19][::-1], *proof[step + 1 :]])
    for other in set(range(1, size + 1)) - {old}:
        assert not is_continued(was, other, now, size, proof)


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(VALUES)
def test_there_is_one_way_of_writing(value: object) -> None:
    """The quick way and the slow one are the same bytes, or a proof would hang on the alphabet of an id."""
    assert canonical(value) == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
