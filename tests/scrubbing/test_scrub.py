"""The Scrubber: raw rows become exactly the contract rows."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project.scrubbing.contracts import REQUESTS, ROUTES, STAFF_REQUESTS, VISITS, encoded
from dagster_project.scrubbing.scrub import Origin, Scrubber
from dagster_project.settings import Settings
from tests.scrubbing.made import NOON, ORDINARY, WEB, day_key, people, rows, scrubbed, scrubber

SQL = Path(__file__).parents[2] / "sql" / "1_scrubbed"
OWN = {"sites": {"own_hosts": ["www.example.com"]}}
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(("table", "schema"), [("requests", REQUESTS), ("visits", VISITS), ("staff_requests", STAFF_REQUESTS), ("routes", ROUTES)])
def test_the_schema_is_the_contract(table: str, schema: pa.Schema) -> None:
    """A column more would leave memory unasked; the SQL file is what a lawyer reads."""
    with duckdb.connect() as connection:
        connection.sql("set TimeZone = 'UTC'")
        connection.sql("create schema scrubbed")
        connection.sql((SQL / f"{table}.sql").read_text())
        contract = connection.sql(f"select * from scrubbed.{table}").to_arrow_table().schema
    assert contract.remove_metadata() == schema


def test_a_row_is_made_anew() -> None:
    """Every column of an ordinary line, so that a change of any shows here."""
    line = {
        "host": "WWW.example.com",
        "target": "/?page=2&q=jane",
        "referer": "https://www.google.com/search?q=jane",
        "user_agent": IPHONE,
        "duration_ns": 1_500_000,
        "status": 404,
        "bytes": 512,
    }
    table = scrubber({"sites": {"own_hosts": ["www.example.com"], "query": {"page": "count"}}}).requests(rows(line), WEB, first_line=101).requests
    assert table.schema == encoded(REQUESTS)
    row = table.to_pylist()[0]
    assert row == {
        "day": date(2024, 5, 17),
        "occurred_at": NOON,
        "input_id": "input-1",
        "line_number": 101,
        "folder": "web_logs",
        "site": "web",
        "account_id": None,
        "is_late": False,
        "is_bot": False,
        "is_hostile": False,
        "method": "GET",
        "route_id": 1,
        "protocol": "1.1",
        "host": "www.example.com",
        "status": 404,
        "bytes_sent": 512,
        "duration_ms": 1.5,
        "referrer": "search",
        "browser": "Safari",
        "os": "iOS",
        "device_class": "mobile",
        "ip_version": 4,
        "client_class": "reserved",
        "client_source": "peer",
        "other_query_names": 1,
        "card_numbers": 0,
    }


def column(name: str, *lines: dict[str, object], **how: object) -> list[object]:
    """Return a column of what scrubbing leaves of some lines."""
    return scrubbed(*lines, **how).requests.column(name).to_pylist()  # type: ignore[arg-type,no-any-return]


@pytest.mark.parametrize(
    ("method", "target", "is_hostile", "shown", "has_route"),
    [
        ("GET", "/", False, "GET", True),
        ("PROPFIND", "/", False, "PROPFIND", True),
        ("get", "/", False, "_OTHER", True),
        ("JANE", "/", False, "_OTHER", True),
        ("OPTIONS", "*", False, "OPTIONS", True),
        ("GET", None, False, "GET", False),
        ("_OTHER", None, True, "_OTHER", False),
        (None, None, True, "_OTHER", False),
        (None, "-", True, "_OTHER", False),
        (None, "/", False, "_OTHER", True),
        ("GET", "jane", True, "_OTHER", False),
        ("\x16\x03", "/", True, "_OTHER", False),
        ("GET /x", "/", True, "_OTHER", False),
        ("CONNECT", "www.example.com:443", False, "CONNECT", False),
        ("GET", "www.example.com:443", True, "_OTHER", False),
        ("GET", "http://www.example.com/x", False, "GET", True),
        ("GET", "http://evil.example/x", False, "GET", False),
    ],
)
def test_a_request_that_is_no_http_is_hostile(method: str | None, target: str | None, is_hostile: bool, shown: str, has_route: bool) -> None:
    """A garbled request in a good line counts as a line, and as nothing else."""
    row = scrubbed({"method": method, "target": target}, settings=OWN).requests.to_pylist()[0]
    assert (row["is_hostile"], row["method"], row["route_id"] is not None) == (is_hostile, shown, has_route)


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("0.9", "0.9"),
        ("1.0", "1.0"),
        ("HTTP/1.1", "1.1"),
        ("2", "2"),
        ("2.0", "2"),
        ("h2", "2"),
        ("HTTP/3.0", "3"),
        ("h3", "3"),
        ("1.2", "other"),
        (None, "other"),
        ("jane", "other"),
    ],
)
def test_the_protocol_is_of_a_closed_set(version: str | None, shown: str) -> None:
    """The version is the client's to write, so any text may stand there."""
    assert column("protocol", {"http_version": version}) == [shown]


