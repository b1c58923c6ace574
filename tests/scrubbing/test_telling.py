"""What a segment may not show though twenty visitors asked for it: forms that carry a name or a key, and places where one stands."""

import pytest

from dagster_project.scrubbing.readable import decoded
from dagster_project.scrubbing.telling import begins_url, is_behind_folder, is_telling


@pytest.mark.parametrize(
    "segment",
    [
        # parameters, also encoded twice
        "PHPSESSID=9f8e7d6c",
        "sid=1a2b3c",
        "jane=example.com",
        "blog%253Bjsessionid=1A2B",
        "x%3By",
        "x%3Fq",
        "x%2523jane",
        # names of users
        "~jdoe",
        "CV_~jdoe_2026.docx",
        "Customers('jdoe')",
        "Customers(%27jdoe%27)",
        "@jdoe",
        "jane@intranet",
        "jane%40intranet",
        "jane\uff20intranet",
        # numbers that are dialled, or that a state, a bank or a network gave
        "0301234567",
        "03012345",
        "2025550143",
        "490154203237518",
        "35-209900-176148-1",
        "86095742719",
        "4111_1111_1111_1111",
        "4111.1111.1111.1111",
        "invoice-490154203237518.pdf",
        # random tokens
        "x7Kq2LmZp9Rt4Vw8",
        "V1StGXR8_Z5jdHi6B-myT",
        "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        "1HGCM82633A004352",
        "C01X00T47",
        "507f1f77bcf86cd799439011",
        "d41d8cd98f00b204e9800998ecf8427e",
        "d41d8cd98f00b204e9800998ecf8427e.jpg",
        "001A2B3C4D5E",
        # URLs, markup, JSON, paths of Windows
        "http%3A%2F%2Fintranet%2Fjane",
        "data:text%2Fplain,jane",
        "mailto:jane",
        "C:%5CUsers%5Cjane",
        "%7B%22user%22%3A%22jane%22%7D",
        "%3Cjane%3E",
        "a%0Ab",
        # an at sign that no decoder looks for, or whose end the path lost
        "jane+AEA-example.com",
        "jane&",
        "jane&commat",
        "8 (912) 3456789",
        "jane%c1%80example.com",
        "6a:61:6e:65:40:65:78",
        # ids of a payment provider's customers
        "cus_NffrFeUfNV2Hib",
        "sub-cus_nffrfeufnv2hib",
        # encoded five times
        "jane%252525252540example.com",
    ],
)
def test_a_telling_form_is_told(segment: str) -> None:
    """A newsletter carries one person's link to hundreds: twenty visitors are no shelter for what is hers."""
    assert is_telling(decoded(segment))


@pytest.mark.parametrize(
    "segment",
    [
        "blog",
        "getting-started-with-everything",
        "kibana-search.png",
        "ahhh___rage_face_by_samusmmx-d5g5zap.png",
        "league_gothic-webfont.ttf",
        "2015-05-17-10-things-to-know-in-2016",
        "2015-05-17",
        "20150517",
        "10:05:03",
        "Caf%C3%A9",
        "J%FCrgen",
        "annual%20report.pdf",
        "Talk:Main_Page",
        "logo@2x.png",
        "lodash@4.17.21",
        "lib@4.17.21.min.js",
        "app.3f2a9c1b7e.js",
        "d41d8cd98f00b204e9800998ecf8427e.css",
        "main.x7Kq2LmZp9Rt4Vw8.chunk.js",
        "reveal.js",
        "logstash-scale11x",
        "MyGreatBlogPostTitleHere",
        "R2D2",
        "100%25",
        "q&a",
        "src_componentsofthebutton",
        "meet+AEA+greet",
        "10:05:03:07",
        "123456789",
        "v1.2.3",
        "DE",
        "PROGRA~1",
        "report~",
        "Users(7)",
    ],
)
def test_an_ordinary_page_is_not_telling(segment: str) -> None:
    """A page that is blanked for nothing is missing from every table."""
    assert not is_telling(decoded(segment))


@pytest.mark.parametrize(
    ("folder", "segment", "expected"),
    [
        ("users", "jdoe", True),
        ("Users", "42", True),
        ("arn:aws:iam::1:user", "jane", True),
        ("u", "jdoe", True),
        ("authors", "jane-doe.html", True),
        ("reset", "x7Kq", True),
        ("unsubscribe", "jane", True),
        ("users", "login", False),
        ("users", "Sign_In", False),
        ("people", "index.html", False),
        ("user", "css", False),
        ("blog", "jdoe", False),
        ("", "jdoe", False),
    ],
)
def test_a_name_behind_its_folder(folder: str, segment: str, expected: bool) -> None:
    """Names of people never enter a table, and `/users/` says where one stands."""
    assert is_behind_folder(folder, segment) is expected


@pytest.mark.parametrize(
    ("segment", "expected"),
    [("https:", True), ("x:", True), ("jobs;to=https:", True), ("${jndi:ldap:", True), ("http://", True), (":", False), ("https", False), ("10:05", False), ("9:", False)],
)
def test_a_url_within_the_path(segment: str, expected: bool) -> None:
    """Behind `/proxy/https:/` stands where somebody surfs."""
    assert begins_url(segment) is expected
