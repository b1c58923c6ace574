"""Ordinary requests of a week: to the website, to the customers' portals and to the service, staff among them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from plan.access import Access
from plan.company import SEATS, users_of
from plan.lines import Line, combined, json_line
from plan.week import at

PROXY = "192.0.2.10"
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
_BOTS = (
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example.com/about)",
    "SampleCrawler/1.0 (crawler@bots.example.com)",
    "curl/8.12.1",
    "python-requests/2.32.3",
)
_PAGES = ("/", "/", "/", "/pricing", "/pricing", "/features", "/signup", "/help", "/help/getting-started", "/about", "/assets/site.css", "/assets/site.js", "/favicon.ico")
_PERSONAL = (
    "/search?q=divorce+lawyer+leeds", "/search?q=depression%20sick%20note", "/unsubscribe?mail=nora%40alder.example.com", "/reset?token=9f8a7c6b5d4e3f2a1b0c9d8e7f6a5b4c",
    "/invite/pia@birch.example.com", "/welcome;jsessionid=A1B2C3D4E5F60718?lang=en", "/help?q=50%2525%20off", "/files/quote%2520for%2520nora.pdf", "/?nora@alder.example.com",
)  # fmt: skip
_REFERRERS = ("-", "-", "-", "https://www.example.com/", "https://search.example.org/?q=job+planner", "https://news.example.net/2026/03/tools", "android-app://com.example.reader/")
_PORTAL = ("/", "/jobs", "/jobs", "/tasks", "/calendar", "/login", "/assets/portal.css")
_SERVICE = ("/jobs", "/jobs/{}", "/jobs/{}", "/tasks", "/tasks/{}", "/people/{}", "/status", "/reports/monthly", "/search?q=late+payers", "/jobs?page={}&sort=asc")
_PLURAL = {"job": "jobs", "task": "tasks", "person": "people", "note": "notes", "invoice": "invoices", "document": "documents"}


def address(number: int) -> str:
    """Return one of 700 documentation addresses, none twice; every seventh is IPv6."""
    if number % 7 == 3:
        return f"2001:db8:{number:x}::{number % 250 + 1:x}"
    network = ("198.51.100", "203.0.113", "192.0.2")[number // 250]
    return f"{network}.{number % 250 + (20 if network == '192.0.2' else 2)}"


def _moment(rng: Random, day: int) -> datetime:
    """Return an instant of a day, busiest at noon UTC."""
    return at(day) + timedelta(seconds=int(86399 * (rng.random() + rng.random()) / 2))


def website(rng: Random, day: int, count: int) -> list[Line]:
    """Return requests to the website: visitors without an account, a few of them signed in under their e-mail address."""
    lines = []
    for _ in range(count):
        instant, visitor = _moment(rng, day), rng.randrange(160)
        is_bot = rng.random() < 0.06
        page = rng.choice(_PERSONAL) if rng.random() < 0.02 else rng.choice(_PAGES)
        status = rng.choices((200, 304, 301, 404, 500), (88, 6, 3, 2.5, 0.5))[0]
        account = rng.choice(("alder", "birch", "hazel")) if rng.random() < 0.02 and not is_bot else None
        agent = rng.choice(_BOTS) if is_bot else _AGENTS[visitor % len(_AGENTS)]
        size = None if status == 304 else rng.randrange(300, 40000)
        user = rng.choice(users_of(account)) if account else "-"
        body = combined(instant, address(visitor), f"GET {page} HTTP/1.1", status, size, rng.choice(_REFERRERS), agent, user)
        lines.append(Line(instant, body, account))
    return lines


def _customers(rng: Random) -> tuple[str, int]:
    """Return an account, the more seats the likelier, and one of its seats."""
    account = rng.choices(list(SEATS), list(SEATS.values()))[0]
    return account, rng.randrange(SEATS[account])


def _seat_address(account: str, seat: int) -> str:
    return address(200 + 41 * list(SEATS).index(account) + seat)


def portals(rng: Random, day: int, count: int) -> list[Line]:
    """Return requests to the customers' portals; the virtual host names the account."""
    lines = []
    for _ in range(count):
        instant, (account, seat) = _moment(rng, day), _customers(rng)
        request = f"{rng.choices(('GET', 'POST'), (9, 1))[0]} {rng.choice(_PORTAL)} HTTP/2.0"
        status = rng.choices((200, 302, 404), (90, 7, 3))[0]
        host = f"{account}.example.com:443"
        body = combined(instant, _seat_address(account, seat), request, status, rng.randrange(200, 9000), agent=_AGENTS[seat % len(_AGENTS)], host=host)
        lines.append(Line(instant, body, account))
    return lines


def service(rng: Random, day: int, count: int) -> list[Line]:
    """Return requests of customers to the service: the account stands in the log, else in the path, else only the user tells it."""
    lines = []
    for _ in range(count):
        instant, (account, seat) = _moment(rng, day), _customers(rng)
        told = rng.choices(("log", "path", "user"), (8, 1, 1))[0]
        path = rng.choice(_SERVICE).format(rng.randrange(1, 60))
        target = "/status" if told == "user" else f"/accounts/{account}{path}"
        client = _seat_address(account, seat)
        forwarded = f"192.0.2.200, {client}" if rng.random() < 0.05 else client  # the left-most hop is the client's own claim
        body = json_line(
            instant, PROXY, target, status=rng.choices((200, 201, 404, 500), (92, 4, 3, 1))[0], size=rng.randrange(40, 20000), account=account if told == "log" else None,
            user=None if told == "path" else users_of(account)[seat], agent=_AGENTS[seat % len(_AGENTS)], seconds=rng.random() ** 3, forwarded=forwarded,
        )  # fmt: skip
        lines.append(Line(instant, body, account))
    return lines


def staff(rng: Random, day: int, accesses: Sequence[Access]) -> list[Line]:
    """Return the requests behind everyday accesses of a day: each within 20 s of the access event that explains it."""
    lines = []
    for access in accesses:
        seen = access.instant + timedelta(seconds=rng.randrange(-20, 20))
        is_everyday = access.why is None and access.code == "GRANTED" and access.source == "console" and access.record_class in _PLURAL
        if is_everyday and seen.day == day:
            target = f"/accounts/{access.account_id}/{_PLURAL[str(access.record_class)]}/{access.record_id}"
            lines.append(staff_line(seen, access.actor, str(access.account_id), target))
    return lines


def staff_line(instant: datetime, user: str, account: str, target: str, *, staff_id: str | None = None, why: str | None = None, is_dark: bool = False, told: bool = True) -> Line:
    """Return a request of a member of staff; without `told` the account stands in the path alone."""
    body = json_line(instant, PROXY, target, size=512, account=account if told else None, user=user, agent=_AGENTS[1], forwarded=address(600 + len(user)))
    return Line(instant, body, account, why=why, staff_id=staff_id or user, is_on_record=not target.endswith("/status"), is_dark=is_dark)
