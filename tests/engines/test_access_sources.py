"""Sources of access events through the steps of a run: each entry counted once, holes that the source proves in the decisions, whole seconds from the form."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dagster_project.engines.decide import decide
from dagster_project.engines.intake.sources import name_below
from dagster_project.reading.files import Found
from dagster_project.settings import Settings

World = Any
AS_OF = datetime(2026, 3, 3, tzinfo=UTC)


def _login(number: int, **change: str) -> str:
    row = {"EVENT_TYPE": "LoginAs", "TIMESTAMP": f"202603021000{number:02d}.000", "REQUEST_ID": f"q{number}", "ORGANIZATION_ID": "acme", "DELEGATED_USER_ID": "ada"} | change
    return ",".join(f'"{cell}"' for cell in row.values()) + "\n"


HEADER = '"EVENT_TYPE","TIMESTAMP","REQUEST_ID","ORGANIZATION_ID","DELEGATED_USER_ID"\n'


def _object(number: int, **change: Any) -> dict[str, Any]:
    entry = {
        "eventVersion": "1.11", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventCategory": "Data", "eventID": f"e{number}",
        "eventTime": f"2026-03-02T10:00:{number:02d}Z",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:ada", "sessionContext": {"sessionIssuer": {"userName": "Support"}}},
    }  # fmt: skip
    return entry | change


def _others(world: World) -> dict[str, int]:
    return {row["name"]: row["entries"] for row in world.rows("ledger.non_accesses")}


@pytest.fixture
def world(world: World) -> World:
    """Give a landing folder with one member of staff."""
    world.put("staff/staff.csv", 'staff_id,logins\nada,["17"]\n')
    return world


def test_an_hourly_file_that_is_issued_again_adds_nothing(world: World) -> None:
    """Salesforce repeats the rows of an hour and adds to them."""
    world.put("access_events/salesforce/10.csv", HEADER + _login(1) + _login(2, EVENT_TYPE="Login"))
    world.put("access_events/salesforce/10-again.csv", HEADER + _login(3) + _login(1))
    world.run()
    inputs = world.inputs()
    first, again = inputs["access_events/salesforce/10.csv"], inputs["access_events/salesforce/10-again.csv"]
    assert (first["lines"], first["parsed"], first["blank_or_comment"], first["format"]) == (3, 1, 2, "salesforce csv")
    assert {row["duplicates"] for row in (first, again)} == {0, 1}
    assert len(world.rows("scrubbed.access_events")) == 2
    assert _others(world) == {"not_login_as": 1}


def test_the_other_end_of_a_long_operation_is_a_duplicate(world: World) -> None:
    """Google logs both ends, the second one in a later file and with another outcome."""

    def entry(insert: str, **operation: Any) -> str:
        payload = {"methodName": "a.Export", "authenticationInfo": {"principalEmail": "ada"}, "status": {"code": 13} if "last" in operation else {}}
        log, stamp = "x/logs/cloudaudit.googleapis.com%2Fdata_access", f"2026-03-02T10:0{len(insert)}:00Z"
        return json.dumps({"insertId": insert, "logName": log, "timestamp": stamp, "protoPayload": payload, "operation": {"id": "op", "producer": "p", **operation}}) + "\n"

    world.put("access_events/google/a.jsonl", entry("i", first=True))
    world.run()
    world.put("access_events/google/b.jsonl", entry("ii", last=True) + entry("iii", last=True).replace("a.Export", "a.Delete"))
    world.run()
    row = world.inputs()["access_events/google/b.jsonl"]
    assert (row["parsed"], row["duplicates"], row["quarantined"]) == (1, 1, 1)
    assert [row["occurred_at"].minute for row in world.rows("scrubbed.access_events")] == [1]


def test_json_lines_that_grow_are_continued(world: World) -> None:
    """What was counted is not counted again, accesses and other entries alike."""
    lines = [json.dumps(_object(1)), json.dumps(_object(2, eventCategory="Management", eventName="GetBucketPolicy")), json.dumps(_object(3))]
    world.put("access_events/cloudtrail/live.jsonl", f"{lines[0]}\n{lines[1]}\n{lines[2][:40]}")
    world.run()
    world.put("access_events/cloudtrail/live.jsonl", "\n".join(lines) + "\n")
    world.run()
    rows = world.rows("ledger.inputs")
    counts = sorted((row["lines"], row["parsed"], row["quarantined"], row["blank_or_comment"], row["duplicates"]) for row in rows if row["folder"] == "access_events")
    assert counts == [(1, 1, 0, 0, 0), (2, 1, 0, 1, 0)]
    assert _others(world) == {"management_event": 1}


@pytest.mark.parametrize(("more", "reasons"), [("me", ["duplicate_event"]), ("", []), ("  ", [])])
def test_half_of_a_last_row_that_was_read_is_told_once_the_rest_is_there(more: str, reasons: list[str], world: World) -> None:
    """The half may name another customer, and looks like a whole row until it goes on."""
    rows = [f"e{number},ada,2026-03-02T10:00:0{number}Z,ac" for number in (1, 2)]
    world.put("access_events/office/live.csv", f"event_id,actor,occurred_at,account_id\n{rows[0]}me\n{rows[1]}")
    world.run()
    world.put("access_events/office/live.csv", f"event_id,actor,occurred_at,account_id\n{rows[0]}me\n{rows[1]}{more}\n{rows[0].replace('e1', 'e3')}me\n")
    world.run()
    assert [(row["reason"], row["line_number"]) for row in world.rows("ledger.quarantine")] == [(reason, 3) for reason in reasons]
    assert sorted((row["event_id"], row["account_id"]) for row in world.rows("scrubbed.access_events")) == [("e1", "acme"), ("e2", "ac"), ("e3", "acme")]
    assert sorted(row["lines"] for row in world.rows("ledger.inputs") if row["folder"] == "access_events") == [2, 3]


def test_a_document_that_is_cut_is_refused_until_it_is_whole(world: World) -> None:
    """A file of one object is read whole or not at all, and tried again at every run."""
    body = json.dumps({"Records": [_object(1), _object(2)]})
    world.put("access_events/cloudtrail/a.json.gz", gzip.compress(body[:-9].encode()))
    world.run()
    assert [row["reason"] for row in world.rows("ledger.inputs") if row["folder"] == "access_events"] == ["json_error"]
    world.put("access_events/cloudtrail/a.json.gz", gzip.compress(body.encode()))
    world.run()
    assert len(world.rows("scrubbed.access_events")) == 2


@pytest.mark.parametrize("name", ["a.jsonl", "a.log"])
def test_a_source_that_nobody_knows_is_refused_with_what_settings_can_say(world: World, name: str) -> None:
    """What its fields mean nobody can guess; whatever it is called, the refusal names the key."""
    world.put(f"access_events/desk/{name}", '{"who": "ada", "when": "2026-03-02T10:00:00Z", "what": "ticket.view"}\n')
    world.run()
    assert world.inputs()[f"access_events/desk/{name}"]["advice"].endswith("fields below [sources.desk] (docs/access-sources.md)")


def test_an_entry_of_several_accesses_is_refused_once(world: World) -> None:
    """Each access of it has other content under a known id: the entry is one line, and the accounts of the run balance."""
    query = {"event": "db.session.query", "code": "TDB02I", "uid": "u1", "time": "2026-03-02T10:00:05Z", "user": "ada", "db_protocol": "postgres"}
    world.put("access_events/teleport/a.jsonl", json.dumps(query | {"db_query": "select * from a, b"}) + "\n")
    world.put("access_events/teleport/b.jsonl", json.dumps(query | {"db_query": "delete from a; delete from b"}) + "\n")
    world.run()
    inputs = [world.inputs()[f"access_events/teleport/{name}.jsonl"] for name in "ab"]
    assert sorted((row["lines"], row["parsed"], row["quarantined"]) for row in inputs) == [(1, 0, 1), (2, 2, 0)]
    assert [row["reason"] for row in world.rows("ledger.quarantine")] == ["duplicate_event"]


def test_a_name_of_the_same_actor_that_staff_lists_resolves_it(world: World) -> None:
    """A session by a name that nobody has is judged by the other names that the entry gives, unless they are two people's."""
    entries = [
        {"@timestamp": 1772445600000 + n, "_document_id": f"d{n}", "action": "git.clone", **who} for n, who in enumerate([{"actor": "ada-x", "actor_id": 17}, {"actor": "eve"}])
    ]
    world.put("access_events/github/a.jsonl", "".join(json.dumps(entry) + "\n" for entry in entries))
    world.run()
    assert {row["event_id"]: row["staff_id"] for row in world.rows("scrubbed.access_events")} == {"d0": "ada", "d1": None}


