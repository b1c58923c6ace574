"""An entry is found in whatever carried it, told by the fields of its source, and nothing that an entry itself says passes for one."""

import base64
import csv
import gzip
import io
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dagster_project.errors import InputError
from dagster_project.reading.accesses import envelopes, packed
from dagster_project.reading.accesses.adapters import ADAPTERS, beginning, chosen
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.files import Body, Found
from dagster_project.settings import Source
from tests.sampling import sampled

Entry = dict[str, Any]
AT = "2026-03-10T12:00:00Z"
ENTRIES: dict[str, Entry] = {
    "cloudtrail": {
        "eventVersion": "1.11", "eventTime": AT, "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventID": "e", "eventCategory": "Data", "managementEvent": False,
        "userIdentity": {"type": "IAMUser", "userName": "amy"}, "requestParameters": {"bucketName": "records", "key": "C1/r1"},
    },
    "google": {
        "insertId": "i", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access", "timestamp": AT, "resource": {"type": "gcs_bucket"},
        "protoPayload": {"methodName": "storage.objects.get", "serviceName": "storage.googleapis.com", "authenticationInfo": {"principalEmail": "amy"}},
    },
    "teleport": {"event": "db.session.query", "code": "TDB02I", "time": AT, "uid": "u", "user": "amy", "db_protocol": "mysql", "db_query": "select 1"},
    "salesforce": {"EventIdentifier": "e", "EventDate": AT, "LoginAsCategory": "OrgAdmin", "DelegatedUsername": "amy", "OrganizationId": "00DC1"},
    "okta": {"uuid": "k", "published": AT, "eventType": "user.session.impersonation.initiate", "actor": {"alternateId": "amy"}, "outcome": {"result": "SUCCESS"}},
    "zendesk": {"id": 7, "created_at": AT, "actor_id": "amy", "action": "login", "source_type": "user", "source_id": 9, "source_label": "Account assumption"},
    "github": {"created_at": 1773144000000, "_document_id": "d", "action": "staff.fake_login", "actor": "amy", "org": "c1"},
    "ocsf": {"class_uid": 6005, "activity_id": 1, "time": 1773144000000, "metadata": {"uid": "m"}, "actor": {"user": {"name": "amy"}}},
}  # fmt: skip


def _lines(*entries: Any) -> bytes:
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def _base64(text: bytes) -> str:
    return base64.b64encode(text).decode()


def _csv(*rows: Entry) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _typed(value: Any) -> Any:
    """Return a value as DynamoDB has it in JSON."""
    if isinstance(value, dict):
        return {"M": {name: _typed(inner) for name, inner in value.items()}}
    return {"BOOL": value} if isinstance(value, bool) else {"N": str(value)} if isinstance(value, int) else {"S": value}


ENVELOPES: dict[str, Callable[[Entry], bytes]] = {
    "in a field of a shipper": lambda entry: _lines({"@timestamp": AT, "@metadata": {"beat": "filebeat"}, "json": entry, "ecs": {"version": "8"}}),
    "in a topic": lambda entry: _lines({"topic": "t", "partition": 0, "offset": 7, "key": None, "value": json.dumps(entry)}),
    "in a journal": lambda entry: _lines({"__REALTIME_TIMESTAMP": "1773144000000000", "MESSAGE": json.dumps(entry), "_HOSTNAME": "example"}),
    "in a message of GELF": lambda entry: _lines({"version": "1.1", "host": "example", "short_message": json.dumps(entry), "timestamp": 1773144000.5, "level": 6}),
    "in a column of a workspace": lambda entry: _lines({"TenantId": "t", "TimeGenerated": AT, "RawData": json.dumps(entry)}),
    "in an archive of logs": lambda entry: _lines({"_id": "i", "date": AT, "service": "s", "attributes": entry, "message": ""}),
    "in an answer of events": lambda entry: json.dumps({"data": [{"id": "i", "type": "log", "attributes": {"timestamp": AT, "attributes": entry}}], "meta": {}}).encode(),
    "in cells of a query": lambda entry: json.dumps(
        {"results": [[{"field": "@timestamp", "value": AT}, {"field": "@message", "value": json.dumps(entry)}, {"field": "@ptr", "value": "p"}]], "status": "Complete"}, indent=1
    ).encode(),
    "in results of a search": lambda entry: json.dumps({"preview": False, "fields": [{"name": "_raw"}], "results": [{"_raw": json.dumps(entry), "host": "h"}]}).encode(),
    "in streams of labels": lambda entry: json.dumps(
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"app": "a"}, "values": [["1773144000000000000", json.dumps(entry)]]}]}}
    ).encode(),
    "in a list of records in base64": lambda entry: json.dumps({"requestId": "r", "timestamp": 1, "records": [{"data": _base64(json.dumps(entry).encode())}]}).encode(),
    "in a push": lambda entry: json.dumps({"message": {"data": _base64(json.dumps(entry).encode()), "messageId": "1", "publishTime": AT}, "subscription": "s"}).encode(),
    "in gzip in base64": lambda entry: json.dumps(
        {"awslogs": {"data": _base64(gzip.compress(json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": json.dumps(entry)}]}).encode()))}}
    ).encode(),
    "in gzip in base64 on its own": lambda entry: base64.b64encode(gzip.compress(json.dumps(entry).encode())),
    "in a cell": lambda entry: _csv({"@timestamp": AT, "@message": json.dumps(entry)}),
    "in a table of values with types": lambda entry: _lines({"Item": {"CreatedAt": {"N": "1773144000"}, "FieldsMap": _typed(entry), "EventType": {"S": "x"}}}),
    "in a function's event": lambda entry: json.dumps({
        "Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification", "Message": json.dumps(entry), "Timestamp": AT}}]
    }).encode(),
}  # fmt: skip


