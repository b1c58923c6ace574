"""Between a native ledger and its contract table people are dropped, defaults are set, and contradictions are refused."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.reading import ledgers as reading
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.scrubbing import ledgers as scrubbing
from dagster_project.scrubbing.people import People
from dagster_project.settings import Source

CONTRACTS = Path(__file__).parents[2] / "sql" / "1_scrubbed"
TYPES = {
    "varchar": pa.string(), "varchar[]": pa.list_(pa.string()), "timestamptz": pa.timestamp("us", "UTC"),
    "boolean": pa.bool_(), "bigint": pa.int64(), "integer": pa.int32(),
}  # fmt: skip
NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
GRANT = {
    "grant_id": "g1", "account_id": "C1", "granted_by": "cora", "grantee": "person:amy", "valid_from": "2026-03-10T09:00:00Z",
    "recorded_at": "2026-03-10T08:55:00Z",
}  # fmt: skip
EMERGENCY = {
    "emergency_id": "x1", "staff_id": "amy@vendor", "account_id": "C1", "opened_at": "2026-03-10T09:00:00Z", "ttl_s": 3600,
    "decide_within_s": 86400,
}  # fmt: skip


def _native(tmp_path: Path, folder: str, *files: list[dict[str, Any]]) -> pa.Table:
    reads = {}
    for number, rows in enumerate(files):
        path = tmp_path / f"{folder}{number}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        reads[f"i{number}"] = reading.read(folder, path)
        assert reads[f"i{number}"].rejects.num_rows == 0
    return reading.together(folder, reads)


@pytest.fixture
def people(tmp_path: Path) -> People:
    """Two members of staff, a customer's user and who may grant."""
    start = "2026-01-01T00:00:00Z"
    return People.of(
        _native(tmp_path, "staff", [{"staff_id": "amy", "logins": ["amy@vendor"]}, {"staff_id": "bob"}]),
        _native(tmp_path, "users", [{"user_id": "cora", "account_id": "C1"}]),
        _native(tmp_path, "grantors", [
            {"person_id": "cora", "account_id": "C1", "valid_from": start, "valid_to": "2026-03-10T09:30:00Z"},
            {"person_id": "bob", "account_id": "C1", "valid_from": start},
        ]),
        _native(tmp_path, "accounts", [{"account_id": "C1", "joined_at": start}]),
    )  # fmt: skip


def _scrub(tmp_path: Path, people: People, folder: str, *files: list[dict[str, Any]]) -> scrubbing.ScrubbedLedger:
    return scrubbing.scrub(folder, _native(tmp_path, folder, *files), people)


@pytest.mark.parametrize("folder", [folder for folder in LEDGERS if folder not in ("users", "grantors")])
def test_every_table_is_its_contract(folder: str, people: People, tmp_path: Path) -> None:
    """The columns of sql/1_scrubbed, in their order and types, are all that may leave memory."""
    wanted = re.findall(r"^    (\w+) (\w+(?:\[\])?)", (CONTRACTS / f"{folder}.sql").read_text(), re.MULTILINE)
    found = scrubbing.scrub(folder, _native(tmp_path, folder), people).table.schema
    assert [(field.name, field.type) for field in found] == [(name, TYPES[kind]) for name, kind in wanted]


@pytest.mark.parametrize(("grantee", "kept"), [
    ("person:amy", ("person", "amy")), ("person:amy@vendor", ("person", "amy")), ("person:cora", ("person", None)), ("team:support", ("team", "support")),
    ("team:a:b", ("team", "a:b")), ("anystaff:", ("anystaff", None)), ("anystaff:x", None), ("anystaff", None), ("person:", None), ("team:", None),
    ("Person:amy", None), ("amy", None), ("everyone:", None), (" person:amy", None),
])  # fmt: skip
def test_grantees(grantee: str, kept: tuple[str, str | None] | None, people: People, tmp_path: Path) -> None:
    """A grantee nobody can read permits nothing: its row is refused."""
    found = _scrub(tmp_path, people, "grants", [GRANT | {"grantee": grantee}])
    rows = [(row["grantee_kind"], row["grantee_id"]) for row in found.table.to_pylist()]
    assert rows == ([kept] if kept else [])
    assert found.refused.to_pylist() == ([] if kept else [{"input_id": "i0", "line_number": 1, "reason": "other"}])


