"""Lines of every format, damaged in every way: each is a row, an indexed reject or blank, soon, and none spoils its neighbour."""

import json
import os
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.reading.logs import FORMATS, parse, promising, reader, remaining
from dagster_project.reading.logs.carried import alone
from dagster_project.reading.logs.lines import split
from dagster_project.reading.logs.matching import columns
from dagster_project.reading.logs.promising import Candidates
from dagster_project.reading.logs.reader import are_read

FUZZ_SECONDS = float(os.environ.get("GLASSHOUSE_FUZZ_SECONDS", "60"))
SHAPES = [json.loads(line) for line in Path(__file__).with_name("shapes.jsonl").read_text(encoding="utf-8").splitlines()]
LINES = [(record["format"], record["raw"].encode()) for record in SHAPES] + [(entry.name, line.encode()) for entry in FORMATS for line in entry.example.split("\n")]
NAMES = [entry.name for entry in FORMATS]
JUNK = [
    b'"', b"\\", b"[", b"]", b" ", b"\0", b"\xff", b"\xef\xbb\xbf", b"-", b",", b":", b"{", b"}", b"\t", b"\r", b"%", b"#", b"#Fields: ", b"\\x", b"\\u00",
    b"1e999", b"9" * 30, "٣".encode(), "\u2028".encode(), b"\x0b", b"\x85", b"NaN", b"null", b"-1", b"+", b"=", b"'", b"\n", b"\r\n", b"(", b")", b"|",
]  # fmt: skip
SOON_S = 2.0


def damaged(line: bytes, chance: random.Random) -> bytes:
    """Cut a line anywhere, flip bytes of it, double its blanks, put junk into it or behind it, repeat or drop a part."""
    for _ in range(chance.randint(1, 4)):
        here, there = sorted((chance.randint(0, len(line)), chance.randint(0, len(line))))
        line = chance.choice(
            [
                line[:here],
                line[here:],
                line[:here] + bytes([chance.randrange(256)]) + line[here + 1 :],
                line[:here] + chance.choice(JUNK) * chance.choice([1, 1, 2, 60]) + line[here:],
                line + chance.choice(JUNK) + chance.randbytes(chance.randrange(20)),
                line.replace(b" ", b"  ", chance.choice([1, -1])),
                line[:here] + line[there:],
                line[:there] + line[here:there] + line[there:],
                line[:here] + chance.choice(JUNK) + line[there:],
            ]
        )
    return line


def assert_accounted(body: bytes, known: str) -> None:
    """Parse, and see that rows, rejects and lines that hold nothing are all the lines there are."""
    begun = time.process_time()
    parsed = parse(body, known)
    assert time.process_time() - begun < SOON_S
    rows, rejects = parsed.rows["line_number"].to_pylist(), parsed.rejects.to_pylist()
    lines = body.split(b"\n")[: body.count(b"\n") + (not body.endswith(b"\n"))] if body else []
    found = [*rows, *(reject["line_number"] for reject in rejects)]
    assert len(found) == len(set(found))
    assert rows == sorted(rows)
    held = {number for number, line in enumerate(lines, 1) if holds_something(line, known)}
    assert held <= set(found) <= set(range(1, len(lines) + 1))
    for reject in rejects:
        assert body[reject["byte_offset"] :][: reject["length"]] == lines[reject["line_number"] - 1].rstrip(b"\r\n")


def holds_something(line: bytes, known: str) -> bool:
    """Tell whether a line must be a row or a reject; comments may be neither, and directives behind what carries them in W3C logs only."""
    text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
    bare = text.strip("\0").lstrip()
    return bool(text) and not (bare.startswith("#") or (known in ("auto", "iis", "cloudfront", "w3c") and re.match(r"#[A-Z][A-Za-z-]+: ", alone(bare))))


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(LINES), min_size=1, max_size=4), st.sampled_from(["auto", "its own", *NAMES]))
@settings(max_examples=300, deadline=None)
def test_a_damaged_line_is_accounted_for(chance: random.Random, lines: list[tuple[str, bytes]], known: str) -> None:
    """A log is what others send; whatever they send, no line may vanish, stop the reading or be counted twice."""
    body = b"\n".join(chance.choice([line, damaged(line, chance)]) for _, line in lines)
    assert_accounted(body, lines[0][0] if known == "its own" else known)


