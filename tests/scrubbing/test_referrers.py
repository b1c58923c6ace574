"""Referrers: a class, or a domain so large that it tells of nobody."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.referrers import _SHOWN, alike, referrer

CLASSES = {"none", "internal", "search", "social", "mail", "ads", "app", "ip", "intranet", "other"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "none"),
        ("", "none"),
        ("-", "none"),
        ("https://www.example.com/people/7?q=jane", "internal"),
        ("https://jane:secret@WWW.Example.com:8443/", "internal"),
        ("www.example.com/x", "internal"),
        ("https://example.com/", "other"),
        ("https://www.google.com/search?q=jane+doe", "search"),
        ("https://www.google.co.uk/", "search"),
        ("http://google.de", "search"),
        ("https://duckduckgo.com/?q=x", "search"),
        ("https://uk.search.yahoo.com/", "search"),
        ("https://google.evil.example/", "other"),
        ("https://notgoogle.com/", "other"),
        ("https://www.google.com@evil.example/", "other"),
        ("https://mail.google.com/mail/u/0/", "mail"),
        ("https://webmail.example.net/", "mail"),
        ("https://outlook.live.com/mail/", "mail"),
        ("https://ad.doubleclick.net/x", "ads"),
        ("https://www.facebook.com/jane.doe", "social"),
        ("https://t.co/abc", "social"),
        ("https://x.com/jane", "social"),
        ("https://netflix.com/", "other"),
        ("android-app://com.google.android.gm/", "app"),
        ("ios-app://123/", "app"),
        ("http://203.0.113.7/x", "ip"),
        ("http://[2001:db8::7]:8080/x", "ip"),
        ("http://3405803783/", "ip"),
        ("http://0xCB007107/", "ip"),
        ("http://ppp-203-0-113-7.isp.example/", "ip"),
        ("http://%32%30%33.0.113.7/", "ip"),
        ("http://wiki/page", "intranet"),
        ("http://localhost:3000/", "intranet"),
        ("https://wiki.acme.corp/x", "intranet"),
        ("https://jira.acme.internal/", "intranet"),
        ("https://nas.local/", "intranet"),
        ("https://github.com/jane/secret", "github.com"),
        ("https://de.wikipedia.org/wiki/X", "wikipedia.org"),
        ("https://github.com.evil.example/", "other"),
        ("https://evilgithub.com/", "other"),
        ("about:blank", "other"),
        ("mailto:jane@example.com", "other"),
        ("javascript:alert(1)", "other"),
        ("http://", "other"),
        ("http://[broken", "other"),
        ("jane doe", "other"),
        ("ftp://example.org/", "other"),
    ],
)
def test_a_referrer_is_classed(text: str | None, expected: str) -> None:
    """Where visitors come from matters; the page they came from is theirs."""
    assert referrer(text, frozenset({"www.example.com"})) == expected


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(max_size=80).map("https://{}/".format))
def test_nothing_of_the_text_comes_out(text: str) -> None:
    """Search terms, user names and intranet hosts stand in referrers: every word that comes out is one of ours."""
    assert referrer(text) in CLASSES | set(_SHOWN.split())


@settings(deadline=None)
@given(
    st.text("ahttps:/.?#@-A:\n0é", max_size=20) | st.text("a.-@:/?#\n", max_size=20).map("https://{}".format), st.sampled_from(["", "https://www.google.com", "http://a.example"])
)
def test_referrers_that_are_alike_are_of_one_class(text: str, before: str) -> None:
    """What is remembered instead of a referrer says all that the referrer says."""
    [reduced] = alike(pl.Series([before + text], dtype=pl.String))
    assert referrer(reduced) == referrer(before + text)


def test_what_follows_the_host_tells_no_referrers_apart() -> None:
    """Most referrers of a site are its own pages."""
    texts = pl.Series(["https://a.example/x?y", "https://a.example/z", "https://a.example", "android-app://a.example/x", None])
    assert alike(texts).to_list() == ["https://a.example/", "https://a.example/", "https://a.example", "android-app://a.example/x", None]
