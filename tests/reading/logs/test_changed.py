"""A server's log format may change in the middle of a file, far behind the lines that tell what the file is."""

import pytest

from dagster_project.reading.logs import FORMATS, parse, parse_claims
from dagster_project.reading.logs.detect import HEAD_LINES
from dagster_project.reading.logs.reader import FEWEST_LINES

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


def test_a_format_that_is_named_is_the_only_one() -> None:
    """A setting says what the lines are; what is not of it is a fault to be told."""
    parsed = parse((LINES["common"] * HEAD_LINES + LINES["json"]).encode(), "common")
    assert (parsed.rows.num_rows, parsed.rejects["reason"].to_pylist()) == (HEAD_LINES, ["no_match"])