@pytest.mark.parametrize(
    ("host", "target", "shown"),
    [
        (None, "/", None),
        ("www.example.com", "/", "www.example.com"),
        ("WWW.Example.com.:8080", "/", "www.example.com"),
        ("jane.example.com", "/", "[other]"),
        ("203.0.113.7", "/", "[other]"),
        (None, "http://www.example.com/", "www.example.com"),
        ("www.example.com", "http://evil.example/", "[other]"),
        (None, "evil.example:443", "[other]"),
    ],
)
def test_a_host_is_ours_or_other(host: str | None, target: str, shown: str | None) -> None:
    """A host header is the client's to write; panels of virtual hosts leak what stands in it."""
    assert column("host", {"host": host, "target": target, "method": "CONNECT" if target.endswith(":443") else "GET"}, settings=OWN) == [shown]


@pytest.mark.parametrize(("status", "shown"), [(100, 100), (599, 599), (99, None), (600, None), (0, None), (None, None)])
def test_a_status_is_one_of_http(status: int | None, shown: int | None) -> None:
    """A status of 0 or 999 would be a class of its own in every table."""
    assert column("status", {"status": status}) == [shown]


@pytest.mark.parametrize(("sent", "shown"), [(0, 0), (7, 7), (None, 0), (-1, 0)])
def test_bytes_are_never_missing(sent: int | None, shown: int) -> None:
    """Sums of bytes are totals of an account and must not be null for one line."""
    assert column("bytes_sent", {"bytes": sent}) == [shown]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2024, 5, 17, 23, 59, 59, 999_999, tzinfo=UTC), date(2024, 5, 17)),
        (datetime(2024, 5, 18, tzinfo=UTC), date(2024, 5, 18)),
        (datetime(1969, 12, 31, 23, tzinfo=UTC), date(1969, 12, 31)),
    ],
)
def test_a_day_is_of_utc(at: datetime, day: date) -> None:
    """The day is the partition: a line on its border must land on one side, the same on every machine."""
    assert column("day", {"ts": at}) == [day]


ACCOUNTS = people(
    accounts=["acme", "globex"],
    users=[("jane", "acme"), ("both", "acme"), ("both", "globex")],
    staff=[("s1", "sam")],
    hosts=[("acme.example.com", "acme")],
)


@pytest.mark.parametrize(
    ("line", "rules", "account"),
    [
        ({}, None, None),
        ({"account": "acme"}, None, "acme"),
        ({"account": "initech"}, None, None),
        ({"host": "ACME.example.com:443"}, None, "acme"),
        ({"host": "www.example.com"}, None, None),
        ({"target": "/accounts/globex/jobs"}, None, "globex"),
        ({"target": "/accounts/initech"}, None, None),
        ({"user": "jane"}, None, "acme"),
        ({"user": "both"}, None, None),
        ({"user": "stranger"}, None, None),
        ({"user": "sam"}, None, None),
        ({"account": "acme", "target": "/accounts/globex"}, None, "acme"),
        ({"account": "initech", "target": "/accounts/globex"}, None, "globex"),
        ({"account": "acme", "target": "/accounts/globex"}, ["path", "log"], "globex"),
        ({"account": "acme"}, ["host"], None),
        ({"user": "jane"}, [], None),
    ],
)
def test_the_first_rule_that_names_an_account_decides(line: dict[str, object], rules: list[str] | None, account: str | None) -> None:
    """An account is all that a request may be told from, and only one the ledger knows."""
    settings = {} if rules is None else {"accounts": {"rules": rules}}
    assert column("account_id", line, settings=settings, known=ACCOUNTS) == [account]


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("acme", "acme"),
        ("acc-4711", "acc-4711"),
        ("123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("jane@example.com", None),
        ("jane%40example.com", None),
        ("203.0.113.7", None),
        ("Jane Doe", None),
        ("+4930123456789", None),
        ("4111111111111111", None),
        ("x" * 65, None),
    ],
)
def test_without_a_ledger_an_account_is_shaped_like_an_id(name: str, account: str | None) -> None:
    """Nothing says which ids are true then, but none that names a person gets through."""
    assert column("account_id", {"account": name}, {"target": f"/accounts/{name}"}) == [account, account]


