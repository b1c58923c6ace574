"""Codes: what ledgers and events say in free text does not reach a table; an id does, as it is."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from dagster_project.reading import ledgers as reading
from dagster_project.reading.accesses import native
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.scrubbing import accesses, ledgers
from dagster_project.scrubbing.codes import COMPANY_WORDS, REDACTED, are_codes, code, code_lists, codes, scope, scope_lists, scopes
from tests.scrubbing.made import people

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC).isoformat()
# Ids compare exactly and are the vendor's to choose; scopes of a grant are compared with those of an event.
IDS = {
    "account_id", "action", "actions", "case_id", "consent_id", "disclosure_id", "emergency_id", "event_id", "exempt_classes",
    "finding_id", "grant_id", "grantee_id", "input_id", "mailing_id", "message_id", "order_id", "policy_id", "record_class",
    "record_classes", "record_id", "record_ids", "request_id", "source", "staff_id", "team",
}  # fmt: skip
FREE_TEXTS = [
    "Called jane.doe@example.com, she agreed to it all",
    "jane.doe@example.com",
    "jane.doe (at) example.com",
    "+49 30 1234567",
    "DE89370400440532013000",
    "~jdoeringer",
    "sid=1a2b3c4d",
    "Mrs Doeringer of the night shift wanted it",
    "AKIAIOSFODNN7EXAMPLE",
    "612 345 678",
    "536228173",
    "line\nbreak",
    "x" * 65,
]
PEOPLE = people(staff=[("amy", "amy@vendor")])
SOUND = {"instant": NINE, "integer": 1, "number": 1, "boolean": True}
SOUND_TEXTS = {"grantee": "team:support", "staff_id": "amy", "status": "justified", "time_zone": "UTC", "url": "https://t.example.com/"}


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("servicing", 4, True),
        ("account_setup", 4, True),
        ("customer support", 4, True),
        ("e-mail", 4, True),
        ("Q4/2025", 4, True),
        ("invoice_2026-03_001", 4, True),
        ("2026-03-02", 4, True),
        ("one two three four", 4, True),
        ("one two three four five", 4, False),
        ("Ad & Co. (Berlin), Inc.", 6, True),
        ("", 4, False),
        (" x", 4, False),
        *[(text, 6, False) for text in FREE_TEXTS if "Mrs" not in text],
        ("Mrs Doeringer of the night shift wanted it", 6, False),
    ],
)
def test_a_code_is_short_and_names_nobody(text: str, words: int, expected: bool) -> None:
    """A column meant for codes is where a clerk in a hurry writes whom she talked to."""
    column = pl.Series("purpose", [text, None, "billing"])
    assert codes(column, words).to_list() == [text if expected else REDACTED, None, "billing"]
    assert are_codes(column, words).to_list() == [expected, True, True]
    assert COMPANY_WORDS == 6


@pytest.mark.parametrize("text", FREE_TEXTS)
@pytest.mark.parametrize("folder", sorted(set(LEDGERS) - {"users", "grantors"}))
def test_free_text_of_a_ledger_reaches_no_table(folder: str, text: str, tmp_path: Path) -> None:
    """Reasons, evidence, notes, purposes, plans, channels, recipients, people: planted in every column that is no id, none comes out."""
    columns = [column for column in LEDGERS[folder] if column.name not in IDS or column.name == "staff_id"]
    texts = [column for column in columns if column.kind in {"text", "note", "list"} and column.name not in {"status", "grantee", "staff_id"}]
    rows = [_row(folder) | {planted.name: [text] if planted.kind == "list" else text} for planted in texts]
    path = tmp_path / f"{folder}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [_row(folder), *rows]))
    found = ledgers.scrub(folder, reading.together(folder, {"i": reading.read(folder, path)}), PEOPLE)
    shown = json.dumps(found.table.to_pylist(), default=str) + json.dumps(found.refused.to_pylist())
    assert found.table.num_rows >= 1
    assert json.dumps(text).strip('"') not in shown


def _row(folder: str) -> dict[str, object]:
    """Return a row that is sound; texts name their column."""
    told = {column.name: SOUND.get(column.kind, SOUND_TEXTS.get(column.name, column.name)) for column in LEDGERS[folder] if column.kind != "list"}
    return told | ({"ttl_s": 1, "decide_within_s": 1} if folder == "emergencies" else {})


@pytest.mark.parametrize("text", FREE_TEXTS)
def test_of_an_event_ids_stay_and_the_rest_goes(text: str, tmp_path: Path) -> None:
    """record_id and case_id are matched with grants as they are; a purpose is a code, an outcome one of two."""
    event = {"event_id": "e1", "actor": text, "occurred_at": NINE, "record_id": text, "case_id": text, "purpose": text, "outcome": text}
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(event) + "\n")
    rows = native.read(path, "desk", {}).rows
    (row,) = accesses.contract(rows.add_column(0, "input_id", [["i"]]), PEOPLE).drop_columns("is_part").to_pylist()
    assert (row["record_id"], row["case_id"], row["purpose"], row["outcome"], row["actor_kind"]) == (text, text, REDACTED, "ok", "unresolved")
    assert [name for name, value in row.items() if value == text] == ["record_id", "case_id"]


@pytest.mark.parametrize("text", FREE_TEXTS)
def test_of_a_list_only_codes_are_left(text: str) -> None:
    """A policy that allows what is not kept must not allow whatever else is not kept."""
    column = pl.Series("purposes", [["billing", text], [text], [], None, ["billing", "servicing"]])
    assert code_lists(column).to_list() == [["billing"], [], [], None, ["billing", "servicing"]]
    assert code(text) == REDACTED
    assert code("billing") == "billing"


def test_a_consent_for_what_is_no_code_is_refused(tmp_path: Path) -> None:
    """Redacted, it would stand for every recipient that is redacted: sharing without consent would look permitted."""
    consent = {"consent_id": "k1", "account_id": "C1", "recipient": "jane@example.com", "valid_from": NINE, "recorded_at": NINE}
    path = tmp_path / "consents.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (consent, consent | {"consent_id": "k2", "recipient": "Ad & Co."})))
    found = ledgers.scrub("consents", reading.together("consents", {"i": reading.read("consents", path)}), PEOPLE)
    assert found.table.column("consent_id").to_pylist() == ["k2"]
    assert found.refused.to_pylist() == [{"input_id": "i", "line_number": 1, "reason": "other"}]


KNOWN = [text for text in FREE_TEXTS if "@" in text or "(at)" in text or text.startswith(("+49", "DE89", "AKIA", "~"))]
KNOWN += ["jane@mailhost", "jane+AEA-example.com", "jane=40example.com", "@jdoeringer"]


NAMES = [
    r"App\Models\Invoice",
    "invoice#2",
    "invoice@v2",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "https://api.example.com/read",
    "GET /v1/invoices?id=",
    "a|b",
    'the "new"',
]


@pytest.mark.parametrize("text", NAMES)
def test_any_name_of_a_class_will_do(text: str) -> None:
    """A class that is not kept is permitted by no grant, so one too many makes violations of what was permitted."""
    assert scopes(pl.Series("record_class", [text])).to_list() == [text]


@pytest.mark.parametrize("text", KNOWN)
def test_a_scope_that_a_detector_knows_goes(text: str) -> None:
    """Classes, actions and sources compare exactly, so any name will do; an address, a number, a key or a user is none."""
    assert scopes(pl.Series("action", [text, "google.cloud.bigquery.v2.JobService.InsertJob", "night shift", None])).to_list() == [
        REDACTED, "google.cloud.bigquery.v2.JobService.InsertJob", "night shift", None,
    ]  # fmt: skip
    assert scope_lists(pl.Series("record_classes", [["invoice", text], [text], None])).to_list() == [["invoice"], [], None]
    assert (scope(text), scope("invoice")) == (REDACTED, "invoice")


def test_a_grant_to_a_scope_that_is_not_kept_permits_nothing(tmp_path: Path) -> None:
    """Redacted, it would permit every class that is redacted; null, every class there is."""
    grant = {"grant_id": "g1", "account_id": "C1", "granted_by": "cora", "grantee": "anystaff:", "valid_from": NINE, "recorded_at": NINE}
    path = tmp_path / "grants.jsonl"
    path.write_text(json.dumps(grant | {"record_classes": ["jane@example.com"], "actions": ["read", "jane@example.com"]}) + "\n")
    (row,) = ledgers.scrub("grants", reading.together("grants", {"i": reading.read("grants", path)}), PEOPLE).table.to_pylist()
    assert (row["record_classes"], row["actions"]) == ([], ["read"])


@pytest.mark.parametrize("text", KNOWN)
def test_an_event_shows_no_class_action_or_source_that_a_detector_knows(text: str, tmp_path: Path) -> None:
    """What an adapter takes for an action is a client's own word in some logs."""
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"event_id": "e1", "actor": "amy", "occurred_at": NINE, "source": text, "record_class": text, "action": text}) + "\n")
    rows = native.read(path, "desk", {}).rows
    (row,) = accesses.contract(rows.add_column(0, "input_id", [["i"]]), PEOPLE).to_pylist()
    assert (row["source"], row["record_class"], row["action"]) == (REDACTED, REDACTED, REDACTED)


@pytest.mark.parametrize("folder", ["sources", "gaps"])
def test_what_is_said_of_a_source_that_is_not_kept_is_refused(folder: str, tmp_path: Path) -> None:
    """Two of them would be one, trusted as neither is."""
    path = tmp_path / f"{folder}.jsonl"
    path.write_text("".join(json.dumps({"source": source, "from": NINE}) + "\n" for source in ("jane@example.com", "console")))
    found = ledgers.scrub(folder, reading.together(folder, {"i": reading.read(folder, path)}), PEOPLE)
    assert found.table.column("source").to_pylist() == ["console"]
    assert found.refused.to_pylist() == [{"input_id": "i", "line_number": 1, "reason": "other"}]
