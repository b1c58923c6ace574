"""A server's log format may change in the middle of a file, far behind the lines that tell what the file is."""

import json
import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dagster_project.engines.intake.accounting import Entry
from dagster_project.reading.files import Found
from dagster_project.reading.logs import FORMATS, parse, parse_claims
from dagster_project.reading.logs.detect import HEAD_LINES, detect
from dagster_project.reading.logs.promising import FEWEST_LINES
from dagster_project.reading.pieces import PIECE_BYTES, pieces
from tests.sampling import sampled

SHAPES = [json.loads(line)["raw"] for line in Path(__file__).with_name("shapes.jsonl").read_text(encoding="utf-8").splitlines()]
LINES = {entry.name: f"{entry.example}\n" for entry in FORMATS if not entry.parts}


@pytest.mark.parametrize("count", [1, FEWEST_LINES])
def test_a_format_that_begins_behind_the_first_lines_is_read(count: int) -> None:
    """An administrator who adds the agent to a LogFormat, and later writes JSON, must not lose all that follows."""
    known = ["common", "combined", "json", "haproxy"]
    parsed = parse("".join(LINES[name] * (HEAD_LINES if name == "common" else count) for name in known).encode())
    expected = [row for name in known for row in parse(LINES[name].encode(), name).rows.drop_columns("line_number").to_pylist() * (HEAD_LINES if name == "common" else count)]
    assert parsed.rows.drop_columns("line_number").to_pylist() == expected
    assert parsed.rows["line_number"].to_pylist() == list(range(1, len(expected) + 1))
    assert (parsed.rejects.num_rows, parsed.others) == (0, ("json", "haproxy", "combined"))


@pytest.mark.parametrize("name", LINES)
def test_one_line_of_any_format_is_read_wherever_it_stands(name: str) -> None:
    """What a line says must not depend on where in a file it stands."""
    body = LINES["common"] * HEAD_LINES + "hello\n" + LINES[name] + "hello\n"
    parsed = parse(body.encode())
    assert parsed.rejects["line_number"].to_pylist() == [HEAD_LINES + 1, HEAD_LINES + 3]
    assert parsed.rows.slice(HEAD_LINES).drop_columns("line_number").equals(parse(LINES[name].encode()).rows.drop_columns("line_number"))


_MET = '192.0.2.7 - - [02/Mar/2026:10:15:00 +0000] "GET /jobs HTTP/1.1"'
LIKE_OTHERS = [
    ("traefik", f'{_MET} 304 5 "-" "-" 262 - - 0ms'),
    ("combined", f'{_MET} 200 5 "-" "" 421 - 0.012'),
    ("spring", '[02/Mar/2026:10:15:00 +0000] 192.0.2.7 "GET /jobs HTTP/1.1" 200 (12 ms)'),
    ("sogo", f"{_MET} 200 34/38 0.311 - - 2M"),
    ("actix", LINES["actix"].strip()),
]


@pytest.mark.parametrize("own", [known for known in LINES if known != "logfmt"])
def test_what_a_line_says_does_not_depend_on_the_format_of_its_file(own: str) -> None:
    """Lines that a plainer format takes for bad ones of its own, or for other ones, are what they are in a file of theirs; Heroku's are pairs too, whose keys say less."""
    lines = [*((name, line.strip("\n")) for name, line in LINES.items()), *LIKE_OTHERS]
    parsed = parse_claims("".join(f"{line}\n" for _, line in lines).encode(), own, is_detected=True, is_begin=False)
    assert parsed.rejects.num_rows == 0
    expected = [row for name, line in lines for row in parse_claims(f"{line}\n".encode(), name).rows.drop_columns("line_number").to_pylist()]
    assert parsed.rows.drop_columns("line_number").to_pylist() == expected


def test_a_router_among_pairs_says_its_client() -> None:
    """A drain of Heroku's holds the lines of the router and of the application, which may be pairs."""
    parsed = parse((LINES["logfmt"] * HEAD_LINES + LINES["heroku"]).encode())
    assert (parsed.rejects.num_rows, set(parsed.rows["client_ip"].to_pylist())) == (0, {"192.0.2.7"})


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("", LINES["combined"][: LINES["combined"].index(' "https')], "truncated_last"),
        (LINES["vhost_combined"].partition(":443 ")[2], "", "truncated_first"),
        ("", LINES["combined"].replace("5120", "4111111111111111"), "bad_size"),
        ("", LINES["combined"].replace("/Mar/", "/Mur/"), "bad_time"),
    ],
)
def test_half_a_line_is_no_line_of_a_poorer_format(first: str, last: str, reason: str) -> None:
    """Cut where a shorter format ends, a line reads well and says another size or another host."""
    known = "vhost_combined" if first else "combined"
    body = (first + LINES[known] * HEAD_LINES * 2 + last).encode()
    parsed = parse_claims(body, known, is_detected=True)
    assert (parsed.rows.num_rows, parsed.rejects["reason"].to_pylist()) == (HEAD_LINES * 2, [reason])


