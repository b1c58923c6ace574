"""Plants invented identifiers in logs, takes them in, and looks for them in every file that this left behind."""

import base64
import hashlib
import ipaddress
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import steps

CANARIES = {
    "IPv4": "203.0.113.77",
    "IPv4 behind a proxy": "198.51.100.201",
    "IPv6": "2001:db8:85a3::8a2e:370:7334",
    "IPv6 with a MAC address": "2001:db8::211:22ff:fe33:4455",
    "reverse name": "ppp-203-0-113-78.isp.example",
    "e-mail": "jane.doeringer@example.com",
    "e-mail with tag": "jane.doeringer+shop@example.com",
    "e-mail IDN": "jane@b\u00fccher.example",
    "user name": "jane.doeringer77",
    "person's name": "Jane-Doeringer",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl",
    "session id": "sid-9f8e7d6c5b4a39281706",
    "API token": "ghp_x7Kq2LmZp9Rt4Vw8Yb3NcDfGhJkQsTuW",
    "UUID": "123e4567-e89b-12d3-a456-426614174000",
    "card": "4111111111111111",
    "phone": "+493012345678",
    "IBAN": "DE89370400440532013000",
    "IMEI": "490154203237518",
    "search term": "divorce-lawyer-doeringer",
    "record id": "record-7741-doeringer",
    "cookie": "PHPSESSID=9f8e7d6c5b4a3928",
    "birthday": "1984-03-17-doeringer",
}
_STAMP = "10/Mar/2026:09:00:00 +0000"


@dataclass(frozen=True)
class Leak:
    """A canary that was found: its kind, and the file below HOME that holds it."""

    kind: str
    file: str


def plant(landing: Path) -> int:
    """Write a combined log and a JSON log that hold every canary in every place of a line; return how many lines."""
    combined = [line for text in CANARIES.values() for line in _combined(text)]
    objects = [json.dumps(line) for text in CANARIES.values() for line in _objects(text)]
    broken = [f"{text} {{ no log line {text}" for text in CANARIES.values()]
    for folder, lines in (("web_logs", combined + broken), ("request_logs", objects)):
        (landing / folder).mkdir(parents=True)
        (landing / folder / "canaries.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (landing / "accounts").mkdir()  # an account that the vendor declares is shown; what is none must not be
    (landing / "accounts" / "accounts.csv").write_text("account_id,joined_at\nacme,2026-01-01T00:00:00Z\n", encoding="utf-8")
    return len(combined) + len(objects) + len(broken)


def take(house: House) -> None:
    """Run the landing steps, sealing included."""
    with closing(DuckDBEngine(house.home)) as engine:
        steps.take_ledgers(house)
        steps.take_requests(house, engine)
        steps.take_accesses(house)
        steps.seal_due(house, engine)
        steps.close_books(house, engine)


def leaks(folder: Path) -> list[Leak]:
    """Return every canary that stands in a file below a folder, in its bytes, in its name or in what its Parquet decodes to."""
    traces = {kind: _traces(text) for kind, text in CANARIES.items()}
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        content = b"\n".join([name.lower().encode(), path.read_bytes().lower(), *_decoded(path)])
        found += [Leak(kind, name) for kind, forms in traces.items() if any(form in content for form in forms)]
    return found


def _combined(text: str) -> Iterator[str]:
    packed = base64.urlsafe_b64encode(text.encode()).decode()
    places = [{"client": text}, {"user": text}, {"referer": f"https://www.example.com/{text}?q={text}"}, {"agent": f"App/1.0 ({text})"}, {"method": text}]
    targets = [f"/people/{text}", f"/x;{text}=1", f"/x?q={text}&{text}=1", f"/x?{text}", f"/x#{text}", f"/x?q={quote(quote(text))}", f"/u/{packed}"]
    for place in [*places, *({"target": target} for target in targets)]:
        line = {"client": "192.0.2.9", "user": "-", "method": "GET", "target": "/", "referer": "-", "agent": "Mozilla/5.0"} | place
        yield f'{line["client"]} - {line["user"]} [{_STAMP}] "{line["method"]} {line["target"]} HTTP/1.1" 200 512 "{line["referer"]}" "{line["agent"]}"'


def _objects(text: str) -> Iterator[dict[str, object]]:
    line = {"time_iso8601": "2026-03-10T09:00:00Z", "remote_addr": "192.0.2.9", "request": "GET / HTTP/1.1", "status": 200, "body_bytes_sent": 512}
    for field in ("remote_addr", "http_x_forwarded_for", "remote_user", "account_id", "http_host", "http_referer", "http_user_agent", "cookie", "search", text):
        yield line | {field: text}
    yield line | {"request": f"GET /jobs/{text}?name={text} HTTP/1.1"}
    yield line | {"headers": {"cookie": [f"a={text}"], "authorization": text}}


def _traces(text: str) -> set[bytes]:
    """Return how an identifier could show, in lower case: as it is, percent-encoded, in base64, in hex, hashed without a key, an address packed or as a number."""
    raw = text.encode()
    hashes = {function(raw).hexdigest() for function in (hashlib.md5, hashlib.sha1, hashlib.sha256)}
    forms = {text, quote(text, safe=""), base64.b64encode(raw).decode().rstrip("="), raw.hex(), *hashes}
    return {form.lower().encode() for form in forms} | _packed(text)


def _packed(text: str) -> set[bytes]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return set()
    # Four bytes stand in any file by chance: an address of version 4 is looked for in its mapped form.
    packed = address.packed if address.version == 6 else ipaddress.ip_address(f"::ffff:{text}").packed
    return {packed.lower(), packed.hex().encode(), *({str(int(address)).encode()} if address.version == 4 else set())}


def _decoded(path: Path) -> list[bytes]:
    """Return each different text and byte string of a Parquet file, in lower case; nothing of any other file."""
    if path.suffix != ".parquet":
        return []
    columns = pq.read_table(path, partitioning=None).columns
    flat = [column.combine_chunks().flatten() if pa.types.is_list(column.type) else column for column in columns]
    cells = [cell for column in flat if pa.types.is_string(column.type) or pa.types.is_binary(column.type) for cell in column.unique().to_pylist() if cell is not None]
    return [(cell.encode() if isinstance(cell, str) else cell).lower() for cell in cells]