def test_staff_keep_their_id_in_a_table_of_their_own() -> None:
    """The audit needs who of staff read what; the request itself stays in the usage tables without the name."""
    lines = [
        {"user": "sam", "target": "/people/7", "account": "acme"},
        {"user": "s1", "target": "/help"},
        {"user": "jane", "target": "/people/7"},
        {"user": None, "target": "/people/7"},
        {"user": "sam", "target": "garbage"},
    ]
    made = scrubbed(*lines, settings={"access": {"customer_record_routes": ["/people/{person}"]}}, known=ACCOUNTS)
    assert made.requests.num_rows == 5
    assert "staff_id" not in made.requests.column_names
    shown = made.staff_requests.select(["line_number", "site", "staff_id", "account_id", "method", "is_customer_record", "status"]).to_pylist()
    assert shown == [
        {"line_number": 1, "site": "web", "staff_id": "s1", "account_id": "acme", "method": "GET", "is_customer_record": True, "status": 200},
        {"line_number": 2, "site": "web", "staff_id": "s1", "account_id": None, "method": "GET", "is_customer_record": False, "status": 200},
        {"line_number": 5, "site": "web", "staff_id": "s1", "account_id": None, "method": "_OTHER", "is_customer_record": False, "status": 200},
    ]


def visitors(*lines: dict[str, object], **how: object) -> int:
    """Return how many different visitors some lines have."""
    return len(set(tokens(*lines, **how)))


def tokens(*lines: dict[str, object], **how: object) -> list[tuple[int, int] | None]:
    """Return the token of each line."""
    halves = scrubbed(*lines, **how).visits.select(["visitor_high", "visitor_low"]).to_pydict().values()
    return [None if token == (None, None) else token for token in zip(*halves, strict=True)]


@pytest.mark.parametrize(
    ("left", "right", "different"),
    [
        ({}, {"target": "/x", "status": 500, "referer": "https://t.co/"}, 1),
        ({}, {"client_ip": "::ffff:198.51.100.7"}, 1),
        ({}, {"client_ip": "198.51.100.8"}, 2),
        ({}, {"user_agent": IPHONE}, 2),
        ({"user_agent": IPHONE}, {"user_agent": IPHONE.replace("17_4", "17_3")}, 1),
        ({}, {"account": "acme"}, 2),
        ({}, {"ts": datetime(2024, 5, 18, tzinfo=UTC)}, 2),
        ({"client_ip": "pc1.example.com"}, {"client_ip": "pc2.example.com"}, 2),
        ({"client_ip": None}, {"client_ip": "203.0.113.256"}, 1),
    ],
)
def test_a_visitor_is_account_address_and_agent_of_a_day(left: dict[str, object], right: dict[str, object], different: int) -> None:
    """One person must count once a day, and nobody can be followed into the next."""
    assert visitors(left, right) == different


def test_without_an_address_there_is_no_visitor() -> None:
    """All who have none would be one visitor."""
    assert tokens({"client_ip": None}, {"client_ip": "203.0.113.256"}, {"client_ip": "-"}) == [None] * 3