def test_whole_seconds_follow_from_the_form(world: World) -> None:
    """Nobody has to declare that CloudTrail cuts its stamps: a boundary within the second is uncertain."""
    world.put("access_events/cloudtrail/a.json", json.dumps({"Records": [_object(5)]}))
    world.put("access_events/teleport/a.jsonl", '{"event":"exec","code":"T3002I","uid":"u1","time":"2026-03-02T10:00:05Z","user":"ada"}\n')
    world.run()
    assert {row["source"]: row["whole_seconds"] for row in world.rows("scrubbed.sources")} == {"cloudtrail": True}
    (world.landing / "access_events/cloudtrail/a.json").unlink()
    world.run()
    assert {row["source"]: row["whole_seconds"] for row in world.rows("scrubbed.sources")} == {"cloudtrail": True}


def test_a_hole_that_the_source_proves_is_in_the_decisions(world: World) -> None:
    """An access of that time is undetermined, the file is named, and what comes late takes the doubt away again."""
    body = json.dumps({"Records": [_object(40, requestParameters={"x": "acme"})]})
    digest = {
        "digestS3Bucket": "b", "digestS3Object": "x/CloudTrail-Digest/1_20260302T110000Z.json.gz",
        "digestStartTime": "2026-03-02T10:00:00Z", "digestEndTime": "2026-03-02T11:00:00Z",
        "logFiles": [{"s3Bucket": "b", "s3Object": "x/lost.json.gz", "hashValue": "ab" * 32, "oldestEventTime": "2026-03-02T10:00:30Z", "newestEventTime": "2026-03-02T10:00:40Z"}],
    }  # fmt: skip
    world.put("access_events/cloudtrail/a.json", body)
    world.put("access_events/cloudtrail/CloudTrail-Digest/d.json.gz", gzip.compress(json.dumps(digest).encode()))
    world.run()
    assert [(row["rule"], row["object"]) for row in world.rows("ledger.source_gaps")] == [("log_file_missing", "b/x/lost.json.gz")]
    assert [(row["source"], row["gap_from"].second, row["gap_to"].second) for row in world.rows("scrubbed.gaps")] == [("cloudtrail", 30, 41)]
    assert any("lost.json.gz" in told and "log_file_missing" in told for told in world.told)
    assert _others(world) == {"digest": 1}
    (world.landing / "access_events/cloudtrail/CloudTrail-Digest/d.json.gz").unlink()
    world.run()
    assert len(world.rows("scrubbed.gaps")) == 1


