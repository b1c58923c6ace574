"""What is remembered of a shape is what each of its statements would say if it were read itself."""

import random
import re
import string

import pytest

from dagster_project.reading.accesses.statements.shapes import generalised, shape_of
from dagster_project.reading.accesses.statements.statement import _of_shape, _touched, touched
from dagster_project.reading.accesses.statements.tables import Touched
from tests.reading.accesses.test_statements import CASES, TABLES, parameters_of

READ = "select * from invoices where account_id = 'C1' and id in ('r1', 'r2')"


def other(text: str, chance: random.Random) -> str:
    """Return another id of the same class and length, seldom of another; few differ, so that some become equal."""
    signs = {"d": "123", "x": "ab12", "a": "ab"}
    kind = "x" if re.fullmatch(r"[0-9a-f-]{36}|[0-9a-f]{32}", text) else "d" if text.isdigit() else "a"
    made = "".join(sign if sign in "-_" else chance.choice(signs["d"] if sign in string.digits else signs[kind]) for sign in text)
    return made if chance.random() < 0.9 else chance.choice(["1", "7", "x1", "C1", "", "true", "07", made + "1"])


def read(statement: str, parameters: list[str] | None) -> list[tuple[Touched, ...]]:
    """Read a statement itself."""
    return list(_touched.__wrapped__(statement, None if parameters is None else tuple(parameters), tuple(TABLES.items()), True, ()))


@pytest.mark.parametrize("case", [case for case, _ in CASES])
def test_a_statement_of_a_known_shape_says_what_it_would_alone(case: str) -> None:
    """Whatever ids another one of its shape had first."""
    statement, parameters = parameters_of(case)
    ids = set(re.findall(r"\w+(?:-\w+)*", " ".join(shape.ids))) if (shape := shape_of(statement, parameters)) else set()
    word = re.compile("|".join(rf"(?<![\w$]){re.escape(each)}(?!\w)" for each in sorted(ids, key=len, reverse=True)) or "(?!)")
    chance = random.Random(case)
    for _ in range(30):
        names = {each: other(each, chance) for each in sorted(ids)}
        written = word.sub(lambda found, names=names: names[found[0]], statement)
        bound = parameters and [names.get(text, text) for text in parameters]
        assert touched(written, bound, TABLES) == read(written, bound)


@pytest.mark.parametrize(
    ("statement", "first", "then"),
    [
        ("delete from invoices where id = any($1) and account_id in ($2, $3)", ["{17,18}", "17", "18"], ["{17,18}", "31", "32"]),
        ("select * from invoices where account_id = any($1) and account_id = $2", ["{7,8}", "7"], ["{7,8}", "9"]),
        ("select * from invoices where account_id = any('{C1,D2}') and account_id <> $1", ["C1"], ["C3"]),
        ("select * from invoices where account_id = $1::uuid", ["XB000000-0000-4000-8000-000000000001"], ["AB000000-0000-4000-8000-000000000001"]),
        ("select * from invoices where account_id = $1::uuid", ["A" + "1" * 31], ["X" + "2" * 31]),
        ("select * from invoices where account_id = $1::uuid and id = $2", ["a" + "1" * 31, "b" * 31 + "1"], ["c" + "1" * 31, "d" * 31 + "2"]),
        ("select * from invoices where account_id in ($1::uuid, $2::uuid)", ["a" + "1" * 31, "Ab" + "1" * 30], ["c" + "1" * 31, "Ca" + "2" * 30]),
        ("select * from invoices where account_id in ($1::uuid, $2)", ["a" + "1" * 31, "b" + "1" * 31], ["c" + "1" * 31, "d" + "2" * 31]),
        ("select * from invoices where account_id = $1::uuid", ["ab00000000004000800000000000000a"], ["ab00000000004000800000000000000b"]),
        ("select * from invoices where account_id = $1::int", ["a" + "1" * 31], ["1" * 32]),
        ("select * from invoices where account_id = $1 and id = $2", ["\0n2_0_0", "C1"], ["D1", "D1"]),
        ("select * from invoices where account_id = $1 and id = $2", ["a-1", "x1"], ["a-1", "A1"]),
    ],
)
def test_what_the_first_of_a_shape_says_is_not_said_of_others(statement: str, first: list[str], then: list[str]) -> None:
    """Items of arrays are values, only some texts are UUIDs, and some are alike: whichever comes first."""
    for one, other in ((first, then), (then, first)):
        _of_shape.cache_clear()
        assert touched(statement, one, TABLES) == read(statement, one)
        assert touched(statement, other, TABLES) == read(statement, other)