@pytest.mark.parametrize(("granted_by", "recorded_at", "staff_id", "is_grantor"), [
    ("cora", "2026-03-10T09:29:59.999999Z", None, True), ("cora", "2026-03-10T09:30:00Z", None, False), ("amy@vendor", "2026-03-10T09:00:00Z", "amy", False),
    ("bob", "2026-03-10T09:00:00Z", "bob", True), ("Cora", "2026-03-10T09:00:00Z", None, False),
])  # fmt: skip
def test_who_granted(granted_by: str, recorded_at: str, staff_id: str | None, is_grantor: bool, people: People, tmp_path: Path) -> None:
    """Of the customer's person only remains whether she could grant when she did."""
    found = _scrub(tmp_path, people, "grants", [GRANT | {"granted_by": granted_by, "recorded_at": recorded_at}])
    (row,) = found.table.to_pylist()
    assert (row["granted_by_staff_id"], row["is_grantor"]) == (staff_id, is_grantor)
    assert staff_id == "bob" or granted_by not in str(row)


REVOKED = GRANT | {"revoked_at": "2026-03-10T10:00:00Z", "revocation_recorded_at": "2026-03-10T10:05:00Z"}


@pytest.mark.parametrize(("files", "revoked_at", "refused", "duplicates"), [
    ([[GRANT]], None, [], []),
    ([[GRANT, GRANT], [GRANT]], None, [], [("i0", 2), ("i1", 1)]),
    ([[GRANT], [REVOKED]], 10, [], []),
    ([[GRANT], [REVOKED, GRANT, REVOKED]], 10, [], [("i1", 2), ("i1", 3)]),
    ([[REVOKED], [GRANT]], 10, [("i1", 1)], []),
    ([[GRANT], [REVOKED, REVOKED | {"revoked_at": "2026-03-10T11:00:00Z"}]], 10, [("i1", 2)], []),
    ([[GRANT], [REVOKED | {"account_id": "C2"}]], None, [("i1", 1)], []),
    ([[GRANT], [GRANT | {"valid_to": "2026-03-11T00:00:00Z"}]], None, [("i1", 1)], []),
    ([[GRANT], [GRANT | {"record_classes": []}]], None, [("i1", 1)], []),
    ([[GRANT], [GRANT | {"revocation_recorded_at": "2026-03-10T10:05:00Z"}]], None, [("i1", 1)], []),
    ([[GRANT | {"grantee": "nobody"}], [REVOKED]], 10, [("i0", 1)], []),
])  # fmt: skip
def test_a_grant_is_revoked_once_and_never_edited(
    files: list[list[dict[str, Any]]], revoked_at: int | None, refused: list[Any], duplicates: list[Any], people: People, tmp_path: Path
) -> None:
    """An amendment is a revocation and a new grant; whoever edits the ledger is found out."""
    found = _scrub(tmp_path, people, "grants", *files)
    (row,) = found.table.to_pylist()
    assert row["revoked_at"] == (None if revoked_at is None else NINE.replace(hour=revoked_at))
    assert [(place["input_id"], place["line_number"]) for place in found.refused.to_pylist()] == refused
    assert [(place["input_id"], place["line_number"]) for place in found.duplicates.to_pylist()] == duplicates


def test_each_key_is_merged_for_itself(people: People, tmp_path: Path) -> None:
    """Grants stand among others: what revokes or contradicts one says nothing of its neighbours."""
    named = {name: {row: change | {"grant_id": name} for row, change in (("plain", GRANT), ("revoked", REVOKED))} for name in "abc"}
    other = named["c"]["plain"] | {"actions": ["read"]}
    found = _scrub(tmp_path, people, "grants", [named["b"]["plain"], named["a"]["plain"], named["c"]["plain"]], [named["a"]["revoked"], other, named["b"]["plain"]])
    assert {row["grant_id"]: row["revoked_at"] is not None for row in found.table.to_pylist()} == {"a": True, "b": False, "c": False}
    assert found.refused.to_pylist() == [{"input_id": "i1", "line_number": 2, "reason": "other"}]
    assert found.duplicates.to_pylist() == [{"input_id": "i1", "line_number": 3}]


