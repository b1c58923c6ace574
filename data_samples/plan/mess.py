"""The mess that real logs hold, planted line by line, and the requests of staff that no access event explains."""

from plan.company import user
from plan.lines import Fate, Line, combined, json_line
from plan.traffic import PROXY, staff_line
from plan.week import at

_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_C = "198.51.100.40"


def _web(day: int, clock: str, why: str, *, request: str = "GET / HTTP/1.1", client: str = _C, status: int = 200, size: int | None = 512, card: bool = False, **more: str) -> Line:
    instant = at(day, clock)
    return Line(instant, combined(instant, client, request, status, size, agent=more.pop("agent", _AGENT), **more), why=why, has_card=card)


def _raw(day: int, clock: str, why: str, body: bytes, fate: Fate = "quarantined") -> Line:
    return Line(at(day, clock), body, fate=fate, why=why)


def website() -> list[Line]:
    """Lines of web_logs/: what is odd and yet a good line, and what must be refused."""
    tls = r"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"
    return [
        _web(9, "03:00", "the first bytes of TLS as the request", request=tls, status=400, size=226, agent="-"),
        _web(9, "03:01", "nothing was sent in time", request="-", status=408, size=None, agent="-"),
        _web(9, "03:02", "an empty request", request="", status=400, size=226, agent="-"),
        _web(9, "03:03", "a line feed in the request, escaped", request=r"GET / HTTP/1.1\n", status=400, size=226, agent="-"),
        _web(10, "03:00", "no size", status=304, size=None),
        _web(10, "03:01", "escaped quotes in the agent", agent=r"Mozilla/5.0 (\"quoted\"; X11)"),
        _web(10, "03:02", "escaped bytes in the referrer", referer=r"https://www.example.com/?t=\x22\x22"),
        _web(10, "03:03", "blanks encoded twice", request="GET /files/price%2520list.pdf HTTP/1.1"),
        _web(11, "03:00", "IPv6", client="2001:db8::7"),
        _web(11, "03:01", "IPv4 within IPv6", client="::ffff:198.51.100.41"),
        _web(11, "03:02", "a list of hops in the client's place", client=f"198.51.100.42, {PROXY}"),
        _web(11, "03:03", "no address at all", client="unix:"),
        _web(12, "03:00", "Latin-1 in the target: invalid UTF-8", request="GET /caf\xe9 HTTP/1.1", status=404),
        _web(12, "03:01", "a user name with a blank, nobody's", user="Nora Field"),
        _web(12, "03:02", "an absolute target of somebody else's", request="GET https://proxy.example.net/ HTTP/1.1", status=400),
        _web(12, "03:03", "a method nobody knows", request="HACK /etc/passwd HTTP/1.1", status=405),
        _web(9, "23:30", "a late line: it stands in the file of the 15th"),
        _web(10, "04:00", "a Visa card number in the query", request="GET /checkout?card=4111111111111111 HTTP/1.1", card=True),
        _web(10, "04:01", "with hyphens in the path", request="GET /pay/4111-1111-1111-1111 HTTP/1.1", card=True),
        _web(10, "04:02", "with encoded blanks in the referrer", referer="https://www.example.com/pay?c=4111%201111%201111%201111", card=True),
        _web(10, "04:03", "a Mastercard number", request="GET /checkout?card=5555555555554444 HTTP/1.1", card=True),
        _web(10, "04:04", "an American Express number, 15 digits", request="GET /checkout?card=378282246310005 HTTP/1.1", card=True),
        _web(10, "04:05", "no card: the check digit is wrong", request="GET /checkout?card=4111111111111112 HTTP/1.1"),
        _web(10, "04:06", "no card: the check digit is right, the prefix is no issuer's", request="GET /order?n=1234567812345670 HTTP/1.1"),
        _web(10, "04:07", "no card: 14 digits that begin with 4", request="GET /order?n=41111111111116 HTTP/1.1"),
        _raw(9, "00:00", "cut by rotation: the end of a line", b'X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"'),
        _raw(11, "05:00", "no log line at all", b"@@ log shipper restarted @@"),
        _raw(11, "05:01", "a status that is none", combined(at(11, "05:01"), _C, "GET / HTTP/1.1", agent=_AGENT).replace(b" 200 ", b" abc ")),
        _raw(11, "05:02", "a block of zero bytes", b"\0" * 64),
        _raw(13, "05:00", "31 February", combined(at(13, "05:00"), _C, "GET / HTTP/1.1", agent=_AGENT).replace(b"13/Mar", b"31/Feb")),
        _raw(13, "05:01", "an empty line", b"", "blank"),
        _raw(15, "23:59:59", "cut by rotation: the beginning of a line", b"198.51.100.40 - - [15/Mar/2026:23:5"),
    ]  # fmt: skip


