"""Whoever is audited writes some of the texts that a log holds: none of them may take more time than it has characters."""

from collections.abc import Callable

import pytest

from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.postgres.carried_logs import unpacked
from dagster_project.reading.accesses.postgres.cursors import Cursors
from dagster_project.reading.accesses.services import google
from dagster_project.reading.accesses.services.digests import read
from dagster_project.reading.accesses.statements.literals import array
from dagster_project.reading.accesses.statements.statement import touched
from dagster_project.reading.accesses.statements.trees import trees
from dagster_project.reading.files import Body
from dagster_project.settings import Table

MANY = 300_000
_METHODS = {"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity"}


def _method(name: str) -> str | None:
    return google.other(_METHODS | {"protoPayload": {"methodName": name, "request": {"@type": "type.googleapis.com/google.cloud.sql.audit.v1" + "0" * MANY}}})


def _carried(text: str) -> bytes | None:
    body = unpacked(Body.held(b'{"message": "%s", "stream": "x"}' % text.encode()), "")
    return body and body.whole()


def _keys(text: str) -> bool:
    events = read(Body.held(text.encode()), Given("cloudtrail", "keys/all.pem"))
    return events is not None and not events.attestations


@pytest.mark.parametrize(
    ("reads", "text", "found"),
    [
        (_carried, "a" * MANY, b"a" * MANY + b"\n"),
        (array, "{" + " " * MANY + "}", None),
        (array, "{" + "a " * MANY + "}", {("a " * MANY).strip()}),
        (lambda text: Cursors().has_declared("1", text), "fetch " + "a" * MANY + "!", True),
        (lambda text: Cursors().has_declared("1", text), "fetch all from a" + " " * MANY, False),
        (_method, "io.k8s." + ".exec." * MANY + "\n", None),
        (_method, ".ssh-serialport." * MANY, "setting_changed"),
        (lambda text: trees(text) is not None, "select '\\'" + "".join(f" $a{number}$" for number in range(MANY)), True),
        (lambda text: trees(text) is not None, "select '\\'" + " /* " * MANY, True),
        (_keys, "-----BEGIN PUBLIC KEY-----" * MANY, True),
    ],
    ids=["level", "blanks", "words", "name", "cursor", "container", "console", "quotes", "comments", "keys"],
)
def test_a_text_is_read_once(reads: Callable[[str], object], text: str, found: object) -> None:
    """Each took hours, at the square of its length or more; an entry may be that long."""
    assert reads(text) == found


def test_a_chain_of_alternatives_is_taken_apart_once() -> None:
    """Every `or` of a chain has the ones before it within it: each was taken apart anew."""
    statement = "select * from invoices where " + " or ".join(f"account_id = 'C{number}'" for number in range(8_000))
    (each,) = touched(statement, None, {"invoices": Table(account_column="account_id", record_class="invoice")})
    assert {one.account_id for one in each} == {f"C{number}" for number in range(8_000)}


@pytest.mark.parametrize(
    ("text", "items"),
    [("{a, b c ,d}", {"a", "b c", "d"}), ('{ "a,\\"b" , c}', {'a,"b', "c"}), ("{a b, }", None), ('{a "b"}', None), ("{a,,b}", None), ("{a,null}", None), ("{}", None)],
)
def test_items_of_an_array(text: str, items: set[str] | None) -> None:
    """Blanks around an item are none of it, those within are."""
    assert array(text) == items


@pytest.mark.parametrize(
    ("statement", "is_declared"),
    [("fetch 10 from c", True), ('FETCH "c";', True), ("fetch c ; ", True), ('fetch "c"x', False), ("fetch all from cc", False), ("fetch (1)", True), ("move c", True)],
)
def test_the_last_name_of_a_fetch_is_its_cursor(statement: str, is_declared: bool) -> None:
    """A cursor that nobody declared was opened by a function."""
    cursors = Cursors()
    cursors.take("1", "declare c cursor for select 1", [()])
    assert cursors.has_declared("1", statement) is is_declared