def test_a_revocation_is_recorded_when_it_happened_unless_said_otherwise(people: People, tmp_path: Path) -> None:
    """revocation_recorded_at defaults to revoked_at (docs/ledgers.md#grants)."""
    found = _scrub(tmp_path, people, "grants", [GRANT | {"revoked_at": "2026-03-10T10:00:00Z"}, REVOKED | {"grant_id": "g2"}])
    assert found.table["revocation_recorded_at"].to_pylist() == [NINE.replace(hour=10), NINE.replace(hour=10, minute=5)]


@pytest.mark.parametrize(("change", "expected"), [
    ({}, (False, None, False)),
    ({"reason": " \t\u00a0"}, (False, None, False)),
    ({"reason": "outage", "decision": "approve", "decided_by": "cora", "decided_at": "2026-03-10T09:29:00Z"}, (True, "approve", True)),
    ({"decision": "approve", "decided_by": "cora", "decided_at": "2026-03-10T09:30:00Z"}, (False, "approve", False)),
    ({"decision": "reject", "decided_by": "bob", "decided_at": "2026-03-10T09:29:00Z"}, (False, "reject", False)),
    ({"decision": "approve", "decided_by": "cora"}, (False, "approve", False)),
    ({"decision": "fine", "decided_by": "cora", "decided_at": "2026-03-10T09:29:00Z"}, (False, None, True)),
])  # fmt: skip
def test_emergencies(change: dict[str, Any], expected: tuple[Any, ...], people: People, tmp_path: Path) -> None:
    """A grantor who is staff decides nothing; a decision nobody knows is none."""
    (row,) = _scrub(tmp_path, people, "emergencies", [EMERGENCY | change]).table.to_pylist()
    assert (row["has_reason"], row["decision"], row["is_decider_grantor"]) == expected
    assert (row["staff_id"], row["recorded_at"]) == ("amy", NINE)


@pytest.mark.parametrize(("folder", "row", "name"), [
    ("emergencies", EMERGENCY, "ttl_s"), ("emergencies", EMERGENCY, "decide_within_s"), ("policies", {"policy_id": "p", "noticed_at": "2026-03-10T09:00:00Z"}, "notice_days"),
    ("sources", {"source": "s"}, "allowed_lateness_s"),
])  # fmt: skip
def test_spans_that_no_instant_can_be_moved_by(folder: str, row: dict[str, Any], name: str, people: People, tmp_path: Path) -> None:
    """One absurd span must not stop the run that adds it to an instant."""
    factor = 1 if name == "notice_days" else 86_400
    found = _scrub(tmp_path, people, folder, [row | {name: span} for span in (-1, 0, 36_525 * factor, 36_525 * factor + 1)])
    assert found.refused.to_pylist()[0] == {"input_id": "i0", "line_number": 1, "reason": "other"}
    assert 4 in found.refused["line_number"].to_pylist()
    assert found.table.num_rows == 1


def test_an_emergency_is_decided_once(people: People, tmp_path: Path) -> None:
    """A second decision would let the vendor choose."""
    approve = EMERGENCY | {"decision": "approve", "decided_by": "cora", "decided_at": "2026-03-10T09:29:00Z"}
    found = _scrub(tmp_path, people, "emergencies", [EMERGENCY], [approve, approve | {"decision": "reject"}])
    assert found.table["decision"].to_pylist() == ["approve"]
    assert found.refused["line_number"].to_pylist() == [2]


