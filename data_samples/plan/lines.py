"""A line of a request log as bytes, with what a reader must make of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Fate = Literal["parsed", "quarantined", "blank"]


@dataclass(frozen=True)
class Line:
    """One line without its end. `account_id` is what the account rules find; `why` is given for planted lines only."""

    instant: datetime
    body: bytes
    account_id: str | None = None
    fate: Fate = "parsed"
    why: str | None = None
    has_card: bool = False
    staff_id: str | None = None
    is_on_record: bool = False  # a staff request on a route of customer records
    is_dark: bool = False


@dataclass(frozen=True)
class Log:
    """A log file: its path below the landing folder and its lines in the order they stand."""

    path: str
    lines: tuple[Line, ...]
    line_end: bytes = b"\n"

    @property
    def site(self) -> str:
        """Return the site: the sub-folder, else the one its folder stands for."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 2 else {"web_logs": "web", "request_logs": "service"}[parts[0]]

    def content(self) -> bytes:
        """Return the whole file, before any compression."""
        return b"".join(line.body + self.line_end for line in self.lines)


def combined(instant: datetime, client: str, request: str, status: int = 200, size: int | None = 0, referer: str = "-", agent: str = "-", user: str = "-", host: str = "") -> bytes:
    """Return a line of Apache's combined format, or vhost_combined where a host is given; the texts are escaped already."""
    stamp = instant.strftime("%d/%b/%Y:%H:%M:%S +0000")
    sent = "-" if size is None else str(size)
    return f'{host and host + " "}{client} - {user} [{stamp}] "{request}" {status} {sent} "{referer}" "{agent}"'.encode("latin-1")


def json_line(
    instant: datetime, client: str, target: str, *, method: str = "GET", status: int = 200, size: int = 0, account: str | None = None, user: str | None = None,
    agent: str = "-", seconds: float = 0.02, forwarded: str = "-", referer: str = "-",
) -> bytes:  # fmt: skip
    """Return a line of an nginx log written as JSON, with the account and the user that the service adds."""
    fields = {
        "time_iso8601": instant.strftime("%Y-%m-%dT%H:%M:%S+00:00"), "remote_addr": client, "account": account, "user": user, "request_method": method, "request_uri": target,
        "server_protocol": "HTTP/1.1", "host": "app.example.com", "status": status, "body_bytes_sent": size, "request_time": round(seconds, 3),
        "http_referer": referer, "http_user_agent": agent, "http_x_forwarded_for": forwarded,
    }  # fmt: skip
    return json.dumps({name: value for name, value in fields.items() if value is not None}, separators=(",", ":")).encode()
