"""A log format's example line as a mould: each place of it in which an identifier could stand, and the line with one there.

Places are told by what the examples are made of (192.0.2.7 asked www.example.com for /jobs?page=2), not by the readers: a reader that
looked for a field in the wrong place must not decide where its canary goes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dagster_project.proving.canaries import Canary
from dagster_project.reading.logs.formats import Format

CLIENT = "192.0.2.7"
_AGENT = r"Mozilla/5\.0(?:\+| |%20)\([^)]*\)(?: Gecko/\d+ Firefox/[\d.]+)?"
# Where a place stands in an example: the first pattern that is found, its group `at`, and what is put there ({} is the identifier).
PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "client": ((r"(?P<at>192\.0\.2\.7)", "{}"),),
    "user": (
        (r"192\.0\.2\.7 - (?P<at>-) ", "{}"),
        (r"443 (?P<at>-) 192\.0\.2\.7", "{}"),
        (r"192\.0\.2\.7 (?P<at>-) 3E57", "{}"),
        (r"192\.0\.2\.7 \((?P<at>)\)", "{}"),
        (r"www\.example\.com (?P<at>-) \[", "{}"),
        (r"/jobs (?P<at>-) HIER", "{}"),
        (r"(?<=[ |])(?P<at>jane)(?=[ |])", "{}"),
        (r"\t(?P<at>)vhost:", "user:{}\t"),
        (r"^(?P<at>)time=", 'user="{}" '),
        (r"^{(?P<at>)", '"user":"{}",'),
    ),
    "method": ((r"(?P<at>GET)\b", "{}"),),
    "path": ((r"(?P<at>/jobs)\b", "/people/{}"),),
    "deep path": ((r"(?P<at>/jobs)\b", "/jobs/7/{}/edit"),),
    "matrix parameter": ((r"(?P<at>/jobs)\b", "/jobs;v={}"),),
    "query name": ((r"(?P<at>page=2)", "{}=2"), (r"(?P<at>/jobs)\b", "/jobs?{}=2")),
    "query value": ((r"(?P<at>page=2)", "page=2&q={}"), (r"(?P<at>/jobs)\b", "/jobs?q={}")),
    "declared query value": ((r"(?P<at>page=2)", "sort={}"), (r"(?P<at>/jobs)\b", "/jobs?sort={}")),
    "bare query": ((r"(?P<at>page=2)", "{}"), (r"(?P<at>/jobs)\b", "/jobs?{}")),
    "fragment": ((r"(?P<at>page=2)", "page=2#{}"), (r"(?P<at>/jobs)\b", "/jobs#{}")),
    "host": ((r"(?<![/.\w])(?P<at>www\.example\.com)", "{}"), (r"^{(?P<at>)", '"host":"{}",')),
    "authority": ((r"//(?P<at>www\.example\.com)(?=[:/]\S*jobs)", "{}@www.example.com"), (r"(?P<at>/jobs)\b", "http://{}/jobs")),
    "referrer": (
        (r"(?P<at>https://www\.example\.com/)(?=[\s\"]|$)", "https://{}.example.net/{}?q={}#{}"),
        (r'"(?P<at>-)" "Mozilla', "https://example.net/{}?q={}"),
        (r"^{(?P<at>)", '"referer":"https://{}/?q={}",'),
    ),
    "agent": ((rf"(?P<at>{_AGENT})", "App/1.0({})"), (r"^{(?P<at>)", '"user_agent":"App/1.0 ({})",')),
    "forwarded": ((r"\t(?P<at>-)\tTLSv1\.3", "{}"), (r"^{(?P<at>)", '"http_x_forwarded_for":"{}",')),
    "cookie": ((r"page=2\t(?P<at>-)\tHit", "a={}"), (r"^{(?P<at>)", '"headers":{{"cookie":["a={}"],"authorization":"{}"}},')),
    "account": ((r"^{(?P<at>)", '"account_id":"{}",'),),
    "name of a field": ((r"^{(?P<at>)", '"{}":"x",'), (r"\t(?P<at>)vhost:", "x_{}:x\t"), (r"^(?P<at>)time=", "{}=x ")),
    "undeclared field": ((r"^{(?P<at>)", '"params":[{{"value":"{}"}}],'), (r"\t(?P<at>)vhost:", "apptrace:{}\t"), (r"^(?P<at>)time=", 'trace_id="{}" ')),
    "request that is none": ((r"(?P<at>GET /jobs\?page=2 HTTP/1\.1)", "{}"),),
    "malformed line": ((r"(?P<at>^.*$)", "{} {{ no line of a log {}"),),
    "line cut short": ((r"(?P<at>192\.0\.2\.7.*$)", "{}"),),
}


@dataclass(frozen=True)
class Mould:
    """An example cut at one place: a canary goes between `before` and `after`, written into `put`."""

    place: str
    before: str
    after: str
    put: str
    is_json: bool

    def line(self, canary: Canary) -> str:
        """Return the example with the canary in its place."""
        text = json.dumps(canary.text, ensure_ascii=False)[1:-1] if self.is_json else canary.text
        return self.before + self.put.replace("{{", "\1").replace("}}", "\2").replace("{}", text).replace("\1", "{").replace("\2", "}") + self.after


def moulds(known: Format) -> Iterator[Mould]:
    """Yield the example of a format, cut at each place that it has."""
    line = example(known)[-1]
    for place, ways in PLACES.items():
        for pattern, put in ways:
            if found := re.search(pattern, line):
                yield Mould(place, line[: found.start("at")], line[found.end("at") :], put, line.startswith("{"))
                break


def example(known: Format) -> list[str]:
    """Return the lines of a format's example: directives, where it has any, and one line of the log."""
    return known.example.splitlines()