@pytest.mark.parametrize(("folder", "row", "default", "added"), [
    ("grants", GRANT | {"revoked_at": "2026-03-10T10:00:00Z"}, {"revocation_recorded_at": "2026-03-10T10:00:00Z"}, {}),
    ("teams", {"staff_id": "amy", "team": "t", "valid_from": "2026-03-10T09:00:00Z"}, {"recorded_at": "2026-03-10T09:00:00Z"}, {}),
    ("policies", {"policy_id": "p", "emailed_at": "2026-03-10T09:00:00Z"}, {"noticed_at": "2026-03-10T09:00:00Z"}, {}),
    ("policies", {"policy_id": "p", "emailed_at": "2026-03-10T09:00:00Z"}, {"notice_days": 0}, {}),
    ("opt_outs", {"account_id": "C1", "valid_from": "2026-03-10T09:00:00Z"}, {"recorded_at": "2026-03-10T09:00:00Z"}, {"valid_to": NINE.replace(hour=10)}),
    ("emergencies", EMERGENCY, {"recorded_at": EMERGENCY["opened_at"]}, {"decision": "approve"}),
])  # fmt: skip
def test_telling_a_default_changes_nothing(folder: str, row: dict[str, Any], default: dict[str, Any], added: dict[str, Any], people: People, tmp_path: Path) -> None:
    """A customer's decision or end must not be lost because the export that brings it spells out what the first left open."""
    again = _scrub(tmp_path, people, folder, [row], [row | default])
    assert (again.table.num_rows, again.refused.num_rows, again.duplicates.num_rows) == (1, 0, 1)
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in added.items()}
    for rows in ([row, row | default | told], [row | default, row | told]):
        found = _scrub(tmp_path, people, folder, *([one] for one in rows))
        (stands,) = found.table.to_pylist()
        assert (found.refused.num_rows, {name: stands[name] for name in added}) == (0, added)


def test_accounts_fill_up(people: People, tmp_path: Path) -> None:
    """A later row that leaves something out takes nothing back."""
    first = {"account_id": "C1", "joined_at": "2026-01-01T00:00:00Z", "plan": "basic", "hosts": ["x.example.com"]}
    later = {"account_id": "C1", "joined_at": "2026-01-01T00:00:00Z", "closed_at": "2026-03-10T09:00:00Z", "seats": 5}
    (row,) = _scrub(tmp_path, people, "accounts", [first], [later]).table.to_pylist()
    assert (row["plan"], row["seats"], row["closed_at"]) == ("basic", 5, NINE)


@pytest.mark.parametrize(("change", "noticed"), [
    ({"noticed_at": "2026-03-10T09:00:00Z", "posted_at": "2026-03-10T08:00:00Z"}, NINE),
    ({"posted_at": "2026-03-10T09:00:00Z", "emailed_at": "2026-03-10T10:00:00Z"}, NINE),
    ({"posted_at": "2026-03-10T10:00:00Z", "emailed_at": "2026-03-10T09:00:00Z"}, NINE),
    ({"emailed_at": "2026-03-10T09:00:00Z"}, NINE),
    ({}, None),
])  # fmt: skip
def test_policies(change: dict[str, Any], noticed: datetime | None, people: People, tmp_path: Path) -> None:
    """A version that nobody was told of is in force for nobody."""
    found = _scrub(tmp_path, people, "policies", [{"policy_id": "p"} | change])
    assert [(row["noticed_at"], row["notice_days"]) for row in found.table.to_pylist()] == ([(noticed, 0)] if noticed else [])
    assert found.refused["reason"].to_pylist() == ([] if noticed else ["field_missing"])


def test_sources_go_before_settings(people: People, tmp_path: Path) -> None:
    """What the ledger leaves open the settings say, and then the defaults."""
    rows = _native(tmp_path, "sources", [
        {"source": "desk", "clock_skew_s": 0.0000015, "watermark": "2026-03-10T09:00:00Z"}, {"source": "bad", "time_zone": "Mars/Olympus"},
        {"source": "worse", "clock_skew_s": -1}, {"source": "grants"},
    ])  # fmt: skip
    settings = {"desk": Source(time_zone="Europe/Berlin", clock_skew_s=3, whole_seconds=True), "crm": Source(allowed_lateness_s=60)}
    found = scrubbing.scrub("sources", rows, people, settings)
    by_name = {row.pop("source"): tuple(row.values()) for row in found.table.to_pylist()}
    assert by_name == {
        "desk": ("Europe/Berlin", 2, True, NINE, 0), "crm": (None, 0, False, None, 60), "grants": (None, 0, False, None, 0),
    }  # fmt: skip
    assert found.refused["line_number"].to_pylist() == [2, 3]


