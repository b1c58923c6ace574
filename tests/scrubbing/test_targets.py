"""Targets: what a request line may say once its path, query and host are gone (docs/privacy.md#routes)."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.literals import FIXED, QUERY
from dagster_project.scrubbing.targets import Routes, Target, Targets
from dagster_project.settings import Site

SITE = Site(
    own_hosts=("www.example.com",),
    routes=("/jobs/{job}", "/jobs/new", "/files/{name}.pdf", "/people/{person}/notes/{note}"),
    vocabulary=("api", "v1"),
    query={"page": "count", "sort": ("new", "old")},
)
TARGETS = Targets(SITE, ("/people/{person}",), ("/accounts/{account}",))


def shown(raw: str) -> str:
    """Return a candidate with `=` before each literal, so that fixed and literal segments can be told apart."""
    candidate = TARGETS.read(raw).candidate
    assert candidate is not None
    path, query = candidate.split(QUERY)
    return "/" + "/".join(part.removeprefix(FIXED) if part.startswith(FIXED) else "=" + part for part in path.split("/")) + query


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/", "/"),
        ("/blog", "/=blog"),
        ("/blog/", "/=blog/"),
        ("/blog ", "/=blog"),
        ("//x", "//=x"),
        # dropped: query, fragment, matrix parameters, plain and encoded
        ("/blog?q=jane", "/=blog"),
        ("/blog?jane@example.com", "/=blog"),
        ("/blog#jane", "/=blog"),
        ("/blog#a?page=2", "/=blog"),
        ("/blog;jsessionid=1A2B/x;y=z", "/=blog/=x"),
        ("/blog%3Bjsessionid=1A2B", "/=blog"),
        # (a) declared routes, the most literal first, with or without a slash at the end
        ("/jobs/4711", "/jobs/{job}"),
        ("/jobs/jane@example.com", "/jobs/{job}"),
        ("/jobs/new", "/jobs/new"),
        ("/jobs/new/", "/jobs/new"),
        ("/jobs", "/=jobs"),
        ("/jobs/1/2", "/=jobs/=1/=2"),
        ("/files/offer.pdf", "/files/{name}.pdf"),
        ("/people/7/notes/9", "/people/{person}/notes/{note}"),
        ("/people/7", "/people/{person}"),
        ("/people/a%2Fb", "/people/{person}"),
        # (b) detectors
        ("/u/jane@example.com", "/=u/{email}"),
        ("/u/jane%2540example.com", "/=u/{email}"),
        ("/u/203.0.113.7", "/=u/{ip}"),
        ("/u/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2ln", "/=u/{jwt}"),
        ("/u/123e4567-e89b-12d3-a456-426614174000", "/=u/{uuid}"),
        ("/u/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/=u/{ulid}"),
        ("/u/+4930123456789", "/=u/{phone}"),
        ("/u/4111111111111111", "/=u/{int}"),
        ("/u/4111-1111-1111-1111", "/=u/{card}"),
        ("/u/078-05-1120", "/=u/{national_id}"),
        ("/u/AKIAIOSFODNN7EXAMPLE", "/=u/{key}"),
        ("/u/1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "/=u/{wallet}"),
        ("/u/52.5200,13.4050", "/=u/{place}"),
        ("/u/00-11-22-AA-BB-CC", "/=u/{mac}"),
        ("/u/DE89370400440532013000", "/=u/{iban}"),
        ("/u/amFuZUBleGFtcGxlLmNvbQ==", "/=u/{b64}"),
        ("/u/3405803783", "/=u/{int}"),
        # (c) vocabulary is fixed, everything else a literal to be counted
        ("/api/v1/users", "/api/v1/=users"),
        ("/Caf%C3%A9", "/=Caf%C3%A9"),
        # what could not be shown falls back at once
        ("/{x}", "/{s}"),
        ("/a b", "/{s}"),
        ("/a\x00b", "/{s}"),
        ("/" + "z" * 201, "/{s}"),
        ("/" + "7" * 201, "/{int}"),
        # what tells of somebody by its form or its place falls back, too, but not what is declared
        ("/blog%253Bjsessionid=1A2B", "/=blog"),
        ("/blog%25253Bjsessionid=1A2B", "/=blog"),
        ("/sid=1A2B/x", "/{s}/=x"),
        ("/~jdoe/cv.html", "/{s}/=cv.html"),
        ("/@jdoe", "/{s}"),
        ("/users/jdoe", "/=users/{s}"),
        ("/users/42/edit", "/=users/{int}/=edit"),
        ("/users/login", "/=users/=login"),
        ("/users/v1", "/=users/v1"),
        ("/authors/jane-doe.html", "/=authors/{file}.html"),
        ("/reset/x7Kq", "/=reset/{s}"),
        ("/proxy/https://jane.example.net/private", "/=proxy/{s}//{s}/{s}"),
        ("/proxy/https%3A%2F%2Fjane.example.net%2Fprivate", "/=proxy/{s}"),
        ("/click;to=https://jane.example.net/private", "/=click//{s}/{s}"),
        ("/url=https:/jane.example.net", "/{s}/{s}"),
        ("/x7Kq2LmZp9Rt4Vw8/y", "/{token}/=y"),
        ("/507f1f77bcf86cd799439011", "/{hex}"),
        ("/0301234567", "/{int}"),
        ("/030123456", "/{int}"),
        ("/123456789", "/=123456789"),
        ("/images/logo@2x.png", "/=images/=logo@2x.png"),
        ("/17.05.2015", "/=17.05.2015"),
        # (d) depth
        ("/1/2/3/4/5/6/7/8", "/=1/=2/=3/=4/=5/=6/=7/=8"),
        ("/1/2/3/4/5/6/7/8/9", "/=1/=2/=3/=4/=5/=6/=7/=8/{…}"),
        # the account's id by a path pattern
        ("/accounts/acme/jobs", "/=accounts/{account}/=jobs"),
        # kept queries
        ("/x?page=0", "/=x?page=1"),
        ("/x?page=1", "/=x?page=1"),
        ("/x?page=2", "/=x?page=2–5"),
        ("/x?page=5", "/=x?page=2–5"),
        ("/x?page=6", "/=x?page=6+"),
        ("/x?page=4111111111111111", "/=x?page"),
        ("/x?page=jane", "/=x?page"),
        ("/x?page", "/=x?page"),
        ("/x?sort=new&page=3", "/=x?page=2–5&sort=new"),
        ("/x?sort=jane", "/=x?sort"),
        ("/x?sort=old&sort=new", "/=x?sort=old"),
        ("/x?so%72t=n%65w", "/=x?sort=new"),
        # absolute form
        ("http://www.example.com/blog", "/=blog"),
        ("HTTPS://jane:secret@WWW.example.com:443/blog?q=1", "/=blog"),
        ("http://www.example.com", "/"),
        ("http://www.example.com?q", "/"),
        ("*", "/*"),
    ],
)
def test_a_target_leaves_a_candidate(raw: str, expected: str) -> None:
    """The candidate is all of a target that is ever counted; what it lacks cannot leak."""
    assert shown(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/x", 0),
        ("/x?", 0),
        ("/x?a=1&b=2", 2),
        ("/x?a=1&&b=2&", 2),
        ("/x?a=1&a=2", 2),
        ("/x?jane@example.com", 1),
        ("/x?page=2&a=1", 1),
        ("/x?page=2&sort=new", 0),
        ("/x?PAGE=2", 1),
    ],
)
def test_dropped_query_names_are_counted(raw: str, expected: int) -> None:
    """How much was dropped says whether a declaration is missing, and names nobody."""
    assert TARGETS.read(raw).other_query_names == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, Target()),
        ("", Target()),
        ("-", Target()),
        ("http://evil.example/x", Target(host="[other]")),
        ("http://www.example.com@evil.example/", Target(host="[other]")),
        ("evil.example:443", Target(is_authority=True, host="[other]")),
        ("www.example.com:443", Target(is_authority=True, host="www.example.com")),
        ("[2001:db8::7]:443", Target(is_authority=True, host="[other]")),
        ("index.html", Target(is_http=False)),
        ("\\x16\\x03\\x01", Target(is_http=False)),
        ("jane@example.com", Target(is_http=False)),
    ],
)
def test_a_target_without_a_path_of_ours_has_no_route(raw: str | None, expected: Target) -> None:
    """A proxy's foreign hosts are where somebody surfs: neither host nor path is ours to keep."""
    assert TARGETS.read(raw) == expected


