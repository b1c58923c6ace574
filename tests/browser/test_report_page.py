"""The report in a real browser: it loads nothing, fits a phone, and can be used by keyboard."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.opening import opened

pytestmark = pytest.mark.browser
NAMES = ["month", "hostile", "customer", "hostile-customer"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_its_own_script_runs_and_nothing_is_fetched(browser: Browser, folder: Path, name: str) -> None:
    """Also with hostile text in every place; its own style and script are applied under its own policy, which nothing violates."""
    page, noises = opened(browser, folder / name)
    assert page.locator(".tools").count() > 0
    assert noises == []
    assert page.locator("img, iframe, form, a[href^=javascript]").count() == 0
    assert page.locator("script").count() == 1
    assert page.evaluate("getComputedStyle(document.querySelector('.badge')).borderRadius") != "0px"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_its_screen(browser: Browser, folder: Path, width: int) -> None:
    """Wide tables scroll in their own frame; the page itself never does (WCAG 1.4.10)."""
    for name in NAMES:
        page, _ = opened(browser, folder / name, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


CONTRAST = """
() => {
  const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 && n[3] === 0 ? null : n; };
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = rgb => { const c = rgb.slice(0, 3).map(v => linear(v / 255)); return .2126 * c[0] + .7152 * c[1] + .0722 * c[2]; };
  const ground = node => {
    for (; node; node = node.parentElement) { const found = parse(getComputedStyle(node).backgroundColor); if (found) return found; }
    return [255, 255, 255];
  };
  const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  return [...document.querySelectorAll('body *')]
    .filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()) && !node.closest('svg'))
    .map(node => ratio(light(parse(getComputedStyle(node).color)), light(ground(node))))
    .reduce((least, next) => Math.min(least, next), 21);
}
"""


@pytest.mark.parametrize("name", ["month", "customer"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(browser: Browser, folder: Path, name: str, scheme: str) -> None:
    """WCAG AA: 4.5 to 1 for every piece of text, in both schemes."""
    page, _ = opened(browser, folder / name, scheme=scheme)
    assert page.evaluate(CONTRAST) >= 4.5


def test_by_keyboard(browser: Browser, folder: Path) -> None:
    """The first tab stop skips to the report, and without the script a folded table opens with the enter key."""
    page, _ = opened(browser, folder / "month", java_script_enabled=False)
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "Skip to the report"
    page.locator("details.long > summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.long[open] td").first.is_visible()


def test_a_screen_reader_finds_its_way(browser: Browser, folder: Path) -> None:
    """Landmarks, a heading for each section, a name for each table and each chart."""
    page, _ = opened(browser, folder / "month")
    assert page.get_by_role("main").count() == page.get_by_role("banner").count() == page.get_by_role("contentinfo").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("table", name="Promises and their status").count() == 1
    assert page.get_by_role("img", name="Promises: 7 kept, 2 broken, 1 unproven, 1 not applicable").count() == 1
    assert page.evaluate("[...document.querySelectorAll('table')].every(table => table.caption?.textContent.trim())")
    said = "each => each.ariaLabel ?? document.getElementById(each.getAttribute('aria-labelledby')).textContent"
    named = page.locator("section, [role=region], nav").evaluate_all(f"found => found.map({said})")
    assert len(named) == len(set(named))  # two landmarks of one name look like one


def test_the_customer_sees_each_line(browser: Browser, folder: Path) -> None:
    """On a phone each line is a block of its own, and no label stands over another."""
    page, _ = opened(browser, folder / "customer", width=390)
    rows = page.locator("table.lines tbody tr")
    assert rows.count() == len(json.loads((folder / "customer" / "report.json").read_text())["lines"])
    tops = rows.first.evaluate("row => [...row.cells].map(cell => cell.getBoundingClientRect()).filter(box => box.height).map(box => box.top)")
    assert len(set(tops)) == len(tops) > 3


def test_folded_tables_are_printed(browser: Browser, folder: Path) -> None:
    """An auditor who prints the page must not lose what was folded on the screen."""
    page, _ = opened(browser, folder / "month", java_script_enabled=False)
    page.emulate_media(media="print")
    box = page.locator("details.long table").bounding_box()
    assert box is not None
    assert box["height"] > 1000