def test_people_end_in_scrubbing(people: People, tmp_path: Path) -> None:
    """Of all names only staff ids remain, and of a tag's URL only what was found in it."""
    at = "2026-03-10T09:00:00Z"
    staff = _scrub(tmp_path, people, "staff", [{"staff_id": "svc", "kind": "service", "owner": "amy@vendor"}, {"staff_id": "eve", "kind": "x", "owner": "cora"}])
    assert [(row["kind"], row["owner_staff_id"]) for row in staff.table.to_pylist()] == [("service", "amy"), ("person", None)]
    teams = _scrub(tmp_path, people, "teams", [{"staff_id": "amy", "team": "t", "valid_from": at}, {"staff_id": "cora", "team": "t", "valid_from": at}])
    assert (teams.table["recorded_at"].to_pylist(), teams.refused["line_number"].to_pylist()) == ([NINE], [2])
    reviews = _scrub(tmp_path, people, "reviews", [
        {"finding_id": "f", "status": "justified", "reviewed_at": at, "reviewed_by": name, "note": "see mail"} for name in ("bob", "cora")
    ] + [{"finding_id": "f", "status": "fixed by cora", "reviewed_at": at, "reviewed_by": "bob"}])  # fmt: skip
    assert (reviews.table["reviewed_by_staff_id"].to_pylist(), reviews.refused["line_number"].to_pylist()) == (["bob", None], [3])
    url = "https://t.example.com/?m=jane@example.com&c=4111111111111111"
    tags = _scrub(tmp_path, people, "tags", [{"event_id": "e", "site": "s", "recipient": "r", "occurred_at": at, "url": url}])
    (row,) = tags.table.to_pylist()
    assert ("email" in row["personal_kinds"], row["personal_kinds"] == sorted(row["personal_kinds"]), row["card_numbers"]) == (True, True, 1)
    assert "jane" not in str([staff.table.to_pylist(), teams.table.to_pylist(), reviews.table.to_pylist(), tags.table.to_pylist()])


def test_other_ledgers(people: People, tmp_path: Path) -> None:
    """Defaults of opt-outs, closed lists, a consent that is ended once, and rows that are there twice."""
    at, later = "2026-03-10T09:00:00Z", "2026-03-10T10:00:00Z"
    opt_out = {"account_id": "C1", "valid_from": at}
    found = _scrub(tmp_path, people, "opt_outs", [opt_out, opt_out | {"recorded_at": later}], [opt_out])
    assert found.table["recorded_at"].to_pylist() == [NINE, NINE + timedelta(hours=1)]
    assert found.duplicates.to_pylist() == [{"input_id": "i1", "line_number": 1}]
    disclosure = {"disclosure_id": "d", "account_id": "C1", "recipient": "r", "data_class": "c", "purpose": "p", "occurred_at": at}
    kinds = _scrub(tmp_path, people, "disclosures", [disclosure | {"disclosure_id": f"d{kind}", "kind": kind} for kind in ("sale", "gift", None)])
    assert kinds.table["kind"].to_pylist() == ["sale", "other", None]
    consent = {"consent_id": "k", "account_id": "C1", "recipient": "r", "valid_from": at, "recorded_at": at}
    ended = _scrub(tmp_path, people, "consents", [consent], [consent | {"valid_to": later}, consent | {"recipient": "else"}])
    assert (ended.table["valid_to"].to_pylist(), ended.refused["line_number"].to_pylist()) == ([NINE.replace(hour=10)], [2])
    gap = _scrub(tmp_path, people, "gaps", [{"source": "s", "from": at}])
    assert gap.table.to_pylist() == [{"source": "s", "gap_from": NINE, "gap_to": None}]


