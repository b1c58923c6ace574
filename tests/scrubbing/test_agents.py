"""Agents: a User-Agent leaves browser, system, device class and a bot flag, all of closed lists."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.agents import _BROWSERS, _SYSTEMS, Agent, agent

APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Agent()),
        ("", Agent()),
        ("-", Agent()),
        ("jane@example.com's phone", Agent("Other", "Other", "bot", is_bot=True)),
        ("rubbish", Agent()),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/124.0.0.0 Safari/537.36", Agent("Chrome", "Windows", "desktop")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/124.0.0.0 Safari/537.36 Edg/124.0.0.0", Agent("Edge", "Windows", "desktop")),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0", Agent("Firefox", "Linux", "desktop")),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) {APPLE} Version/17.4 Safari/605.1.15", Agent("Safari", "macOS", "desktop")),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/124.0.0.0 Safari/537.36", Agent("Chrome", "Chrome OS", "desktop")),
        ("Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)", Agent("IE", "Windows", "desktop")),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) {APPLE} Version/17.4 Mobile/15E148 Safari/604.1", Agent("Safari", "iOS", "mobile")),
        (f"Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) {APPLE} Version/17.4 Mobile/15E148 Safari/604.1", Agent("Safari", "iOS", "tablet")),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/124.0.0.0 Mobile Safari/537.36", Agent("Chrome", "Android", "mobile")),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X700) {WEBKIT} Chrome/124.0.0.0 Safari/537.36", Agent("Chrome", "Android", "tablet")),
        (f"Mozilla/5.0 (Linux; Android 9; CUBOT X18) {WEBKIT} Chrome/124.0.0.0 Mobile Safari/537.36", Agent("Chrome", "Android", "mobile")),
        (f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", Agent("Samsung Internet", "Android", "mobile")),
        ("curl/8.5.0", Agent("curl", "Other", "bot", is_bot=True)),
        ("python-requests/2.31.0", Agent("Other", "Other", "bot", is_bot=True)),
        ("Wget/1.21", Agent("Other", "Other", "bot", is_bot=True)),
        ("Go-http-client/2.0", Agent("Other", "Other", "bot", is_bot=True)),
        ("okhttp/4.12.0", Agent("Other", "Other", "bot", is_bot=True)),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Agent("Other", "Other", "bot", is_bot=True)),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", Agent("Other", "Other", "bot", is_bot=True)),
        ("ELB-HealthChecker/2.0", Agent("Other", "Other", "bot", is_bot=True)),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/124.0.0.0 Safari/537.36", Agent("Chrome", "Linux", "bot", is_bot=True)),
    ],
)
def test_an_agent_is_classed(text: str | None, expected: Agent) -> None:
    """Analysts ask which browsers to support and how much of the traffic is programs; nobody asks for the text."""
    assert agent(text) == expected


ROWS = list(csv.DictReader((Path(__file__).parent / "agents.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['browser']}, {row['device_class']}, {number}" for number, row in enumerate(ROWS)])
def test_agents_of_every_class_and_bots(row: dict[str, str]) -> None:
    """Desktops, phones, tablets, televisions, apps, crawlers, monitors, libraries and scanners, as they call themselves."""
    is_bot = row["device_class"] == "bot"
    assert agent(row["agent"]) == Agent(row["browser"], row["os"], row["device_class"], is_bot)


def test_every_class_is_in_the_table() -> None:
    """A class that is never tested could be one nobody gets."""
    assert len(ROWS) >= 90
    assert {row["device_class"] for row in ROWS} == {"desktop", "mobile", "tablet", "bot", "other"}
    assert {row["browser"] for row in ROWS} >= set(_BROWSERS.values()) - {"Brave"}


@settings(deadline=None)
@given(st.text(max_size=300))
def test_nothing_of_the_text_comes_out(text: str) -> None:
    """Agents carry e-mails, device ids and user names: every word that comes out is one of ours."""
    known = agent(text)
    assert known.browser in {*_BROWSERS.values(), "Other"}
    assert known.os in {*_SYSTEMS.values(), "Other"}
    assert known.device_class in {"desktop", "mobile", "tablet", "bot", "other"}