def test_programs_and_garbled_requests_are_no_visitors() -> None:
    """CR-7 counts people: what calls itself a program, or speaks no HTTP, must not be given a token at all."""
    assert [token is None for token in tokens({}, {"user_agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}, {"method": "\x16\x03", "target": None})] == [False, True, True]


def test_a_sealed_day_takes_lines_but_no_visitors() -> None:
    """What comes late is counted as late; a token for it cannot be made any more."""
    sealed = date(2024, 5, 16)
    late = Scrubber(Settings(), people(), lambda day: None if day == sealed else day_key(day))
    lines = [{"ts": datetime(2024, 5, 16, 12, tzinfo=UTC)}, {}, {"ts": datetime(2024, 5, 16, 13, tzinfo=UTC)}]
    made = late.requests(rows(*lines), WEB)
    assert made.requests.column("is_late").to_pylist() == [True, False, True]
    assert made.visits.column("day").to_pylist() == [date(2024, 5, 17)]


def test_trusted_proxies_are_those_of_the_site() -> None:
    """The client of one site's log stands in a header that another's must not believe."""
    settings = {"sites": {"web": {"trusted_proxies": ["10.0.0.0/8"], "client_headers": ["CF-Connecting-IP"]}}}
    line = {"client_ip": "10.0.0.1", "forwarded_for": "2a00::1:7"}
    made = scrubber(settings)
    for origin, version, kind, source in ((WEB, 6, "public", "xff"), (Origin("input-1", "web_logs", "shop"), 4, "private", "peer")):
        row = made.requests(rows(line), origin).requests.to_pylist()[0]
        assert (row["ip_version"], row["client_class"], row["client_source"]) == (version, kind, source)
    named, listed = line | {"client_header": "8.8.8.8"}, {"client_ip": "8.8.4.4", "client_list": "8.8.4.4, 10.0.0.1"}
    assert made.requests(rows(named, listed, line), WEB).requests.column("client_source").to_pylist() == ["vendor", "xff", "xff"]
    assert made.requests(rows(named), Origin("input-1", "web_logs", "shop")).requests.column("client_source").to_pylist() == ["peer"]


@pytest.mark.parametrize("place", ["target", "referer", "user_agent", "user", "method", "host", "account", "forwarded_for"])
def test_card_numbers_are_counted_wherever_they_stand(place: str) -> None:
    """CE-2: the number itself is gone, that it stood in the log is the finding."""
    text = {"target": "/pay?card=4111-1111-1111-1111", "referer": "https://x.example/?c=4111111111111111"}.get(place, "4111 1111 1111 1111")
    assert column("card_numbers", {place: text}, {}) == [1, 0]


def test_dictionary_columns_are_read_alike() -> None:
    """The fast readers hand over dictionaries, in chunks of their own; the rows must come out the same."""
    lines = [{"target": f"/{at % 3}", "user_agent": IPHONE if at % 2 else None, "client_ip": f"8.8.8.{at}", "user": None} for at in range(9)]
    plain = rows(*lines)
    texts = [name for name in plain.column_names if plain.schema.field(name).type == pa.string()]
    chunks = []
    for at in range(0, 9, 3):
        chunk = plain.slice(at, 3)
        for name in texts:
            chunk = chunk.set_column(chunk.column_names.index(name), name, chunk.column(name).combine_chunks().dictionary_encode())
        chunks.append(chunk)
    read, alike = (scrubber().requests(table, WEB).requests for table in (plain, pa.concat_tables(chunks)))
    assert alike.to_pylist() == read.to_pylist()


def test_pieces_make_the_same_rows_as_the_whole() -> None:
    """Where a file is cut must not show in any table."""
    lines = [{"target": f"/a/{at % 4}", "client_ip": f"8.8.8.{at % 7}"} for at in range(40)]
    whole, cut = scrubber(), scrubber()
    expected = whole.requests(rows(*lines), WEB).requests
    pieces = [cut.requests(rows(*lines[at : at + 10]), WEB, first_line=at + 1).requests for at in range(0, 40, 10)]
    assert pa.concat_tables(pieces).combine_chunks() == expected.combine_chunks()
    assert cut.routes() == whole.routes()


def test_routes_are_decided_at_the_end() -> None:
    """A page that the twentieth visitor reaches in the last file has its name in the first one, too."""
    made = scrubber()
    for at in range(20):
        made.requests(rows({"target": "/blog", "client_ip": f"8.8.8.{at + 1}"}, {"target": f"/jane{at}", "client_ip": f"8.8.8.{at + 1}"}), WEB)
    assert made.routes().column("route").to_pylist() == ["/blog", *["/{s}"] * 20]
    assert made.learnt() == [("web", "/blog"), ("web", "/blog?")]


def test_an_empty_piece_is_an_empty_table() -> None:
    """A file of comments alone is a file read."""
    made = scrubber().requests(rows(dict(ORDINARY)).slice(0, 0), WEB)
    assert (made.requests.num_rows, made.requests.schema) == (0, encoded(REQUESTS))
    assert (made.staff_requests.num_rows, made.staff_requests.schema) == (0, encoded(STAFF_REQUESTS))


def test_arguments_are_left_as_they_are() -> None:
    """The raw rows are the caller's."""
    given = rows({"user": "sam"}, {})
    before = given.to_pylist()
    scrubber(known=ACCOUNTS).requests(given, WEB)
    assert given.to_pylist() == before


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("acme", "acme"),
        ("7b1c8e9a-1111-4a4a-8b8b-123456789abc", "7b1c8e9a-1111-4a4a-8b8b-123456789abc"),
        ("490154203237518", None),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", None),
        ("x7KqZ2mP9vLw4RtB", None),
        ("jane@example.com", None),
    ],
)
def test_without_a_ledger_a_path_names_no_account_that_may_tell_of_a_person(written: str, account: str | None) -> None:
    """Anybody can write a path: what stands where an account should may be a device's number or somebody's key."""
    settings = {"accounts": {"rules": ["path"], "path_patterns": ["/c/{account}"]}}
    assert column("account_id", {"target": f"/c/{written}/jobs"}, settings=settings) == [account]