SOUND_ROWS: dict[str, dict[str, Any]] = {
    "disclosures": {"disclosure_id": "d", "account_id": "C1", "recipient": "r", "data_class": "c", "purpose": "p", "occurred_at": "2026-03-10T09:00:00Z"},
    "tags": {"event_id": "t", "site": "s", "recipient": "r", "occurred_at": "2026-03-10T09:00:00Z", "url": "https://t.example.com/"},
    "mailings": {"mailing_id": "m", "account_id": "C1", "sent_at": "2026-03-10T09:00:00Z", "purpose": "p"},
    "messages": {"snapshot_at": "2026-03-10T09:00:00Z", "message_id": "m", "account_id": "C1", "received_at": "2026-03-10T09:00:00Z", "size_bytes": 7},
    "erasures": {"order_id": "o", "account_id": "C1", "recorded_at": "2026-03-10T09:00:00Z", "message_id": "m"},
    "opt_outs": {"account_id": "C1", "valid_from": "2026-03-10T09:00:00Z", "valid_to": "2026-03-10T10:00:00Z", "recorded_at": "2026-03-10T09:00:00Z"},
    "accounts": {"account_id": "C1", "seats": 5},
    "gaps": {"source": "s", "from": "2026-03-10T09:00:00Z", "to": "2026-03-10T09:00:00Z"},
}


@pytest.mark.parametrize(("folder", "changed", "is_refused"), [
    ("disclosures", {"purpose": "q"}, True), ("disclosures", {"disclosure_id": "e"}, False),
    ("tags", {"site": "z"}, True), ("mailings", {"purpose": "q"}, True),
    ("messages", {"size_bytes": 8}, True), ("messages", {"message_id": "n"}, False), ("messages", {"message_id": "n", "size_bytes": -1}, True),
    ("messages", {"message_id": "n", "size_bytes": 2**46 + 1}, True),
    ("erasures", {"recorded_at": "2026-03-10T10:00:00Z"}, True), ("erasures", {"message_id": "n"}, False),
    ("opt_outs", {"valid_to": "2026-03-10T11:00:00Z"}, True), ("opt_outs", {"recorded_at": "2026-03-10T10:00:00Z"}, False),
    ("accounts", {"account_id": "C2", "seats": -1}, True), ("accounts", {"account_id": "C2", "seats": 0}, False),
    ("gaps", {"to": "2026-03-10T08:59:59.999999Z"}, True), ("gaps", {"to": "2026-03-10T09:00:00.000001Z"}, False),
])  # fmt: skip
def test_a_row_that_contradicts_or_cannot_be_is_refused_alone(folder: str, changed: dict[str, Any], is_refused: bool, people: People, tmp_path: Path) -> None:
    """The first row stands, and a suite over the table finds nothing."""
    sound = SOUND_ROWS[folder]
    found = _scrub(tmp_path, people, folder, [sound, sound | changed])
    assert found.refused["line_number"].to_pylist() == ([2] if is_refused else [])
    assert len(found.table) == (1 if is_refused else 2)


def test_an_opt_out_is_ended_by_a_later_row_and_an_objection_stands_from_its_first(people: People, tmp_path: Path) -> None:
    """An end that comes later must reach the customer's refusal, a second objection must not move it."""
    nine, ten = "2026-03-10T09:00:00Z", "2026-03-10T10:00:00Z"
    opt_out = {"account_id": "C1", "valid_from": nine}
    ended = _scrub(tmp_path, people, "opt_outs", [opt_out], [opt_out | {"valid_to": ten}])
    assert (ended.table["valid_to"].to_pylist(), ended.refused.num_rows) == ([NINE.replace(hour=10)], 0)
    objections = _scrub(tmp_path, people, "objections", [{"account_id": "C1", "policy_id": "p", "recorded_at": at} for at in (ten, nine)])
    assert objections.table["recorded_at"].to_pylist() == [NINE]


@pytest.mark.parametrize(("files", "ends"), [
    ([[{}], [{"valid_to": 10}]], [10]),
    ([[{"valid_to": 10}], [{}]], [10]),
    ([[{"valid_to": 11}], [{"valid_to": 10}]], [10]),
    ([[{"valid_to": 10}], [{"valid_to": 11}]], [10]),
    ([[{}, {"valid_from": 8}], [{"valid_to": 10}]], [None, 10]),
    ([[{"logins": ["a"]}], [{"logins": ["b"], "valid_to": 10}]], [10]),
    ([[{"kind": "person"}], [{"kind": "service"}]], [None]),
])  # fmt: skip
def test_a_later_row_ends_an_employment(files: list[list[dict[str, Any]]], ends: list[int | None], people: People, tmp_path: Path) -> None:
    """Who has left must not stay in force because an older row of the same person is still open."""
    rows = [[{"staff_id": "amy", **_at(row)} for row in file] for file in files]
    found = _scrub(tmp_path, people, "staff", *rows)
    assert sorted(found.table["valid_to"].to_pylist(), key=str, reverse=True) == [None if end is None else NINE.replace(hour=end) for end in ends]