@pytest.mark.parametrize(("known", "first"), [("combined", "common"), ("traefik", "common"), ("json", "combined"), ("combined", "haproxy"), ("bunkerweb", "npm")])
def test_a_whole_first_line_of_another_format_is_read(known: str, first: str) -> None:
    """The line before a LogFormat was changed is a request, too: it ends as no line of the new format ends that lost its begin."""
    parsed = parse((LINES[first] + LINES[known] * HEAD_LINES).encode())
    assert (parsed.rejects.num_rows, parsed.others) == (0, (first,))
    assert parsed.rows.slice(0, 1).equals(parse(LINES[first].encode()).rows)


def test_a_format_that_is_named_is_the_only_one() -> None:
    """A setting says what the lines are; what is not of it is a fault to be told."""
    parsed = parse((LINES["common"] * HEAD_LINES + LINES["json"]).encode(), "common")
    assert (parsed.rows.num_rows, parsed.rejects["reason"].to_pylist()) == (HEAD_LINES, ["no_match"])


MIXED = [line.strip("\n") for line in (*LINES.values(), *SHAPES)]
MIXED += ["hello", "", "2026-03-02 10:15:00 ERROR db down: x=1", "\ufeff" + LINES["common"].strip(), "\ufeffx", '{"a":', "x" * 3000]


def _in_pieces(path: Path, piece_bytes: int) -> tuple[str | None, list[Any], list[Any]]:
    """Return what the ledger calls the format of a file, its rows, and its refused lines."""
    known = detect(path.read_bytes()).format
    entry = Entry("x", Found("web_logs", "shop", path), path.name, known)
    rows, rejects = [], []
    for piece in pieces(entry.found, piece_bytes=piece_bytes):
        parsed = parse_claims(piece.body, known or "auto", is_detected=True, is_begin=piece.first_line == 1)
        entry.saw_formats(parsed.others)
        for table, found in ((parsed.rows, rows), (parsed.rejects, rejects)):
            found += [{**row, "line_number": row["line_number"] + piece.first_line - 1, "byte_offset": None} for row in table.to_pylist()]
    return entry.format, rows, rejects


@pytest.mark.parametrize(("known", "end"), sampled(product(["combined", "json", "vhost_common"], ["\n", ""]), lambda place: place in {0, 3, 4}))
def test_where_a_file_is_cut_into_pieces_changes_nothing(known: str, end: str, tmp_path: Path) -> None:
    """How much is read at a time is a matter of memory; what a log says is not."""
    chance = random.Random(known)
    behind = chance.choices(MIXED, k=200) + [LINES[known].strip()] * 200 + chance.choices(MIXED, k=200)
    path = tmp_path / "access.log"
    path.write_text(LINES[known] * HEAD_LINES + "\n".join(behind) + end, encoding="utf-8")
    whole = _in_pieces(path, PIECE_BYTES)
    assert len(whole[1]) > HEAD_LINES + len(behind) // 2
    assert whole[2]
    assert all(_in_pieces(path, piece_bytes) == whole for piece_bytes in (1 << 10, 64 << 10))


def test_what_a_line_says_does_not_depend_on_the_lines_around_it() -> None:
    """The same lines in another order, and in other company, are the same requests."""
    head, behind = LINES["common"] * HEAD_LINES, [f"{line}\n" for line in MIXED[::3]]
    alone = [row for line in behind for row in _rows(head + line)[HEAD_LINES:]]
    random.Random(7).shuffle(behind)
    assert sorted(_rows(head + "".join(behind))[HEAD_LINES:], key=str) == sorted(alone, key=str)


def _rows(body: str) -> list[dict[str, object]]:
    return parse(body.encode()).rows.drop_columns("line_number").to_pylist()


def test_a_mark_of_utf8_in_mid_file_is_no_part_of_an_address() -> None:
    """Logs are put together of files that begin with one."""
    for known in ("combined", "vhost_combined", "json"):
        for count in (1, FEWEST_LINES):
            rows = parse(("\ufeff" + LINES[known] * count + "\ufeff" + LINES[known]).encode()).rows
            assert set(rows["client_ip"].to_pylist()) == {"192.0.2.7"}
            assert "\ufeff" not in str(rows["host"].to_pylist())
