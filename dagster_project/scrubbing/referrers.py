"""What a referrer says, as one of the closed classes of scrubbed.requests; its path, query and user go no further."""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

import polars as pl

from dagster_project.scrubbing.detectors import kinds
from dagster_project.scrubbing.readable import decoded

MAX_CHARS = 8192
_MOST_HOSTS = 10_000

_INTRANET = re.compile(r"\.(?:local|localdomain|corp|internal|intranet|lan|home|private|test|localhost|home\.arpa)$")
# Hosts of each class, in this order: a mail or advertising host of a search engine is no search. `*` is any public suffix.
_HOSTS = """
mail: mail.google.com mail.yahoo.* mail.yandex.* mail.ru outlook.live.com outlook.office.com outlook.office365.com mail.proton.me
mail: mail.aol.com mail.zoho.com gmx.* web.de
ads: doubleclick.net googlesyndication.com googleadservices.com adservice.google.* ads.google.com taboola.com outbrain.com
ads: criteo.* adnxs.com amazon-adsystem.com ads.linkedin.com
social: plus.google.com plus.url.google.com groups.google.com
search: google.* bing.com duckduckgo.com yahoo.* baidu.com yandex.* ya.ru ecosia.org startpage.com qwant.com ask.com search.brave.com
search: kagi.com naver.com daum.net seznam.cz sogou.com so.com aol.com dogpile.com swisscows.com mojeek.com
social: facebook.com fb.com fb.me messenger.com instagram.com threads.net t.co twitter.com x.com linkedin.com lnkd.in reddit.com
social: redd.it pinterest.* pin.it tiktok.com youtube.com youtu.be vk.com ok.ru bsky.app mastodon.social tumblr.com quora.com
social: xing.com weibo.com whatsapp.com telegram.org t.me discord.com slack.com
"""
# Domains that are shown: places so large that to come from there tells of nobody.
_SHOWN = """
github.com gitlab.com bitbucket.org stackoverflow.com stackexchange.com superuser.com serverfault.com wikipedia.org wikimedia.org
medium.com substack.com ycombinator.com producthunt.com wordpress.com blogspot.com mozilla.org apache.org python.org debian.org
ubuntu.com microsoft.com apple.com amazon.com archlinux.org elastic.co g2.com capterra.com trustpilot.com
"""


def _pattern(hosts: list[str]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(host).replace(r"\*", r"(?:com?\.)?[a-z]{2,3}") for host in hosts)
    return re.compile(rf"(?:^|\.)({alternatives})$")


_CLASSES = [(name, _pattern(hosts.split())) for name, hosts in (line.split(": ") for line in _HOSTS.strip().splitlines())]
_PLAIN = r"(https?)://([a-z0-9.-]+)(?:[/?#]|$)"  # most referrers
_BEGINS_PLAINLY = re.compile(_PLAIN)
_HOST_NAME = re.compile(r"[\w.-]+")
_MAIL_SERVER = re.compile(r"(?:web)?mail\d*\.")
_KNOWN = _pattern(_SHOWN.split())


def referrer(text: str | None, own_hosts: frozenset[str] = frozenset()) -> str:
    """Return the class of a referrer, or a domain of the known list (`own_hosts` in lower case)."""
    if not text or text.strip() in {"", "-"}:
        return "none"
    scheme, host = _host(text[:MAX_CHARS])
    if scheme.endswith("-app"):
        return "app"
    return _class(host, own_hosts) if scheme in {"http", "https", ""} and host else "other"


def alike(texts: pl.Series) -> pl.Series:
    """Return texts of the same class, fewer of them: of most, scheme and host are all that is asked for."""
    return texts.str.extract(f"^({_PLAIN})").fill_null(texts)


@lru_cache(_MOST_HOSTS)
def _class(host: str, own_hosts: frozenset[str]) -> str:
    if host in own_hosts:
        return "internal"
    if _is_address(host):
        return "ip"
    if _HOST_NAME.fullmatch(host) and ("." not in host or _INTRANET.search(host)):
        return "intranet"
    if _MAIL_SERVER.match(host):
        return "mail"
    known = _KNOWN.search(host)
    return next((name for name, pattern in _CLASSES if pattern.search(host)), known[1] if known else "other")


def _host(text: str) -> tuple[str, str]:
    """Return scheme and host, lower case, without user, port, brackets and last dot; a text without a scheme is a host and path."""
    text = text.strip()
    if plain := _BEGINS_PLAINLY.match(text):
        return plain[1], plain[2].rstrip(".")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?!//|\d)", text):
        return "opaque", ""  # about:blank, mailto:, data:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        text = "//" + text.removeprefix("//")
    try:
        parts = urlsplit(text)
        return parts.scheme, decoded(parts.hostname or "").lower().rstrip(".")
    except ValueError:
        return "", ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "ip" in kinds(host) or bool(re.fullmatch(r"\d+|0x[0-9a-f]+", host))
    return True