@pytest.mark.parametrize(("raw", "expected"), [("/people/7", True), ("/people/7/", True), ("/people/7?x", True), ("/people/7/notes/1", False), ("/people", False)])
def test_a_customer_record_is_told_by_its_route(raw: str, expected: bool) -> None:
    """Only these routes make a request by staff a read that an access event must tell of."""
    assert TARGETS.read(raw).is_customer_record is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("/accounts/acme", "acme"), ("/accounts/acme/jobs?x", "acme"), ("/accounts/acme%2Dx/", "acme-x"), ("/accounts/", None), ("/accounts", None), ("/x/accounts/acme", None)],
)
def test_a_path_pattern_finds_the_account(raw: str, expected: str | None) -> None:
    """The pattern is a prefix; an id that is not there is not guessed."""
    assert TARGETS.read(raw).account == expected


@pytest.mark.parametrize(
    ("patterns", "raw", "expected"),
    [
        (("/accounts/{account}/jobs/{account}",), "/accounts/a/jobs/b", "a"),
        (("/accounts/{account}/jobs/{account}",), "/accounts/a/jobs", None),
        (("/{account}/jobs", "/{account}"), "/a/jobs.x", "a"),
        (("/accounts/new", "/accounts/{account}"), "/accounts/new/x", None),
        (("/accounts/new", "/accounts/{account}"), "/accounts/newer", "newer"),
        (("/1/2/3/4/5/6/7/8/{account}",), "/1/2/3/4/5/6/7/8/a", None),
        (("/a.c/{account}",), "/abc/x", None),
        ((), "/accounts/a", None),
    ],
)
def test_the_first_pattern_that_fits_decides(patterns: tuple[str, ...], raw: str, expected: str | None) -> None:
    """It may name an account once, within the part of a path that is read, or not at all."""
    assert Targets(Site(), path_patterns=patterns).read(raw).account == expected


