"""The tools of long tables in a real browser: search, filters, sorting, pages, print; and the same page without the script."""

from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Error, Locator, Page

from dagster_project.publishing.exports import visible
from dagster_project.publishing.report import write
from tests.browser.opening import opened
from tests.publishing import synthetic

pytestmark = pytest.mark.browser

FOUND, PAGE = 602, 25


def tools(page: Page, caption: str = "Every finding") -> Locator:
    """Return the tools of a table, as a screen reader finds them."""
    return page.get_by_role("group", name=f"Search and filter: {caption}", exact=True)


def shown(page: Page, caption: str = "Every finding") -> Locator:
    """Return the rows of a table that are on the screen, or on paper."""
    return page.get_by_role("table", name=caption, exact=True).locator("tbody tr:visible")


def column(page: Page, place: int, caption: str = "Every finding") -> list[str]:
    """Return what stands in a column of the rows that are shown."""
    return [" ".join(text.split()) for text in shown(page, caption).locator(f"> :nth-child({place})").all_text_contents()]


def count(page: Page, caption: str = "Every finding") -> str:
    """Return what the live region says."""
    return tools(page, caption).get_by_role("status").inner_text()


def head(page: Page, name: str, caption: str = "Every finding") -> Locator:
    """Return the head of a column."""
    return page.get_by_role("table", name=caption, exact=True).get_by_role("columnheader", name=name, exact=True)


@pytest.fixture(name="page", scope="module")
def _page(browser: Browser, folder: Path) -> Page:
    return opened(browser, folder / "month")[0]


@pytest.fixture(autouse=True)
def _afresh(request: pytest.FixtureRequest) -> None:
    if "page" in request.fixturenames:
        request.getfixturevalue("page").reload()


def test_a_long_table_opens_at_its_first_page(page: Page) -> None:
    """What is folded without the script is a short page with it; a table of few rows has no tools."""
    assert count(page) == f"{FOUND} of {FOUND} rows, 1 to {PAGE} shown"
    assert shown(page).count() == PAGE
    assert tools(page, "Emergencies").count() == 0


@pytest.mark.parametrize(("words", "rows"), [("dark access", 1), ("DUNE  route", 1), ("no such words", 0), ("hole AUDIT s-04", 1), ("", FOUND)])
def test_search(page: Page, words: str, rows: int) -> None:
    """Each word must stand in the row, in any order and case."""
    tools(page).get_by_label("Search").fill(words)
    assert shown(page).count() == min(rows, PAGE)
    assert count(page).startswith(f"{rows} of {FOUND} rows")


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [("Severity", "Critical", 2), ("Code", "REVOKED", 2), ("Control", "Dark access", 3), ("Account", "dune", 4), ("Staff", "not told", 4), ("Remark", "Late", 5)],
)
def test_filter(page: Page, name: str, value: str, place: int) -> None:
    """Whoever chooses a value sees its rows, all of them, and no other."""
    expected = page.locator("table.findings tbody tr", has=page.locator(f'[data-by="{name}"]').get_by_text(value, exact=True)).count()
    tools(page).get_by_label(name).select_option(value)
    assert shown(page).count() == min(expected, PAGE)
    assert all(value in text for text in column(page, place))
    assert count(page).startswith(f"{expected} of {FOUND} rows")


def test_filters_and_search_narrow_each_other_until_they_are_cleared(page: Page) -> None:
    """An officer looks for one person's critical accesses to one customer, then for the next."""
    tools(page).get_by_label("Severity").select_option("Critical")
    tools(page).get_by_label("Account").select_option("dune")
    tools(page).get_by_label("Search").fill("s-04")
    narrowed = shown(page).count()
    assert 0 < narrowed < PAGE
    assert count(page) == f"{narrowed} of {FOUND} rows"
    tools(page).get_by_role("button", name="Clear").click()
    assert count(page).startswith(f"{FOUND} of {FOUND} rows")
    assert page.evaluate("document.activeElement.type") == "search"


