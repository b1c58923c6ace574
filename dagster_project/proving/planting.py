"""The landing folder of the proof: every canary in every place of every log format, in every ledger and in the records of a store."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.proving.canaries import FILE_NAMES, SITE_NAMES, Canary, canaries
from dagster_project.proving.moulds import CLIENT, PLACES, Mould, example, moulds
from dagster_project.reading.accesses.native import EVENTS
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.logs.formats import FORMATS, Format
from dagster_project.settings import Settings, Site, Sites

ACCOUNTS = ("acme", "bolt")
AT = "2026-03-02T10:15:00Z"
POPULAR = 25
"""Visitors that ask for the same path: enough that k alone would show it."""
MORE_SITES = POPULAR_SITE, CARRIED_SITE = "popular", "carried"
"""Sites with more lines of combined: what many ask for, and what others carried."""
TOLD_BY_FORM = ("IPv", "e-mail", "card", "IBAN", "JWT", "UUID", "NAT64", "6to4", "phone", "customer")
SOUND_LINES = 40
"""Examples as they are ahead of each log, so that its first hundred lines are not all refused."""
_HEADS = ("Mar  2 10:15:00 {} nginx: ", "Mar  2 10:15:00 web-1 {}: ", "[pod/{}/web] ", "{}  | ", '<34>1 2026-03-02T10:15:00Z web-1 nginx 12 - [x@1 who="{}"] ')
"""What stands before lines that syslog, Kubernetes or Docker Compose carried."""

_SITE = Site(own_hosts=("www.example.com",), routes=("/jobs", "/people/{person}"), vocabulary=("jobs", "people", "edit"), query={"page": "count", "sort": ("asc", "desc")})
# What a row must say; the identity stands for the canary. Columns that tables show as the vendor declares them hold none.
_ROWS: Mapping[str, Mapping[str, str]] = {
    "grants": {
        "grant_id": "g-{n}", "account_id": "acme", "granted_by": "{}", "grantee": "person:amy", "valid_from": "2026-03-01T00:00:00Z", "recorded_at": "2026-03-01T00:00:00Z",
        "valid_to": "2026-03-20T00:00:00Z", "actions": "read", "evidence": "mail of {}",
    },
    "staff": {"staff_id": "s-{n}", "logins": "{}", "kind": "person", "owner": "{}"},
    "teams": {"staff_id": "{}", "team": "support", "valid_from": AT},
    "accounts": {"account_id": "acme", "joined_at": "2025-01-01T00:00:00Z", "hosts": "{}", "seats": "5"},
    "users": {"user_id": "{}", "account_id": "acme"},
    "grantors": {"person_id": "{}", "account_id": "acme", "valid_from": "2025-01-01T00:00:00Z"},
    "policies": {"policy_id": "p-1", "noticed_at": "2025-01-01T00:00:00Z", "notice_days": "30"},
    "opt_outs": {"account_id": "bolt", "valid_from": AT, "recorded_at": AT},
    "emergencies": {
        "emergency_id": "e-{n}", "staff_id": "amy", "account_id": "bolt", "opened_at": AT, "ttl_s": "600", "decide_within_s": "3600", "reason": "call of {}",
        "decision": "approve", "decided_by": "{}", "decided_at": "2026-03-02T10:20:00Z",
    },
    "sources": {"source": "console", "time_zone": "{}"},
    "gaps": {"source": "console", "from": "2026-03-03T00:00:00Z", "to": "{}"},
    "messages": {"snapshot_at": AT, "message_id": "m-{n}", "account_id": "acme", "received_at": AT, "size_bytes": "512", "channel": "mail"},
    "erasures": {"order_id": "o-{n}", "account_id": "acme", "recorded_at": AT},
    "disclosures": {"disclosure_id": "d-{n}", "account_id": "acme", "recipient": "Example Hosting", "data_class": "job", "purpose": "servicing", "occurred_at": AT, "kind": "{}"},
    "consents": {"consent_id": "c-{n}", "account_id": "acme", "recipient": "Example Hosting", "valid_from": AT, "recorded_at": AT},
    "tags": {"event_id": "t-{n}", "site": "web", "recipient": "Example Tags", "occurred_at": AT, "url": "https://tags.example.net/collect?u={}"},
    "mailings": {"mailing_id": "l-{n}", "account_id": "acme", "sent_at": AT, "purpose": "servicing"},
    "objections": {"account_id": "acme", "policy_id": "p-1", "recorded_at": AT},
    "reviews": {"finding_id": "f-{n}", "status": "acknowledged", "reviewed_at": AT, "reviewed_by": "{}", "note": "told {}"},
}  # fmt: skip
_EVENT = {"event_id": "a-{n}", "actor": "{}", "occurred_at": AT, "source": "console", "account_id": "acme", "record_class": "job", "record_id": "r-{n}", "action": "read"}
_OF_CLOUDTRAIL = {
    "eventVersion": "1.11", "eventID": "c-{n}", "eventTime": AT, "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventCategory": "Data", "sourceIPAddress": "{}",
    "userAgent": "{}", "userIdentity": {"type": "IAMUser", "userName": "{}", "arn": "arn:aws:iam::111122223333:user/{}"}, "errorCode": "{}", "errorMessage": "{}",
    "requestParameters": {"bucketName": "{}", "key": "{}", "{}": "x"}, "responseElements": {"{}": ["{}"]}, "{}": "{}",
}  # fmt: skip
_OF_POSTGRES = {"timestamp": "2026-03-02 10:15:00.000 UTC", "dbname": "main", "pid": 7, "session_id": "69a00000.{n}", "error_severity": "LOG"}
# What stands in a server log: who connected from where as what, statements, and a role whose audit is switched off.
_OF_SERVER = (
    {"user": "{}", "remote_host": "{}", "application_name": "console staff={}", "message": "AUDIT: SESSION,1,1,READ,SELECT,,,\"select * from jobs where a = '{}' --{}\",<none>"},
    {"user": "{}", "message": "connection authorized: user={} database={}", "detail": "{}", "{}": "{}"},
)
_SWITCHED = {"user": "amy", "message": 'AUDIT: SESSION,1,1,ROLE,ALTER ROLE,,,"alter role ""{}"" set pgaudit.log = \'none\'",<none>'}
UNDECLARED = "contact"
"""A column that no ledger declares; a delivery often holds more than was asked for."""


@dataclass
class Planted:
    """What was planted: lines by log format, places of its lines that hold an identifier and places it does not have, rows of ledgers."""

    lines: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    places: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def settings(base: Settings) -> Settings:
    """Return the settings of a HOME with the sites and formats of the proof, and nothing that points outside of it."""
    folders = {"web_logs": FORMATS[0].name, **{f"web_logs/{known.name}": known.name for known in FORMATS}, **{f"web_logs/{site}": "combined" for site in MORE_SITES}}
    thresholds = base.thresholds.model_copy(update={"quarantine_refuse": 1.0})
    # Malformed lines are many here on purpose; keys lie where the proof's environment says.
    return base.model_copy(
        update={
            "formats": folders,
            "sites": Sites(default=_SITE),
            "stores": {},
            "thresholds": thresholds,
            "sources": {},
            "keys": base.keys.model_copy(update={"directory": None}),
            "reports": base.reports.model_copy(update={"export_dir": None}),
        }
    )


def plant(landing: Path, people: int) -> Planted:
    """Write the landing folder that holds the canaries of one set of people; what it holds beside them is the same for both."""
    held, planted = canaries(people), Planted()
    for known in FORMATS:
        lines = list(_lines(known, held))
        planted.lines[known.name] = len(lines)
        planted.places[known.name] = len(list(moulds(known)))
        planted.left_out[known.name] = len(PLACES) - planted.places[known.name]
        _write(landing / "web_logs" / known.name / "canaries.log", "\n".join([*example(known)[:-1], *[example(known)[-1]] * SOUND_LINES, *lines]) + "\n")
    for site, lines in ((POPULAR_SITE, list(_popular(held))), (CARRIED_SITE, list(_carried(held)))):
        planted.lines["combined"] += len(lines)
        _write(landing / "web_logs" / site / "canaries.log", "\n".join(lines) + "\n")
    _write(landing / "request_logs" / "unknown" / "canaries.log", "".join(f"{canary.text} says {canary.text}\n" for canary in held))
    _plant_names(landing / "web_logs", people)
    _write(landing / "web_logs" / f"{FILE_NAMES[people]}.log", f"{example(FORMATS[0])[-1]}\n{{ cut short\n")
    for folder, row in {**_ROWS, "access_events": _EVENT}.items():
        planted.rows += _plant_ledger(landing / folder, row, held)
    planted.rows += _plant_sources(landing / "access_events", held)
    _plant_records(landing / "records" / "job", held)
    _plant_records(landing / "records" / SITE_NAMES[people], held)
    _write(landing / "access_events" / SITE_NAMES[people] / "sound.csv", _csv([dict(_filled(_EVENT | {"source": ""}, "amy", 0))]))
    return planted


def _plant_names(logs: Path, people: int) -> None:
    """Write sound logs into folders that are named after somebody, one of them packed under the name it had there."""
    sound = example(FORMATS[0])[-1] + "\n"
    _write(logs / SITE_NAMES[people] / "sound.log", sound * 2)
    packed = io.BytesIO()
    with gzip.GzipFile(FILE_NAMES[people], "wb", fileobj=packed, mtime=0) as file:
        file.write((sound * 3).encode())
    (logs / FORMATS[0].name / FILE_NAMES[people]).mkdir(parents=True, exist_ok=True)
    (logs / FORMATS[0].name / FILE_NAMES[people] / "packed.log.gz").write_bytes(packed.getvalue())


def _lines(known: Format, held: Sequence[Canary]) -> Iterator[str]:
    cut = list(moulds(known))
    for canary in held:
        yield from (mould.line(canary) for mould in cut)


def _popular(held: Sequence[Canary]) -> Iterator[str]:
    """Yield paths that many visitors asked for: what its form gives away is no word to be shown, however many did."""
    [path] = _combined("deep path")
    for canary in held:
        if canary.kind.startswith(TOLD_BY_FORM) and "#" not in canary.text:
            yield from (path.line(canary).replace(CLIENT, f"192.0.2.{100 + number}") for number in range(POPULAR))


def _carried(held: Sequence[Canary]) -> Iterator[str]:
    """Yield lines as those who carried them leave them, of hosts, programs, pods and keys of JSON that are named after persons."""
    for canary, mould in product(held, _combined("user", "path", "agent")):
        line, name = mould.line(canary), canary.text
        yield from (head.replace("{}", name) + line for head in _HEADS)
        for record in ({"log": line, "attrs": {name: name}}, {"kubernetes": {"pod_name": name, "labels": {name: name}}, "message": line}):
            yield json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _combined(*places: str) -> list[Mould]:
    known = next(known for known in FORMATS if known.name == "combined")
    return [mould for mould in moulds(known) if mould.place in places]


def _plant_ledger(folder: Path, row: Mapping[str, str], held: Sequence[Canary]) -> int:
    """Write a ledger of sound rows and rows with a canary, one of them as JSON would not be; rows with a key for each person; and a file that must be refused as a whole."""
    sound = [dict(_filled(row, "amy", number)) | {UNDECLARED: ""} for number in range(3)]
    rows = [dict(_filled(row, canary.text, number)) | {UNDECLARED: canary.text} for number, canary in enumerate(held, len(sound))]
    if folder.name == "staff":
        rows.append({"staff_id": "amy", "kind": "person", "valid_from": "2025-01-01T00:00:00Z"})
    if folder.name == "accounts":
        rows.append({"account_id": "bolt", "joined_at": "2025-01-01T00:00:00Z"})
    broken = [{**sound[0], name: canary.text} for canary in held for name in _typed(folder.name) if name in sound[0]]
    _write(folder / "canaries.csv", _csv([*sound, *rows, *broken]))
    _write(folder / "keyed.jsonl", "".join(json.dumps(sound[0] | {canary.text: "x"}) + "\n" for canary in held))
    _write(folder / "refused.csv", _csv([{UNDECLARED: canary.text, canary.text: "x"} for canary in held[:3]]))
    _write(folder / "refused.jsonl", "".join(f'{{"{UNDECLARED}": "{canary.plain}"\n' for canary in held[:20]))
    return len(rows) + len(broken)


def _plant_sources(folder: Path, held: Sequence[Canary]) -> int:
    """Write logs of other forms in which a canary stands wherever a text can, in names of fields too; a role by its name where its form tells of somebody."""
    switched = [canary for canary in held if canary.kind.startswith(TOLD_BY_FORM)]
    server = [*((_OF_POSTGRES | entry, canary) for canary in held for entry in _OF_SERVER), *((_OF_POSTGRES | _SWITCHED, canary) for canary in switched)]
    for name, entries in (("cloudtrail", [(_OF_CLOUDTRAIL, canary) for canary in held]), ("pgaudit", server)):
        lines = (json.dumps(entry).replace("{n}", f"{number:x}").replace("{}", json.dumps(canary.text)[1:-1]) for number, (entry, canary) in enumerate(entries))
        _write(folder / name / "canaries.jsonl", "".join(f"{line}\n" for line in lines))
    return len(held) + len(server)


def _filled(row: Mapping[str, str], text: str, number: int) -> Iterator[tuple[str, str]]:
    return ((name, value.replace("{n}", str(number)).replace("{}", text)) for name, value in row.items())


def _typed(folder: str) -> list[str]:
    """Return the columns of a ledger that hold an instant or a number, where a canary is a fault to be told without its text."""
    return [column.name for column in (EVENTS if folder == "access_events" else LEDGERS[folder]) if column.kind in ("instant", "stamp", "integer", "number")][:2]


def _csv(rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _plant_records(folder: Path, held: Sequence[Canary]) -> None:
    """Write a record store whose content is canaries: it is measured and never read."""
    folder.mkdir(parents=True)
    texts = [canary.text for canary in held]
    rows = pa.table({"account_id": [ACCOUNTS[number % 2] for number in range(len(texts))], "title": texts, "body": [text * 20 for text in texts]})
    pq.write_table(rows, folder / "jobs.parquet", compression="none", use_dictionary=False)  # sizes are told, and must not follow from the words
    (folder / "broken.parquet").write_bytes("\n".join(texts).encode())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