LATE = "a late line: it stands in the file of the 15th"


def portals() -> list[Line]:
    """Lines of web_logs/portal/: the same kinds behind a virtual host."""

    def planted(day: int, clock: str, why: str, host: str, request: str, account: str | None = None, card: bool = False) -> Line:
        instant = at(day, clock)
        return Line(instant, combined(instant, _C, request, 200, 99, agent=_AGENT, host=host), account, why=why, has_card=card)

    long = planted(14, "05:00", "a line longer than 1 MiB", "alder.example.com:443", f"GET /{'a' * 1_100_000} HTTP/1.1").body
    return [
        planted(9, "04:00", "a host that is nobody's", "other.example.net:443", "GET / HTTP/1.1"),
        planted(9, "04:01", "an Amex number in the query", "birch.example.com:443", "GET /pay?n=378282246310005 HTTP/2.0", "birch", card=True),
        planted(9, "04:02", "TLS bytes", "cedar.example.com:443", r"\x16\x03\x01", "cedar"),
        _raw(11, "05:00", "cut within the time", b"alder.example.com:443 198.51.100.40 - - [11/Mar/2026:05:0"),
        _raw(14, "05:00", "a line longer than 1 MiB", long),
    ]


def service() -> list[Line]:
    """Lines of request_logs/: broken JSON, and requests of staff that an access event explains or does not."""
    good = json_line(at(10, "05:00"), PROXY, "/status", agent=_AGENT)
    t = at(12, "04:00")
    card = json_line(t, PROXY, "/accounts/alder/search?q=5555+5555+5555+4444", account="alder", user=user("otto", "alder"), agent=_AGENT)
    return [
        _raw(10, "05:00", "JSON that breaks off", good[:70]),
        _raw(10, "05:01", "a list, not an object", b"[1,2,3]"),
        _raw(10, "05:02", "no time", good.replace(b"time_iso8601", b"forgotten")),
        _raw(13, "05:00", "a time that is none", good.replace(b"2026-03-10T", b"2026-13-10T")),
        _raw(13, "05:01", "text, not JSON", b"worker 3 started"),
        Line(t, card, "alder", why="a Mastercard number typed into a search", has_card=True),
        *_dark(),
    ]


def _dark() -> list[Line]:
    """Staff requests at night, when no everyday access is near."""
    job = "/accounts/alder/jobs/r-1"

    def request(day: int, clock: str, why: str, who: str = "amy", account: str = "alder", target: str = job, *, is_dark: bool = False, told: bool = True) -> Line:
        return staff_line(at(day, clock), who, account, target, why=why, is_dark=is_dark, told=told)

    return [
        request(10, "20:00", "no access event near", is_dark=True),
        request(10, "21:00", "an event exactly 60 s later"),
        request(10, "22:00", "an event 60 s and 1 µs later", is_dark=True),
        request(11, "20:00", "an event exactly 60 s before"),
        request(11, "21:00", "an event 60 s and 1 µs before", is_dark=True),
        request(12, "20:00", "the event near it is of another account", "ben", "birch", "/accounts/birch/tasks/t-1", is_dark=True),
        request(12, "21:00", "the event near it is another person's", "gwen", "cedar", "/accounts/cedar/tasks/r-1", is_dark=True),
        staff_line(at(12, "20:30"), "chollis", "alder", "/accounts/alder/notes/r-1", staff_id="cho", why="an event of the same person under another name"),
        staff_line(at(12, "22:30"), "cho@example.com", "alder", "/accounts/alder/notes/r-1", staff_id="cho", why="no event near, under another name", is_dark=True),
        request(13, "20:00", "not a route of customer records", target="/accounts/alder/status"),
        request(13, "21:00", "the account stands in the path alone", account="hazel", target="/accounts/hazel/jobs/r-1", told=False, is_dark=True),
    ]