def _read(name: str, body: bytes) -> Events:
    return ADAPTERS[name].read(Body.held(body), Given(name))


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_found_and_its_file_is_told(name: str, envelope: str, tmp_path: Path) -> None:
    """Nobody can list all that carries logs; what an entry looks like is known."""
    body = ENVELOPES[envelope](ENTRIES[name])
    path = tmp_path / "delivered"
    path.write_bytes(body)
    read = _read(name, body)
    assert (read.rows["actor"].to_pylist(), read.rejects.num_rows, read.others.num_rows) == (["amy"], 0, 0)
    assert read.rows.drop_columns("line_number").equals(_read(name, _lines(ENTRIES[name])).rows.drop_columns("line_number"))
    assert chosen("elsewhere", Source(), beginning(Found("access_events", "elsewhere", path))) is ADAPTERS[name]


@pytest.mark.parametrize("name", [name for name in ENTRIES if name != "salesforce"])
def test_what_an_entry_was_asked_is_never_taken_for_it(name: str) -> None:
    """A request that is logged with what was sent could hold a better looking entry of somebody else, with every field there is."""
    forged = {**{field: "x" for each in ENTRIES.values() for field in each}, **ENTRIES[name], **dict.fromkeys(("actor", "user", "userIdentity", "actor_id"), "ben")}
    forged |= {f"field {number}": 1 for number in range(50)}
    for field in ("message", "body", "data", "payload", "request_body", "raw_data", "graphql"):
        for text in (json.dumps(forged), _base64(json.dumps(forged).encode()), forged):
            assert _read(name, _lines(ENTRIES[name] | {field: text})).rows["actor"].to_pylist() == ["amy"]


def test_a_cell_may_be_long() -> None:
    """An entry with a long request is an entry, whatever was read before it in the same run."""
    entry = ENTRIES["cloudtrail"] | {"requestParameters": {"key": "k" * 300_000}}
    csv.field_size_limit(1 << 17)  # as every process begins
    read = _read("cloudtrail", _csv({"_raw": json.dumps(entry), "host": "example"}, {"_raw": json.dumps(ENTRIES["cloudtrail"]), "host": "example"}))
    assert (read.rows["line_number"].to_pylist(), read.rejects.num_rows) == ([2, 3], 0)


def test_a_row_that_carries_no_entry_is_refused() -> None:
    """It is one of those that were delivered."""
    cells = [["1773144000000000000", "plain text"], ["1773144000000000001", json.dumps(ENTRIES["okta"])], "x", None]
    read = _read("okta", json.dumps({"data": {"result": [{"values": cells}]}}).encode())
    assert (read.rows["actor"].to_pylist(), read.rejects["reason"].to_pylist()) == (["amy"], ["field_missing"] * 3)


@pytest.mark.parametrize(("name", "depth"), sampled(product(ENTRIES, [100, 300, 900, 1010, 5000]), lambda place: place % 3 == 0))
def test_an_entry_that_nests_as_deep_as_it_likes_ends_no_run(name: str, depth: int) -> None:
    """Readers of JSON follow further than writers do: what cannot be followed is refused, and its neighbour is read."""
    for field in [*ENTRIES[name], "message", "new"]:
        for begin, end in (("[", "]"), ('{"a":', "}"), ('{"message":', "}"), ('[{"name":', "}]")):
            entry = {**ENTRIES[name], "_document_id": "", "uuid": "", "uid": "", field: "@"}
            line = json.dumps(entry).replace('"@"', begin * depth + "1" + end * depth).encode() + b"\n"
            for body in (line + _lines(ENTRIES[name]), b"[" + line + b"]\n", _lines({"message": line.decode()})):
                try:
                    read = _read(name, body)
                except InputError:
                    assert not body.startswith(line)
                else:
                    assert read.lines == body.count(b"\n") - body.startswith(b"[")
                    assert not body.startswith(line) or "amy" in read.rows["actor"].to_pylist()


def test_a_beginning_full_of_packed_texts_opens_to_little_more_than_itself() -> None:
    """A megabyte that is looked at to tell its source may hold hundreds of texts that each open to as much."""
    bomb = base64.b64encode(gzip.compress(bytes(1 << 20)))
    text = b",".join([b'"' + bomb + b'"'] * 200)
    assert len(text) < len(packed.within(text)) < 4 * len(text)


@pytest.mark.parametrize(("fillers", "is_found"), [(1, True), (3, False)])
@pytest.mark.parametrize("depth", [1, 2])
def test_all_that_an_entry_packs_opens_to_so_much(fillers: int, is_found: bool, depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of many texts may open to a thousand times as much, and that to as much again: a line could take days."""
    monkeypatch.setattr(envelopes, "_MOST_BYTES", 10_000)

    def carried(content: Entry, times: int) -> str:
        for _ in range(times):
            content = {"a": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}
        return str(content["a"])

    entry, shape = ENTRIES["okta"], envelopes.Shape(frozenset(ENTRIES["okta"]), (frozenset({"uuid", "eventType"}),))
    carrier = {f"x{number}": carried({"x": "x" * 4_000}, depth) for number in range(fillers)} | {"y": carried(entry, 1)}
    assert envelopes.unwrapped(carrier, shape) == [entry if is_found else carrier]
