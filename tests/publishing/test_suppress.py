"""What is published of small cells: brute force and a linear programme try to get behind it."""

from datetime import date
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from dagster_project.publishing.suppress import BASE, BREAKDOWNS, REACH, RELEASES, Release, suppress
from dagster_project.settings import Thresholds

DAY = date(2026, 10, 5)
K = 10
ROUTES = "measured.account_routes_daily"
PAGES = "measured.site_pages_daily"
CELLS = {
    "account_id": pl.String,
    "site": pl.String,
    "day": pl.Date,
    "method": pl.String,
    "route": pl.String,
    "status_class": pl.String,
    "requests": pl.Int64,
    "bytes_sent": pl.Int64,
    "visitor_days": pl.Int64,
    "is_suppressed": pl.Boolean,
}
Cell = tuple[str, str, int, int, int]  # route, status class, requests, bytes, visitors


def routes(cells: list[Cell], account: str | None = "acme", day: date = DAY) -> pl.DataFrame:
    """Return cells as rows of measured.account_routes_daily."""
    rows = [(account, "service", day, "GET", route, status, requests, sent, visitors, False) for route, status, requests, sent, visitors in cells]
    return pl.DataFrame(rows, CELLS, orient="row")


def totals(cells: pl.DataFrame, visitors: int = 100) -> pl.DataFrame:
    """Return the account's own totals of the day."""
    return cells.select("account_id", "site", "day").unique().with_columns(visitor_days=pl.lit(visitors, pl.Int64))


def released(cells: list[Cell], visitors: int = 100) -> Release:
    """Suppress the cells of one account and day."""
    table = routes(cells)
    return suppress(ROUTES, table, totals(table, visitors), Thresholds(), {DAY})


def block(status: str) -> str:
    """Name the sum a status class belongs to."""
    return status if status in {"4xx", "5xx"} else "rest"


def bounds(row: dict[str, object], measure: str) -> tuple[float, float]:
    """Return what an outsider knows of a published cell before she adds anything up."""
    value, visitors = row[measure], row["visitor_days"]
    if row["is_suppressed"]:
        return (1.0 if measure == "requests" else 0.0), np.inf
    assert isinstance(value, int)
    assert isinstance(visitors, int)
    least = max(value - REACH, visitors - REACH, K) if measure == "requests" else max(value - REACH, 0)
    return least, value + REACH


def programmed(rows: list[dict[str, object]], measure: str, total: int) -> list[float]:
    """Return, for each hidden cell of one sum, how far a linear programme leaves its value open."""
    limits = [bounds(row, measure) for row in rows]
    widths = []
    for place, row in enumerate(rows):
        if row["is_suppressed"]:
            aim = np.eye(len(rows))[place]
            ends = [linprog(sign * aim, A_eq=np.ones((1, len(rows))), b_eq=[total], bounds=limits, method="highs").fun for sign in (1, -1)]
            widths.append(-ends[1] - ends[0])
    return widths


CELL_LISTS = st.lists(st.tuples(st.sampled_from(["2xx", "3xx", "4xx", "5xx"]), st.integers(1, 40), st.integers(0, 60), st.integers(0, 30)), min_size=1, max_size=9).map(
    lambda found: [(f"/r{n}", status, max(requests, visitors), sent, visitors) for n, (status, requests, sent, visitors) in enumerate(found)]
)


@settings(max_examples=120, deadline=None)
@given(CELL_LISTS)
def test_no_linear_programme_narrows_a_hidden_cell_below_k(cells: list[Cell]) -> None:
    """CR-7: the account's exact sums minus what is shown must leave each hidden cell open by at least k."""
    published = released(cells).published.to_dicts()
    for name in ("4xx", "5xx", "rest"):
        rows = [row for row in published if block(str(row["status_class"])) == name]
        if rows:
            assert all(width >= K for width in programmed(rows, "requests", sum(cell[2] for cell in cells if block(cell[1]) == name)))
    shown, sent = {row["route"] for row in published}, sum(cell[3] for cell in cells)
    if len(shown) == len(cells) and sent:  # that nothing was sent is known of every cell, hidden or not
        assert all(width >= K for width in programmed(published, "bytes_sent", sent))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 16), st.integers(0, 14)), min_size=1, max_size=3))