def _at(row: dict[str, Any]) -> dict[str, Any]:
    return {name: f"2026-03-10T{value:02d}:00:00Z" if isinstance(value, int) else value for name, value in row.items()}


def test_a_later_row_ends_a_role(people: People, tmp_path: Path) -> None:
    """Who no longer speaks for the customer permits nothing, in whichever order the rows came."""
    role = {"person_id": "cora", "account_id": "C1", "valid_from": "2026-01-01T00:00:00Z"}
    ends = {"valid_to": "2026-03-10T09:30:00Z"}
    none = {folder: _native(tmp_path, folder) for folder in ("staff", "users", "accounts")}
    for rows in ([role, role | ends], [role | ends, role], [role | ends, role | {"valid_to": "2026-03-10T11:00:00Z"}]):
        who = People.of(none["staff"], none["users"], _native(tmp_path, "grantors", rows), none["accounts"])
        assert [who.is_grantor("cora", "C1", NINE.replace(minute=minute)) for minute in (29, 30)] == [True, False]
    assert People.of(none["staff"], none["users"], _native(tmp_path, "grantors", [role]), none["accounts"]).is_grantor("cora", "C1", NINE.replace(minute=30))


def test_a_membership_keeps_when_each_end_was_entered(people: People, tmp_path: Path) -> None:
    """An end entered later was not known before; two rows entered at once are one, ended by the earlier."""
    begin, later = {"staff_id": "amy", "team": "t", "valid_from": "2026-03-10T09:00:00Z"}, "2026-03-10T12:00:00Z"
    ends = [{"valid_to": "2026-03-10T11:00:00Z"}, {"valid_to": "2026-03-10T10:00:00Z"}]
    found = _scrub(tmp_path, people, "teams", [begin], [begin | end | {"recorded_at": later} for end in ends], [begin | {"staff_id": "amy@vendor"}])
    assert [(row["valid_to"], row["recorded_at"]) for row in found.table.to_pylist()] == [(None, NINE), (NINE.replace(hour=10), NINE.replace(hour=12))]
    assert [place["input_id"] for place in found.refused.to_pylist()] == ["i2"]


def test_a_large_ledger_is_scrubbed_in_parts_as_it_is_whole(people: People, tmp_path: Path) -> None:
    """A revocation may stand a million rows behind its grant; a part that does not know the grant would take it for one."""
    grants = [GRANT, {**GRANT, "grant_id": "g2"}, {**GRANT, "grant_id": "g3", "grantee": "amy"}, {**GRANT, "grant_id": "g4"}]
    later = [{**GRANT, "revoked_at": "2026-03-10T10:00:00Z"}, {**GRANT, "grant_id": "g4", "account_id": "C2"}, grants[1]]
    rows = _native(tmp_path, "grants", grants, later)
    whole, in_parts = scrubbing.scrub("grants", rows, people), scrubbing.scrub("grants", rows, people, part_rows=2)
    for name in ("table", "refused", "duplicates"):
        expected, found = (sorted(map(str, getattr(scrubbed, name).to_pylist())) for scrubbed in (whole, in_parts))
        assert found == expected
        assert found


@pytest.mark.parametrize("folder", sorted(set(LEDGERS) - {"users", "grantors"}))
def test_a_ledger_that_nobody_delivers_is_a_contract_without_rows(folder: str, tmp_path: Path, people: People) -> None:
    """It is made once for all runs of a process: whoever delivers it afterwards, or declares sources in settings, is read all the same."""
    nothing = scrubbing.scrub(folder, _native(tmp_path, folder), people)
    delivered = scrubbing.scrub(folder, _native(tmp_path, folder), people, {"console": Source(clock_skew_s=3)})
    assert [each.num_rows for each in (nothing.table, nothing.refused, nothing.duplicates)] == [0, 0, 0]
    assert nothing.table.schema == delivered.table.schema
    assert delivered.table.num_rows == (folder == "sources")
