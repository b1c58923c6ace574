"""One browser and one set of reports for all tests of the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from dagster_project.publishing.report import write
from tests.browser.opening import FLAGS
from tests.publishing import synthetic


@pytest.fixture(name="browser", scope="session")
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(name="folder", scope="session")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    write(synthetic.report(synthetic.month(600)), folder / "month")
    hostile = synthetic.HOSTILE + "<img src=x onerror=alert(1)>"
    write(synthetic.report(synthetic.month(30, hostile)), folder / "hostile")
    write(synthetic.report(synthetic.month(60), "dune"), folder / "customer")
    write(synthetic.report(synthetic.month(30, hostile), hostile), folder / "hostile-customer")
    return folder