def test_brute_force_finds_k_values_for_a_hidden_cell(found: list[tuple[int, int]]) -> None:
    """The linear programme could be set up as wrongly as the code: trying every whole number needs no theory."""
    cells = [(f"/r{n}", "2xx", max(requests, visitors), 0, visitors) for n, (requests, visitors) in enumerate(found)]
    table = routes(cells).select("site", "day", "route", "requests", "visitor_days", "is_suppressed")
    published = suppress(PAGES, table, totals(routes(cells)), Thresholds(), {DAY}).published.to_dicts()
    total = sum(cell[2] for cell in cells)
    ranges = []
    for row in published:
        least, most = bounds(row, "requests")
        ranges.append(range(int(least), int(min(most, total)) + 1))
    possible = [values for values in product(*ranges) if sum(values) == total]
    for place, row in enumerate(published):
        if row["is_suppressed"]:
            values = {solution[place] for solution in possible}
            assert max(values) - min(values) >= K


@settings(max_examples=100, deadline=None)
@given(CELL_LISTS, st.integers(0, 20))
def test_what_is_shown_is_rounded_and_stands_on_k_visitors(cells: list[Cell], visitors: int) -> None:
    """Points 1, 3 and 4 of the rules hold for each row, and the ledger's counts say the same."""
    release = released(cells, visitors)
    known = {route: (requests, sent, people) for route, _, requests, sent, people in cells}
    for row in release.published.to_dicts():
        values = (row["requests"], row["bytes_sent"], row["visitor_days"])
        if row["is_suppressed"]:
            assert values == (None, None, None)
        else:
            assert known[row["route"]][2] >= K
            assert all(value % BASE == 0 and abs(value - exact) <= REACH for value, exact in zip(values, known[row["route"]], strict=True))
    assert visitors >= 5 or release.published.is_empty()
    shown = release.published.filter(~pl.col("is_suppressed")).height
    (row,) = release.ledger.to_dicts()
    assert (row["cells"], row["suppressed"], row["recoverable"]) == (len(cells), len(cells) - shown, 0)


@pytest.mark.parametrize(
    ("cells", "shown", "hidden"),
    [
        pytest.param([("/a", "2xx", 40, 0, 10), ("/b", "2xx", 90, 900, 30)], ["/a", "/b"], [], id="ten visitors are enough"),
        pytest.param([("/a", "2xx", 40, 50, 9), ("/b", "2xx", 90, 900, 30), ("/c", "2xx", 50, 400, 30)], ["/b"], ["/a", "/c"], id="nine are not, and one more is hidden"),
        pytest.param([("/a", "2xx", 3, 5, 3), ("/b", "2xx", 90, 900, 30), ("/x", "5xx", 2, 5, 2)], [], ["/a", "/b"], id="an error's only cell is left out"),
        pytest.param([("/a", "2xx", 500, 5, 3)], [], [], id="a group of one small cell is left out"),
        pytest.param([("/a", "2xx", 500, 5000, 0), ("/b", "2xx", 40, 500, 3)], [], ["/a", "/b"], id="no visitor at all is as telling as few"),
        pytest.param([("/a", "2xx", 40, 0, 9), ("/b", "2xx", 90, 0, 30), ("/c", "2xx", 50, 0, 30)], ["/b"], ["/a", "/c"], id="a log without sizes is shown"),
        pytest.param(
            [("/a", "2xx", 40, 5, 9), ("/c", "2xx", 50, 0, 30), ("/d", "2xx", 60, 0, 30), ("/e", "2xx", 70, 400, 30), ("/f", "2xx", 90, 900, 30)],
            ["/d", "/f"],
            ["/a", "/c", "/e"],
            id="what sent nothing hides no bytes",
        ),
        pytest.param([("{s}", "2xx", 40, 500, 4), ("/b", "2xx", 40, 500, 30)], [], ["/b", "{s}"], id="the bucket of the rest must satisfy k too"),
    ],
)
def test_cases(cells: list[Cell], shown: list[str], hidden: list[str]) -> None:
    """Both sides of each rule's boundary, by name."""
    published = released(cells).published
    assert published.filter(~pl.col("is_suppressed"))["route"].to_list() == shown
    assert published.filter("is_suppressed")["route"].to_list() == hidden


