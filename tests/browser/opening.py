"""Opens a report in Debian's Chromium and hears all that it says, asks or fetches."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# A violation of the page's own policy is told to the page, before anything else of it runs.
WATCH = "addEventListener('securitypolicyviolation', event => console.error('violated', event.effectiveDirective));"


def opened(browser: Browser, path: Path, width: int = 1280, scheme: str = "light", at: str = "", **context: Any) -> tuple[Page, list[str]]:
    """Open the report in a folder, `at` a place of it; return the page and whatever it said, asked or fetched."""
    room = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light", **context)
    noises: list[str] = []

    def answered(dialog: Dialog) -> None:
        noises.append(dialog.message)
        dialog.dismiss()

    page = room.new_page()
    page.add_init_script(WATCH)
    page.on("console", lambda message: noises.append(message.text))
    page.on("pageerror", lambda error: noises.append(str(error)))
    page.on("dialog", answered)
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else noises.append(request.url))
    page.goto((path / "report.html").as_uri() + at)
    return page, noises
