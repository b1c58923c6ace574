"""Literals: a path segment is shown only if enough visitors, and enough accounts, asked for it."""

from collections.abc import Collection, Iterable

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.literals import FIXED, QUERY, Literals, fallback

Asked = tuple[str, int | None, int | None]  # path, visitor, account


def requests(routes: list[int], visitors: list[int | None], accounts: list[int | None]) -> pa.Table:
    """Return what Literals count."""
    return pa.table({name: pa.array(values, pa.int64()) for name, values in {"route_id": routes, "visitor": visitors, "account": accounts}.items()})


def counted(asked: Iterable[Asked], learnt: Collection[tuple[str, str]] = (), room: int = 1_000_000, pieces: int = 1) -> Literals:
    """Return the literals after these requests to the site `web`, in so many pieces."""
    literals = Literals(20, 10, learnt=learnt, room=room)
    told = list(asked)
    for at in range(pieces):
        mine = told[at::pieces]
        numbers = [literals.route_id("web", path + ("" if QUERY in path else QUERY)) for path, _, _ in mine]
        literals.count("web", requests(numbers, [who for _, who, _ in mine], [account for _, _, account in mine]))
    return literals


def routes(*asked: Iterable[Asked], **how: object) -> list[str]:
    """Return the routes of these requests, in the order their paths were first seen."""
    return counted([each for some in asked for each in some], **how).routes().column("route").to_pylist()  # type: ignore[arg-type]


def by(visitors: int, path: str, accounts: int | None = None, first: int = 0) -> list[Asked]:
    """Return requests of a path by so many visitors, in turn of so many accounts."""
    return [(path, who, None if not accounts else who % accounts) for who in range(first, first + visitors)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # visitors: 20 show a literal, 19 do not, and one visitor twice is one
        ([by(20, "blog")], ["/blog"]),
        ([by(19, "blog")], ["/{s}"]),
        ([by(19, "blog"), by(19, "blog")], ["/{s}"]),
        ([[("blog", None, None)] * 30], ["/{s}"]),
        # accounts: on a site with accounts 10 are needed as well
        ([by(20, "blog", accounts=10)], ["/blog"]),
        ([by(20, "blog", accounts=9)], ["/{s}"]),
        ([by(20, "blog"), [("x", 1, 1)]], ["/{s}", "/{s}"]),
        ([by(19, "blog", accounts=19)], ["/{s}"]),
        # what lies below counts for what stands above it
        ([by(10, "blog/a"), by(10, "blog/b", first=10)], ["/blog/{s}", "/blog/{s}"]),
        ([by(20, "blog/a"), by(3, "blog/b")], ["/blog/a", "/blog/{s}"]),
        ([by(20, "blog/a"), by(19, "blog")], ["/blog/a", "/{s}"]),
        ([by(20, "blog/a"), by(20, "blog")], ["/blog/a", "/blog"]),
        ([by(20, "blog/a"), by(3, f"blog/{FIXED}")], ["/blog/a", "/{s}/"]),
        # siblings that fall back alike are one place before what lies below is decided
        ([*(by(1, f"jane{who}/edit", first=who) for who in range(20))], ["/{s}/edit"] * 20),
        ([*(by(1, f"jane{who}/edit", first=who) for who in range(19))], ["/{s}/{s}"] * 19),
        ([*(by(1, f"jane{who}/edit", first=0) for who in range(20))], ["/{s}/{s}"] * 20),
        ([*(by(1, f"{who}/edit", first=who) for who in range(10)), *(by(1, f"jane{who}/edit", first=who) for who in range(10, 20))], ["/{int}/{s}"] * 10 + ["/{s}/{s}"] * 10),
        # fixed segments need nobody, and merge with nothing that is not theirs
        ([[(f"{FIXED}jobs/{FIXED}" + "{job}", None, None)]], ["/jobs/{job}"]),
        ([[(FIXED, 1, None)]], ["/"]),
        ([[(FIXED + "*", 1, None)]], ["*"]),
        ([by(20, f"{FIXED}api/users"), by(1, f"{FIXED}api/jane")], ["/api/users", "/api/{s}"]),
        ([by(19, f"u/{FIXED}" + "{email}"), by(1, "u/me", first=19)], ["/u/{email}", "/u/{s}"]),
        # the query stands behind, and the path is counted over its queries
        ([by(10, f"blog{QUERY}?page=1"), by(10, f"blog{QUERY}?page=6+", first=10)], ["/blog?page=1", "/blog?page=6+"]),
        # a last look: what enough asked for, but names somebody once it is put together
        ([by(20, "card/4111 1111/1111 1111"), by(20, "tel:+49/30/1234567")], ["/card/4111 1111/1111 1111", "{redacted}"]),
    ],
)
def test_a_literal_is_shown_if_enough_asked_for_it(asked: list[list[Asked]], expected: list[str]) -> None:
    """k-anonymity of paths: 20 visitors and, where there are accounts, 10 of them; nothing less, and nothing from its neighbours."""
    assert routes(*asked) == expected


def test_the_last_look_redacts() -> None:
    """What only shows once segments are put together must not be stored."""
    assert counted(by(20, "tel:+49/30/1234567")).routes().column("route").to_pylist() == ["{redacted}"]


def test_what_is_redacted_is_not_learnt() -> None:
    """The vocabulary is stored as it is: a number that only shows across segments must not lie there."""
    literals = counted(by(20, "tel:+49/30/1234567"), learnt=[("web", "/mail/jane@example.com")])
    assert literals.learnt() == [("web", "/tel:+49"), ("web", "/tel:+49/30")]