def _switched(*names: str) -> str:
    """Return a server log in JSON in which roles switch their audit off, and on again where a name stands a second time."""
    entry = {"user": "ada", "dbname": "main", "pid": 7, "error_severity": "LOG"}
    begun, lines = set[str](), list[str]()
    for number, name in enumerate(names):
        audit = f"""AUDIT: SESSION,1,1,ROLE,ALTER ROLE,,,"alter role ""{name}"" set pgaudit.log = '{"all" if name in begun else "none"}'",<none>"""
        lines.append(json.dumps(entry | {"timestamp": f"2026-03-02 10:00:{number:02d}.000 UTC", "session_id": f"69a00000.{number:x}", "message": audit}) + "\n")
        begun.add(name)
    return "".join(lines)


@pytest.mark.parametrize(("names", "expected"), [
    (("reader", "reader"), [("role reader", True)]), (("jane.doe@example.com",), [("role {redacted} 1", False)]),
    (("jane.doe@example.com", "~jane", "jane.doe@example.com"), [("role {redacted} 1", True), ("role {redacted} 2", False)]),
    (("cus_NffrFeUfNV2Hib",), [("role {redacted} 1", False)]), (("6a:61:6e:65:40:65:78",), [("role {redacted} 1", False)]),
    (("0b1c2d3e-1111-4222-8333-944455566677",), [("role {redacted} 1", False)]),
])  # fmt: skip
def test_a_role_that_is_named_after_somebody_is_not_named(world: World, names: tuple[str, ...], expected: list[tuple[str, bool]]) -> None:
    """Servers in a cloud call roles as their people's mail is addressed: whose audit was off is told by a number."""
    world.put("access_events/pgaudit/a.json", _switched(*names))
    world.run()
    gaps = world.rows("ledger.source_gaps")
    assert sorted((row["object"].partition(" of ")[0], row["gap_to"] is not None) for row in gaps) == expected
    assert not [told for told in (*world.told, *map(str, world.rows("ledger.attestations"))) if any(name in told for name in {*names} - {"reader"})]