def test_what_the_parser_itself_reads_is_no_id() -> None:
    """An interval says how it is to be read."""
    written = "select * from invoices where created_at > now() - interval '{}' day and account_id = 'C1'"
    for one, other in (("P0001-02-03", "P1Y2M10DT2H"), ("P1Y2M10DT2H", "P0001-02-03")):
        _of_shape.cache_clear()
        assert [touched(written.format(each), None, TABLES) for each in (one, other)] == [read(written.format(each), None) for each in (one, other)]


@pytest.mark.parametrize(
    ("one", "another", "is_same"),
    [
        (READ, "select * from invoices where account_id = 'D7' and id in ('a4', 'b9')", True),
        (READ, "select * from invoices where account_id = 'D7' and id in ('b9', 'a4')", False),
        (READ, "select * from invoices where account_id = 'D7' and id in ('a4', 'a4')", False),
        (READ, "select * from invoices where account_id = 'D77' and id in ('a4', 'b9')", False),
        (READ, "select * from invoices where account_id = 'A4' and id in ('a4', 'b9')", False),
        ("select 1 from t where a = 42 limit 10", "select 1 from t where a = 57 limit 10", True),
        ("select 1 from t where a = 42 limit 10", "select 1 from t where a = 42 limit 20", False),
        ("select 2 from t where a in (42, 43)", "select 2 from t where a in (57, 58)", True),
        ("select a from t where b = 'x1' order by 3, 4", "select a from t where b = 'x1' order by 4, 3", False),
    ],
)
def test_one_shape(one: str, another: str, *, is_same: bool) -> None:
    """An id keeps its class, length, order and equals; a number that is not compared is none."""
    first, second = shape_of(one, None), shape_of(another, None)
    assert first
    assert second
    assert (first.common == second.common) is is_same


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from t where a = 'acme'",
        "select 1 from t where a = '2026-03-02'",
        "select 1 from t where 1 = 1",
        "select 1 from t where a in ('007', '7')",
        "select 1 from t where a = 'it''s C1'",
        "select 1 from t where a = 'C1' -- 'C2'",
        "select 1 from t where a = 'C1' /* it's */",
        "select 1 from t where a = $q$C1$q$ and b = 'r1'",
        "select 1 from t where a = E'C\\'1'",
        "select 1 from t where a = E'C1'",
        "select \"a=42\" from t where a = 'C1'",
        "select 1 from t where a = 'C1",
    ],
)
def test_no_shape(statement: str) -> None:
    """Where nothing is an id, or a quote may be something else, a statement stands for itself."""
    assert shape_of(statement, None) is None


def test_what_is_made_of_an_id_or_stands_among_others_is_not_generalised() -> None:
    """A negative number, or an identifier in small letters, is not what stands in the statement; accounts and records come in their order."""
    shape = shape_of(READ, None)
    assert shape
    assert generalised(((Touched("invoices", "C1", ("r1",)),),), shape) == ((Touched("invoices", "\0000", ("\0001",)),),)
    assert generalised(((Touched("invoices", "-C1"),),), shape) is None
    assert generalised(((Touched("invoices", "c1"),),), shape) is None
    assert generalised(((Touched("invoices", "acme", ("r1",)),),), shape) == ((Touched("invoices", "acme", ("\0001",)),),)
    assert generalised(((Touched("invoices", "C1"), Touched("invoices", "acme")),), shape) is None
    assert generalised(((Touched("invoices", "C1", ("first", "r1")),),), shape) is None