def test_values_that_are_many_make_no_filter(page: Page) -> None:
    """A list of a thousand ids is no filter; the search finds them."""
    assert tools(page).locator("select").count() == 8
    assert tools(page, "Grant register").get_by_label("State").count() == 1


@pytest.mark.parametrize(
    ("caption", "name", "place", "key"),
    [
        ("Every finding", "When", 1, lambda text: text or "9"),
        ("Every finding", "Verdict", 2, lambda text: ["Critical", "High", "Medium", "Low"].index(text.split()[0])),
        ("Grant register", "Accesses", 6, lambda text: int(text.replace(",", ""))),
        ("Grant register", "Grant", 1, lambda text: text),
        ("Accesses by verdict", "Accesses", 2, lambda text: int(text.replace(",", ""))),
        ("Promises and their status", "Promise", 1, lambda text: (text[:2], int(text[3:5]))),
        ("Promises and their status", "Status", 2, ["Broken", "Unproven", "Kept", "Not applicable"].index),
    ],
)
def test_sort(page: Page, caption: str, name: str, place: int, key: object) -> None:
    """Dates as dates, numbers as numbers, severities by weight; once more the other way, a third time as it came."""
    delivered = column(page, place, caption)
    for way in ("ascending", "descending"):
        head(page, name, caption).get_by_role("button").click()
        assert head(page, name, caption).get_attribute("aria-sort") == way
        found = column(page, place, caption)
        assert found == sorted(found, key=key, reverse=way == "descending")  # type: ignore[call-overload]
    head(page, name, caption).get_by_role("button").click()
    assert head(page, name, caption).get_attribute("aria-sort") == "none"
    assert column(page, place, caption) == delivered


@pytest.mark.parametrize("clicks", [1, 2])
def test_what_is_missing_comes_last(page: Page, clicks: int) -> None:
    """A grant that was never used is no early one and no late one."""
    for _ in range(clicks):
        head(page, "Last used", "Grant register").get_by_role("button").click()
    used = [text == "never" for text in column(page, 7, "Grant register")]
    assert used == sorted(used)
    assert 0 < sum(used) < len(used)