WRITTEN = st.text("/?&=#;%+ -.ax1\u00e9\u2025{}\\", max_size=30) | st.sampled_from(["page", "sort=new", "pag%65=2", "&amp;page=1", "/people/7", "x" * 8200])


@settings(deadline=None, max_examples=300)
@given(st.lists(WRITTEN, max_size=5).map("".join), st.booleans(), st.sampled_from([SITE, Site()]))
def test_targets_that_are_alike_are_read_alike(text: str, is_origin: bool, site: Site) -> None:
    """What is remembered instead of a target says all that the target says."""
    targets, text = Targets(site, ("/people/{person}",), ("/accounts/{account}",)), "/" * is_origin + text
    [alike] = targets.alike(pl.Series([text], dtype=pl.String))
    assert targets.read(alike) == targets.read(text)


def test_values_of_a_query_tell_no_targets_apart() -> None:
    """A search is asked for with other words each time; what settings declare of a query is kept."""
    texts = pl.Series(["/s?q=a&page=1", "/s?q=b&page=1", "/s?z=%41&", "/s", None, "*"])
    assert Targets(Site()).alike(texts).to_list() == ["/s?=&=", "/s?=&=", "/s?=&", "/s", None, "*"]
    assert TARGETS.alike(pl.Series(["/s?q=a", "/s?q=%41", "/s?page=1"])).to_list() == ["/s?=", "/s?q=%41", "/s?page=1"]


def test_a_long_target_is_capped() -> None:
    """Eight KiB is where work on a single line ends; the rest is not read, and counts as one name that was dropped."""
    assert TARGETS.read("/x?" + "a=1&" * 10_000).other_query_names == 2049
    assert TARGETS.read("/x?" + "a" * 8_189).other_query_names == 1


def test_templates_of_equal_weight_are_told_apart() -> None:
    """Which declared route a path has must not depend on the order they were written in."""
    assert Routes(["/{a}/x", "/y/{b}"]).find("/y/x") == Routes(["/y/{b}", "/{a}/x"]).find("/y/x")


@pytest.mark.parametrize(
    ("template", "path", "fits"),
    [
        ("/{a}-{b}", "/x-y", True),
        ("/{a}-{b}", "/x-y-z", True),
        ("/{a}-{b}", "/x-", False),
        ("/{a}-{b}", "/-x-", False),
        ("/{a}-{b}", "/-x-y", True),
        ("/{a}-{b}.pdf", "/x-y.z.pdf", True),
        ("/{a}-{b}.pdf", "/x-y.pdf.txt", False),
        ("/{a}{b}", "/x", False),
        ("/{a}{b}", "/xy", True),
        ("/x{a}y{b}z", "/x1y2y3z", True),
        ("/x{a}y{b}z", "/xyyz", False),
        ("/{a}/b", "/x/y/b", False),
        ("/", "/", True),
    ],
)
def test_a_template_varies_where_it_says_so(template: str, path: str, fits: bool) -> None:
    """A part that varies holds at least one character and no slash; several in one segment are found as a shell finds them."""
    assert (Routes([template]).find(path) == template) is fits


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_it(raw: str) -> None:
    """Any text may stand in a request line; every segment of its candidate is fixed or one of its own."""
    found = TARGETS.read("/" + raw)
    assert found.candidate is not None
    assert found.candidate.count(QUERY) == 1