def test_a_role_without_a_name_is_off_until_its_own_file_says_on(world: World) -> None:
    """The next file's role may be another one."""
    for number, log in enumerate((_switched("jane.doe@example.com"), _switched("joe@example.com", "joe@example.com"))):
        world.put(f"access_events/pgaudit/{number}.json", log)
    world.run()
    assert sorted(row["gap_to"] is not None for row in world.rows("ledger.source_gaps")) == [False, True]


def test_a_name_that_is_no_text_stops_no_run(world: World) -> None:
    """A file system takes any byte in a name; what was delivered is remembered by name all the same."""
    world.put("access_events/cloudtrail/\udcff.json", json.dumps({"Records": [_object(1)]}))
    world.run()
    assert [row["object"] for row in world.rows("ledger.attestations")] == ["\\xff.json"]


def test_decide_knows_the_holes(world: World) -> None:
    """Without a HOME the verdict is the same."""
    settings = Settings.model_validate({"sources": {"cloudtrail": {"fields": {"account_id": "account"}}}})
    body = json.dumps({"Records": [_object(29, account="acme"), _object(40, account="acme"), _object(41, account="acme")]})
    log = {"s3Object": "lost.json.gz", "hashValue": "ab" * 32, "oldestEventTime": "2026-03-02T10:00:30Z", "newestEventTime": "2026-03-02T10:00:40Z"}
    digest = {"digestS3Object": "d_20260302T110000Z.json.gz", "digestStartTime": "2026-03-02T10:00:00Z", "digestEndTime": "2026-03-02T11:00:00Z", "logFiles": [log]}
    world.put("access_events/cloudtrail/a.json", body)
    world.put("access_events/cloudtrail/d.json", json.dumps(digest))
    world.put("sources/sources.csv", "source,watermark\ngrants,2026-03-03T00:00:00Z\n")
    codes = {row["event_id"]: row["code"] for row in decide(world.landing, AS_OF, settings).to_pylist()}
    assert codes == {"e29": "CLASS_UNKNOWN", "e40": "LOG_GAP", "e41": "CLASS_UNKNOWN"}


def test_fields_without_a_meaning_are_told_once_for_a_source(world: World) -> None:
    """However many files it has."""
    for number in range(3):
        world.put(f"access_events/cloudtrail/{number}.json", json.dumps({"Records": [_object(number, novelty=1)]}))
    world.run()
    assert [told for told in world.told if "without a meaning" in told] == ["access_events/cloudtrail: columns without a meaning are left out: novelty"]


@pytest.mark.parametrize(("path", "name"), [("cloudtrail/keys/k.pem", "keys/k.pem"), ("cloudtrail/a.json", "a.json"), ("a.json", "a.json")])
def test_names_below_a_source(path: str, name: str, tmp_path: Any) -> None:
    """The folder of keys is told by its name."""
    assert name_below(Found("access_events", "cloudtrail", tmp_path / "access_events" / path)) == name


def test_runs_are_repeatable(world: World, worlds: Callable[[str], World]) -> None:
    """The same landing folder gives the same rows, read at once or file by file."""
    other = worlds("other")
    other.put("staff/staff.csv", 'staff_id,logins\nada,["17"]\n')
    for number in range(3):
        body = json.dumps({"Records": [_object(number), _object(number + 10, eventCategory="Management")]})
        for each in (world, other):
            each.put(f"access_events/cloudtrail/{number}.json", body)
        other.run()
    world.run()
    assert world.content() == other.content()