def test_pages_by_keyboard(page: Page) -> None:
    """Enter on Next shows the following rows and leads the keyboard to them; at the ends the buttons do nothing, and stay where they are."""
    frame = page.get_by_role("region", name="Every finding", exact=True)
    pager = frame.locator("xpath=following-sibling::div[1]")
    first = column(page, 3)
    pager.get_by_role("button", name="Previous").press("Enter")
    assert column(page, 3) == first
    pager.get_by_role("button", name="Next").press("Enter")
    assert count(page).endswith("26 to 50 shown")
    assert frame.evaluate("node => node === document.activeElement")
    assert not set(column(page, 3)) & set(first)
    for _ in range(FOUND // PAGE + 3):
        pager.get_by_role("button", name="Next").press("Enter")
    assert count(page).endswith("601 to 602 shown")
    assert pager.get_by_role("button", name="Next").get_attribute("aria-disabled") == "true"


def test_all_tools_are_reached_by_tab_in_their_order(page: Page) -> None:
    """Search, filters, then the rows and their heads; each has a name and a ring that is seen."""
    tools(page).get_by_label("Search").focus()
    names = []
    for _ in range(14):
        names.append(page.evaluate("document.activeElement.labels?.[0]?.firstChild.textContent ?? document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Tab")
    filters = ["Severity", "Code", "Control", "Promise", "Account", "Staff", "Review", "Remark"]
    assert names == ["Search", *filters, "Every finding", "When", "Verdict", "What was found", "Who"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Browser, folder: Path, scheme: str) -> None:
    """Rows are blocks there, of the chosen ones only; sorting works as well, and the page is no wider than the screen."""
    page, noises = opened(browser, folder / "month", 390, scheme)
    assert shown(page).count() == PAGE
    tools(page).get_by_label("Severity").select_option("Low")
    assert shown(page).count() == 1
    page.locator("table.findings thead").get_by_role("button", name="Verdict").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert noises == []


def test_all_rows_are_printed_and_no_tools(browser: Browser, folder: Path) -> None:
    """Paper has no pages to turn: every row is on it, nothing that can be clicked."""
    page, _ = opened(browser, folder / "month")
    page.emulate_media(media="print")
    assert shown(page).count() == FOUND
    assert page.locator(":is(input, select, .pager, .clear, .count):visible").count() == 0
    printed = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(BytesIO(page.pdf())).pages)
    assert printed.count("without a permission that covers it") == FOUND - 2


def test_of_chosen_rows_the_print_says_how_many_there_are(page: Page) -> None:
    """Whoever is handed a part must see that it is one, and which."""
    tools(page).get_by_label("Severity").select_option("Medium")
    chosen = int(count(page).split()[0])
    page.emulate_media(media="print")
    assert shown(page).count() == chosen > PAGE
    assert tools(page).inner_text().strip() == f"{chosen} of {FOUND} rows · Severity: Medium"
    page.emulate_media(media="screen")


def test_without_the_script_the_page_is_complete(browser: Browser, folder: Path) -> None:
    """The evidence must not hang on a program."""
    page, noises = opened(browser, folder / "month", java_script_enabled=False)
    assert page.locator(".tools, .pager, .sorts").count() == 0
    page.locator("details.long > summary").first.click()
    assert shown(page).count() == FOUND
    assert noises == []


def test_a_link_to_a_line_leads_to_it(browser: Browser, folder: Path) -> None:
    """A customer asks about line 40 of her page: it is on the second page of the table."""
    page, _ = opened(browser, folder / "customer", at="#line-40")
    assert page.locator("#line-40").is_visible()
    assert shown(page, "What was done with your records").first.get_attribute("id") == "line-26"


@pytest.mark.parametrize("name", ["hostile", "hostile-customer"])
def test_hostile_text_stays_text(browser: Browser, folder: Path, name: str) -> None:
    """Ids from logs become values of filters and words of the search: none of them may become markup, or run."""
    page, noises = opened(browser, folder / name)
    hostile = visible(synthetic.HOSTILE + "<img src=x onerror=alert(1)>")
    lists = page.locator(".tools select", has=page.get_by_role("option", name=hostile, exact=True))
    assert lists.count() > 0 or name == "hostile-customer"
    for one in lists.all():
        one.select_option(hostile)
    for search in page.locator(".tools input").all():
        search.fill(hostile)
    assert page.locator("img, iframe, option *, .tools p > :not(span)").count() == 0
    assert noises == []


def test_markup_could_not_be_made_even_by_mistake(browser: Browser, folder: Path) -> None:
    """The policy wants trusted types and names none: a line of script that made markup of text would fail; no other script runs either."""
    page, noises = opened(browser, folder / "month")
    for line in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.body.setAttribute('onclick', 'alert(1)')",
        "document.body.append(Object.assign(document.createElement('script'), {text: 'alert(1)'}))",
    ):
        with pytest.raises(Error, match="Trusted"):
            page.evaluate(line)
    assert any(noise.startswith("violated require-trusted-types-for") for noise in noises)
    assert "1" not in noises


def test_ten_thousand_findings_are_a_page_of_rows(browser: Browser, tmp_path: Path) -> None:
    """What is laid out is a page, however many findings there are."""
    write(synthetic.report(synthetic.month(10_000)), tmp_path)
    page, noises = opened(browser, tmp_path)
    assert count(page) == "10,002 of 10,002 rows, 1 to 25 shown"
    tools(page).get_by_label("Search").fill("dark access")
    assert count(page) == "1 of 10,002 rows"
    assert noises == []