@given(st.randoms(use_true_random=False), st.sampled_from(LINES))
@settings(max_examples=30, deadline=None)
def test_a_damaged_line_spoils_no_neighbour(chance: random.Random, named: tuple[str, bytes]) -> None:
    """Columns are read by the thousand; the good lines among them must read as they do alone."""
    known, line = named
    good = parse(line + b"\n", known).rows.drop_columns("line_number")
    bad = [damaged(line, chance).replace(b"\n", b" ").replace(b"#Fields", b"#fields") for _ in range(40)]
    body = b"".join(line + b"\n" + each + b"\n" for each in bad for _ in range(4))
    rows = parse(body, known).rows.to_pylist()
    assert [row for row in rows if row.pop("line_number") % 2] == good.to_pylist() * (160 if good.num_rows else 0)
    assert_accounted(body, known)


@pytest.mark.parametrize("known", [entry.name for entry in FORMATS if not entry.parts])
def test_damaged_lines_among_many_say_what_each_says_alone(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not written plainly is left to the exact patterns by all that reads many lines at once: the first layout, the further ones, and without heads."""
    chance = random.Random(known)
    shapes = [line for name, line in LINES if name == known]
    heads, tails = [b""] * 6 + [b"2026-03-02T10:15:01.5Z stdout F ", b"Mar  2 10:15:01 web1 app[42]: "], [b""] * 9 + [b" ", b"\t"]
    written = [chance.choice([line, line, line, damaged(line, chance)]).translate(None, b"\r\n#") for line in chance.choices(shapes, k=150)]
    lines = [chance.choice(heads) + line + chance.choice(tails) for line in written]
    ones = [[row for row in parse(b"#\n" + line + b"\n", known).rows.to_pylist() if row["line_number"] == 2] for line in lines]
    for module in (columns, promising, reader, remaining):
        monkeypatch.setattr(module, "FEWEST_LINES", 2)
    monkeypatch.setattr(remaining, "FEWEST_LEFT", 2)
    many = parse(b"#\n" + b"".join(line + b"\n" for line in lines), known).rows.to_pylist()
    expected = [{**row, "line_number": number} for number, [row] in ((number, one) for number, one in enumerate(ones, 2) if one)]
    assert expected
    assert [row for row in many if row["line_number"] > 1] == expected


def test_no_line_escapes_the_pattern_that_finds_those_a_format_may_read() -> None:
    """A format that is not asked loses its lines in large files only, where nobody looks."""
    chance = random.Random(7)
    lines = [line for _, line in LINES]
    lines += [damaged(chance.choice(lines), chance).replace(b"\n", b" ") for _ in range(2000)]
    piece = split(b"\n".join(lines) + b"\n")
    everything = np.arange(len(piece))
    for known in FORMATS:
        if not known.parts:
            read = {index for index, is_read in are_read(piece, known) if is_read}
            assert read <= set(Candidates(piece, everything).of(known).tolist()), known.name


def test_few_long_lines_are_looked_at_by_patterns_for_many() -> None:
    """Each of a hundred exact patterns took a line of a megabyte apart, which took seconds for every one that nothing reads."""
    few, long = split(b"a\n" * 20), split((b"a" * 100_000 + b"\n") * 20)
    known = [known for known in FORMATS if known.layouts]
    assert all(Candidates(few, np.arange(20)).of(each).size == 20 for each in known)
    assert not any(Candidates(long, np.arange(20)).of(each).size for each in known)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_damage_goes_on_for_a_while(seed: int) -> None:
    """The same over every format for GLASSHOUSE_FUZZ_SECONDS, a minute unless told otherwise."""
    chance = random.Random(f"{seed}{time.time() if 'GLASSHOUSE_FUZZ_SECONDS' in os.environ else ''}")
    begun = time.monotonic()
    count = 0
    while time.monotonic() - begun < FUZZ_SECONDS:
        known, line = chance.choice(LINES)
        body = b"\n".join(chance.choice([line, damaged(line, chance), damaged(chance.choice(LINES)[1], chance)]) for _ in range(chance.choice([1, 2, 5, 200])))
        assert_accounted(body, chance.choice(["auto", known, chance.choice(NAMES)]))
        count += 1
    assert count
