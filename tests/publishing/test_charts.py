"""Charts say what the numbers say, to those who see them and to those who do not."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.publishing import charts

DAYS = [date(2026, 10, day) for day in (1, 2, 3)]


@pytest.mark.parametrize(("value", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (21, 30), (26_500, 30_000), (99, 100), (100, 100), (101, 200)])
def test_the_scale_ends_on_a_round_number(value: int, top: int) -> None:
    """The top holds the highest column and is halved without a remainder."""
    assert charts.ceiling(value) == top


@given(st.integers(0, 10**15))
def test_no_column_is_higher_than_the_chart(value: int) -> None:
    """A column that is cut off is a wrong number."""
    top = charts.ceiling(value)
    assert top >= value
    assert top % 2 == 0


def test_columns_tell_their_values() -> None:
    """The label holds sum, extremes and peak; each column has its day and value as a tooltip."""
    drawn = charts.columns(DAYS, [5, 0, 20], "requests")
    assert 'aria-label="Requests per day, 2026-10-01 to 2026-10-03: 25 in all, between 0 and 20, most on 2026-10-03."' in drawn
    assert "<title>2026-10-03: 20 requests</title>" in drawn
    heights = [float(rect.attrib["height"]) for rect in ET.fromstring(drawn).iter("rect")]
    assert heights[1] == 0
    assert heights[2] == 4 * heights[0]


def test_a_share_bar_is_divided_by_count() -> None:
    """Three of four take three quarters, nothing takes no place."""
    rects = list(ET.fromstring(charts.share_bar([("kept", 3), ("broken", 1), ("unproven", 0)], "label")).iter("rect"))
    assert [(rect.attrib["class"], rect.attrib["x"], rect.attrib["width"]) for rect in rects] == [("fill-kept", "0%", "75%"), ("fill-broken", "75%", "25%")]


@pytest.mark.parametrize(
    "drawn",
    [charts.share_bar([("kept", 0)], '"<&'), charts.meter(0, 0, "<b>"), charts.spark([], "x"), charts.spark([0, 0], "x"), charts.columns([], [], "requests")],
)
def test_nothing_to_draw_is_drawn_all_the_same(drawn: str) -> None:
    """An empty month divides by zero nowhere, and labels are escaped."""
    drawing, *shapes = ET.fromstring(drawn).iter()
    assert drawing.attrib.get("aria-label", "x") in {'"<&', "<b>", "x"}
    assert [size for shape in shapes for name, size in shape.attrib.items() if name in {"x", "y", "width", "height"} and not re.fullmatch(r"[\d.]+%?", size)] == []


def test_levels_leave_out_what_was_not_measured() -> None:
    """A day without a measurement is not a day without records, and a limit above all of them still fits."""
    drawn = charts.levels(DAYS, [None, 5, 10], 20)
    assert [float(rect.attrib["height"]) for rect in ET.fromstring(drawn).iter("rect")] == [5.5, 11]
    assert 'class="limit" x1="0" x2="100%" y1="0"' in drawn
    assert 'aria-label="Records: 5 on 2026-10-02 and 10 on 2026-10-03, limit 20."' in drawn
    assert "Records: not measured." in charts.levels(DAYS, [None] * 3, None)
    assert "Records: 0 on 2026-10-01." in charts.levels(DAYS[:1], [0], None)