def test_what_was_learnt_counts_as_passed() -> None:
    """A page that is known keeps its name on a quiet day; a path learnt as a prefix only is still not shown whole."""
    first = counted([*by(20, "blog/a"), *by(20, "jobs"), *by(3, "rare")])
    assert first.learnt() == [("web", "/blog"), ("web", "/blog/a"), ("web", "/blog/a?"), ("web", "/jobs"), ("web", "/jobs?")]
    assert routes(by(1, "blog/a"), by(1, "blog"), by(1, "blog/b"), by(1, "jobs"), by(1, "rare"), learnt=first.learnt()) == ["/blog/a", "/{s}", "/blog/{s}", "/jobs", "/{s}"]


def test_a_literal_that_was_learnt_stays_learnt() -> None:
    """The vocabulary is written whole at each run, so what was learnt before is handed on."""
    assert counted(by(1, "x"), learnt=[("web", "/blog")]).learnt() == [("web", "/blog")]


def test_sites_do_not_count_for_one_another() -> None:
    """Twenty visitors of two sites are not twenty of one, and accounts on one ask nothing of the other."""
    literals = Literals(20, 10)
    for site, visitors, account in (("shop", range(20), None), ("web", range(10), None), ("service", range(20), 1)):
        number = literals.route_id(site, "blog" + QUERY)
        literals.count(site, requests([number] * len(visitors), list(visitors), [account] * len(visitors)))
    assert literals.routes().to_pylist() == [
        {"route_id": 1, "site": "shop", "route": "/blog"},
        {"route_id": 2, "site": "web", "route": "/{s}"},
        {"route_id": 3, "site": "service", "route": "/{s}"},
    ]


def test_numbers_go_on_from_the_last_run() -> None:
    """A number stands in rows for ever: it is never given twice."""
    literals = Literals(20, 10, first_route_id=41)
    assert [literals.route_id("web", path + QUERY) for path in ("a", "b", "a")] == [41, 42, 41]
    assert literals.routes().column("route_id").to_pylist() == [41, 42]


def test_there_is_an_end_to_what_is_counted() -> None:
    """Memory is bounded whatever the log: beyond the room ids fall back first, then all; what is known goes on counting."""
    asked = [*by(20, "jobs/1"), *(request for who in range(2, 40) for request in by(1, f"jobs/{who}", first=who)), *by(3, "other/9")]
    literals = counted(asked, room=20)
    assert literals.routes().column("route").to_pylist() == ["/jobs/1", *["/jobs/{int}"] * 20, "/{s}/{int}"]


def test_no_request_at_all() -> None:
    """An empty run writes an empty dictionary, not an error."""
    assert Literals(20, 10).routes().num_rows == 0
    assert Literals(20, 10).learnt() == []


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_order_and_cuts_do_not_matter(data: st.DataObject) -> None:
    """The same lines in other files, orders and pieces must give the same tables (non-interference stands on it)."""
    path = st.lists(st.sampled_from(["a", "b", "1", "2", f"{FIXED}v"]), min_size=1, max_size=3).map("/".join)
    asked = data.draw(st.lists(st.tuples(path, st.integers(0, 30), st.none() | st.integers(0, 12)), min_size=60, max_size=150))
    shuffled = data.draw(st.permutations(asked))
    whole, cut = counted(asked), counted(shuffled, pieces=data.draw(st.integers(2, 5)))
    assert _by_path(whole, asked) == _by_path(cut, shuffled)
    assert whole.learnt() == cut.learnt()


def _by_path(literals: Literals, asked: Iterable[Asked]) -> dict[str, str]:
    table = literals.routes()
    names = dict(zip(table.column("route_id").to_pylist(), table.column("route").to_pylist(), strict=True))
    return {path: names[literals.route_id("web", path + QUERY)] for path, _, _ in asked}


def test_more_visitors_than_are_counted_are_enough() -> None:
    """At most 20 visitors of a path are remembered; a union of such paths is still told exactly on both sides of 20."""
    many = [request for path in range(5) for request in by(500, f"many/{path}", first=100 * path)]
    few = [request for path in range(5) for request in by(19, f"few/{path}")]
    assert set(routes(many, few, pieces=7)) == {*(f"/many/{path}" for path in range(5)), "/{s}/{int}"}


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("7", "{int}"),
        ("20150517", "{int}"),
        ("deadbeef", "{hex}"),
        ("DEADBEEF42", "{hex}"),
        ("deadbee", "{s}"),
        ("2015-05-17", "{date}"),
        ("2015-5", "{date}"),
        ("17.05.2015", "{date}"),
        ("2015-05-17T10:05:03Z", "{date}"),
        ("2015-13-17", "{s}"),
        ("jane-doe.PDF", "{file}.pdf"),
        ("archive.tar.gz", "{file}.gz"),
        ("jane.doe", "{s}"),
        ("x7Kq2LmZp9Rt4Vw8", "{token}"),
        ("x7Kq2LmZp9Rt4V", "{s}"),
        ("aaaaaaaaaaaaaaaaaaaaaaaazz", "{s}"),
        ("jane", "{s}"),
        ("", "{s}"),
    ],
)
def test_a_literal_falls_back_to_its_class(segment: str, expected: str) -> None:
    """The class says what kind of page it is and nothing of whose."""
    assert fallback(segment) == expected