@pytest.mark.parametrize(("visitors", "rows"), [(4, 0), (5, 2)])
def test_seats_rule(visitors: int, rows: int) -> None:
    """An account of four people is people: its behaviour is not shown, only its totals."""
    assert released([("/a", "2xx", 40, 50, 12), ("/b", "2xx", 90, 900, 30)], visitors).published.height == rows


def test_only_sealed_days_are_published() -> None:
    """Until a day is sealed its visitors still change, and two releases could be subtracted."""
    cells = pl.concat([routes([("/a", "2xx", 40, 50, 12)]), routes([("/a", "2xx", 40, 50, 12)], day=date(2026, 10, 6))])
    assert suppress(ROUTES, cells, totals(cells), Thresholds(), {DAY}).published["day"].to_list() == [DAY]
    assert suppress(ROUTES, cells, totals(cells), Thresholds(), set()).published.is_empty()


def test_a_group_without_totals_is_not_shown() -> None:
    """What cannot be checked against the seats rule fails closed."""
    cells = routes([("/a", "2xx", 40, 50, 12)])
    assert suppress(ROUTES, cells, totals(cells).clear(), Thresholds(), {DAY}).published.is_empty()


def test_requests_without_account_form_a_group_of_their_own() -> None:
    """Null joins null here: otherwise the unknown account's cells would vanish or mix with others'."""
    cells = pl.concat([routes([("/a", "2xx", 40, 50, 12), ("/b", "2xx", 41, 50, 12)], account=None), routes([("/a", "2xx", 40, 50, 12)])])
    release = suppress(ROUTES, cells, totals(cells), Thresholds(), {DAY})
    assert release.published["account_id"].to_list() == [None, None, "acme"]
    assert release.ledger["account_id"].to_list() == [None, "acme"]


def test_bots_add_up_on_their_own() -> None:
    """bot_requests is published: one bot family among people's browsers would be known exactly."""
    clients = [("Googlebot", "bot", 0), ("Firefox", "desktop", 30), ("Chrome", "desktop", 30)]
    rows = [("acme", "web", DAY, browser, "Other", device, 60, people, False) for browser, device, people in clients]
    cells = pl.DataFrame(rows, ["account_id", "site", "day", "browser", "os", "device_class", "requests", "visitor_days", "is_suppressed"], orient="row")
    published = suppress("measured.account_clients_daily", cells, totals(cells), Thresholds(), {DAY}).published
    assert published["browser"].to_list() == ["Chrome", "Firefox"]
    assert not published["is_suppressed"].any()


@pytest.mark.parametrize("table", sorted(BREAKDOWNS))
def test_an_empty_table_keeps_its_columns(table: str) -> None:
    """A first run has no sealed day; the warehouse still needs every table."""
    breakdown = BREAKDOWNS[table]
    types = {"day": pl.Date, "visitor_days": pl.Int64, "is_suppressed": pl.Boolean} | dict.fromkeys(breakdown.measures, pl.Int64)
    columns = [*breakdown.group, *breakdown.dimensions, *breakdown.measures, "visitor_days", "is_suppressed"]
    cells = pl.DataFrame(schema={name: types.get(name, pl.String) for name in columns})
    release = suppress(table, cells, totals(routes([])), Thresholds(), {DAY})
    assert release.published.schema == cells.schema
    assert release.ledger.schema == RELEASES


def test_rows_in_another_order_give_the_same_release() -> None:
    """Sealed cells never change: neither threads nor files may decide which extra cell is hidden."""
    cells = routes([(f"/r{n}", "2xx", 20 + n % 3, 50, 8 + n % 5) for n in range(40)])
    first, second = (suppress(ROUTES, table, totals(cells), Thresholds(), {DAY}) for table in (cells, cells.sample(fraction=1, shuffle=True, seed=7)))
    assert first.published.equals(second.published)
    assert first.ledger.equals(second.ledger)
