"""What a User-Agent says of browser, system and device, in words of closed lists; its text goes no further."""

import re
from dataclasses import dataclass
from functools import cache

from ua_parser import Domain, PartialResult
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

MAX_CHARS = 2048

# Families of ua-parser that may be shown, each under the name before its colon.
_BROWSERS_SHOWN = """
Chrome: Chrome, Chrome Mobile, Chrome Mobile iOS, Chrome Mobile WebView, HeadlessChrome
Firefox: Firefox, Firefox Mobile, Firefox iOS, Firefox Alpha, Firefox Beta
Safari: Safari, Mobile Safari, Mobile Safari UI/WKWebView
Edge: Edge, Edge Mobile, Edge iOS
Opera: Opera, Opera Mobile, Opera Mini, Opera Neon, Opera Touch
IE: IE, IE Mobile
DuckDuckGo: DuckDuckGo, DuckDuckGo Mobile
Samsung Internet: Samsung Internet
Yandex Browser: Yandex Browser
UC Browser: UC Browser
Vivaldi: Vivaldi
Brave: Brave
Chromium: Chromium
curl: curl
"""
_SYSTEMS_SHOWN = """
Windows: Windows
macOS: Mac OS X, Mac OS
Linux: Linux, Ubuntu, Debian, Fedora, Red Hat, CentOS, SUSE, Gentoo, Linux Mint, Kubuntu, Slackware, Arch Linux, Mandriva
Android: Android
iOS: iOS
Chrome OS: Chrome OS
Windows Phone: Windows Phone
FreeBSD: FreeBSD
OpenBSD: OpenBSD
NetBSD: NetBSD
Solaris: Solaris
KaiOS: KaiOS
HarmonyOS: HarmonyOS
Tizen: Tizen
"""


def _shown(lines: str) -> dict[str, str]:
    named = [line.split(": ") for line in lines.strip().splitlines()]
    return {family: name for name, families in named for family in families.split(", ")}


_BROWSERS = _shown(_BROWSERS_SHOWN)
_SYSTEMS = _shown(_SYSTEMS_SHOWN)
_DESKTOP = frozenset({"Windows", "macOS", "Linux", "Chrome OS", "FreeBSD", "OpenBSD", "NetBSD", "Solaris"})
_MOBILE = frozenset({"Windows Phone", "KaiOS"})
_BOT = re.compile(
    r"(?<!cu)bot\b|(?<!cu)bots?[/;_-]|crawl|spider|slurp|scrap|fetch|monitor|uptime|pingdom|archiver|validator|preview|externalhit"
    r"|zgrab|masscan|nmap|nikto|sqlmap|nuclei|headless|phantomjs|selenium|lighthouse|mediapartners|feed|\brss\b|https?://|\S@\S+\."
    r"|^(?:curl|wget|python|java|php|perl|ruby|go-http|go |okhttp|axios|node|undici|got |guzzle|postman|insomnia|httpie|libwww|lwp"
    r"|apache-httpclient|jakarta|winhttp|aria2|rest-client|reqwest|hyper|aiohttp|httpx|puppeteer"
    r"|playwright|k6|apachebench|jmeter|siege|wrk|elb-health|kube-probe|googlehc|prometheus|git/|pip/|npm/|docker|containerd|mozilla/[\d.]+$)",
)


@dataclass(frozen=True, slots=True)
class Agent:
    """Browser and system of the closed lists (else Other), device class, and whether it calls itself a program."""

    browser: str = "Other"
    os: str = "Other"
    device_class: str = "other"
    is_bot: bool = False

    @property
    def ua_class(self) -> bytes:
        """The agent's part of the visitor token."""
        return f"{self.browser}\x1f{self.os}\x1f{self.device_class}".encode()


@cache
def _resolver() -> Resolver:
    return Resolver(load_builtins())


def agent(text: str | None) -> Agent:
    """Return what a User-Agent says; a tool (curl, python-requests) and whatever names a page about itself is a bot."""
    if not text or text == "-":
        return Agent()
    text = text[:MAX_CHARS]
    said = _resolver()(text, Domain.ALL)
    browser = _BROWSERS.get(said.user_agent.family, "Other") if said.user_agent else "Other"
    system = _SYSTEMS.get(said.os.family, "Other") if said.os else "Other"
    is_bot = bool(said.device and said.device.family == "Spider") or bool(_BOT.search(text.lower()))
    return Agent(browser, system, "bot" if is_bot else _device_class(text, system, said), is_bot)


def _device_class(text: str, system: str, said: PartialResult) -> str:
    device = said.device.family if said.device else ""
    if (
        device == "iPad"
        or "Tablet" in text
        or "Kindle" in device
        or device.startswith("Kindle")
        or (system == "Android" and not any(word in text for word in ("Mobile", "Opera Mini", "TV")))
    ):
        return "tablet"
    if system in _MOBILE or (system in {"iOS", "Android", "HarmonyOS", "Tizen"} and "TV" not in text):
        return "mobile"
    return "desktop" if system in _DESKTOP else "other"
