"""The answer key: what every planted case must come out as, for machines (expected.json) and in words (README.md), from one plan."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plan import grants, sharing
from plan.access import NO_ROW, OUTCOME, Access
from plan.landing import Counts
from plan.lines import Line, Log
from plan.stores import Store
from plan.week import AS_OF, iso

Key = tuple[str | int, ...]
_COMPANY = ("company_info", "company_contact")
KEYS = {
    "access_without_grant": "source, event_id", "grant_used_otherwise": "source, event_id", "company_info_purpose": "source, event_id",
    "purpose_outside_policy": "source, event_id", "change_without_notice": "source, event_id; or disclosure_id", "objection_ignored": "source, event_id",
    "message_not_retained": "account_id, message_id", "sharing_without_consent": "disclosure_id", "provider_marketing": "disclosure_id", "processor_purpose": "disclosure_id",
    "personal_data_in_tag": "event_id of the call", "tracking_after_opt_out": "event_id of the call", "marketing_after_opt_out": "mailing_id",
    "card_number_in_logs": "file, line; or event_id of the call", "dark_access": "file, line", "grant_weaknesses": "grant_id, code",
}  # fmt: skip


_PROMISES = {
    "access_without_grant": ("CR-2", "CR-3"), "grant_used_otherwise": ("CR-2", "CR-3"), "company_info_purpose": ("CR-1",), "purpose_outside_policy": ("CE-1",),
    "change_without_notice": ("CR-11", "CE-6"), "objection_ignored": ("CE-7",), "message_not_retained": ("CR-8",), "sharing_without_consent": ("CR-9",),
    "provider_marketing": ("CE-3",), "processor_purpose": ("CE-2",), "personal_data_in_tag": ("CR-10",), "tracking_after_opt_out": ("CR-10", "CE-5"),
    "marketing_after_opt_out": ("CE-5",), "card_number_in_logs": ("CE-2",),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What a control must find; `is_decided` is false where the rules leave open whether it is one."""

    control: str
    key: Key
    why: str
    is_decided: bool = True


@dataclass(frozen=True)
class Plan:
    """All that was planted."""

    accesses: Sequence[Access]
    logs: Sequence[Log]
    stores: Sequence[Store]

    def lines(self) -> Iterator[tuple[Log, int, Line]]:
        """Yield every log line with its file and number."""
        for log in self.logs:
            for number, line in enumerate(log.lines, 1):
                yield log, number, line


def findings(plan: Plan) -> list[Finding]:
    """Return the findings of every control, in the order of KEYS."""
    found = [*_of_accesses(plan), *_of_ledgers(), *_of_lines(plan), *_of_grants()]
    return sorted(found, key=lambda finding: (list(KEYS).index(finding.control), [str(part).rjust(60) if isinstance(part, int) else part for part in finding.key]))


def _of_accesses(plan: Plan) -> Iterator[Finding]:
    for access in plan.accesses:
        if access.code == NO_ROW:
            continue
        if access.verdict == "violation" and access.record_class not in _COMPANY:
            yield Finding("access_without_grant", access.key, f"{access.code}: {access.why}")
        for control in access.also:
            yield Finding(control, access.key, str(access.why))


def _of_ledgers() -> Iterator[Finding]:
    for planted in (*sharing.disclosures(), *sharing.tags(), *sharing.mailings(), *sharing.planted_messages()):
        for control in planted.controls:
            yield Finding(control, planted.key, planted.why)


def _of_lines(plan: Plan) -> Iterator[Finding]:
    for log, number, line in plan.lines():
        if line.has_card:
            yield Finding("card_number_in_logs", (log.path, number), str(line.why))
        if line.is_dark:
            yield Finding("dark_access", (log.path, number), str(line.why))


def _of_grants() -> Iterator[Finding]:
    for grant in grants.GRANTS:
        if grant.weakness:
            yield Finding("grant_weaknesses", (grant.grant_id, grant.weakness), "planted")
        if not grant.is_used and grant.weakness != "GRANT_UNUSED":
            yield Finding("grant_weaknesses", (grant.grant_id, "GRANT_UNUSED"), "nothing relies on it, as it permits nothing", is_decided=False)
        if grant.revoked_at and grant.revoked_at <= grant.valid_from:
            yield Finding("grant_weaknesses", (grant.grant_id, "GRANT_EMPTY"), "revoked before it began", is_decided=False)
        if grant.weakness == "GRANT_UNBOUNDED":
            yield Finding("grant_weaknesses", (grant.grant_id, "GRANT_TOO_LONG"), "it has no end", is_decided=False)


def requests(plan: Plan) -> dict[str, dict[str, int]]:
    """Return the accepted requests of each site and account."""
    counts: dict[str, Counter[str]] = {}
    for log, _, line in plan.lines():
        if line.fate == "parsed":
            counts.setdefault(log.site, Counter())[line.account_id or "unknown"] += 1
    return {site: dict(sorted(counts[site].items())) for site in sorted(counts)}


def expected(plan: Plan, counts: Counts) -> str:
    """Return expected.json."""
    decisions: dict[str, dict[str, str]] = {}
    for access in plan.accesses:
        if access.code != NO_ROW:
            decisions.setdefault(access.source, {})[access.event_id] = access.code
    found = findings(plan)
    staff = [line for _, _, line in plan.lines() if line.staff_id]
    key: dict[str, object] = {
        "as_of": iso(AS_OF),
        "decisions": decisions,
        "outcomes": {code: OUTCOME[code] for code in sorted({access.code for access in plan.accesses} - {NO_ROW})},
        "no_row": [list(access.key) for access in plan.accesses if access.code == NO_ROW],
        "controls": {
            control: {"key": names, "violations": _keys(found, control, True), "undecided": _keys(found, control, False)} for control, names in KEYS.items()
        },
        "promises_broken": _broken(found),
        "inputs": {path: counts[path].as_row() for path in sorted(counts)},
        "requests": requests(plan),
        "staff_requests": {"all": len(staff), "on_customer_records": sum(line.is_on_record for line in staff)},
        "records": {store.record_class: store.records for store in plan.stores},
    }  # fmt: skip
    text = json.dumps(key, indent=1, ensure_ascii=False)
    return re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda found: "[" + re.sub(r",\s+", ", ", found[1]) + "]", text) + "\n"


def _broken(found: Iterable[Finding]) -> list[str]:
    """Return the promises that the findings of the sample's month break."""
    broken = {promise for finding in found if finding.is_decided for promise in _PROMISES.get(finding.control, ())}
    return sorted(broken, key=lambda promise: (promise[:2], int(promise[3:])))


def _keys(found: Iterable[Finding], control: str, is_decided: bool) -> list[list[str | int]]:
    return [list(finding.key) for finding in found if finding.control == control and finding.is_decided == is_decided]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _when(access: Access) -> str:
    return access.stamp or access.instant.strftime("%d %H:%M:%S.%f").removesuffix(".000000")


def _access_table(plan: Plan) -> str:
    order = [*OUTCOME, NO_ROW]
    cases = sorted((access for access in plan.accesses if access.why), key=lambda access: order.index(access.code))
    rows = [(access.code, " ".join(access.key), f"{access.actor}, {access.account_id or '—'}, {access.record_class or '—'}", _when(access), access.why) for access in cases]
    return _table(("code", "event", "who, whose, what", "March 2026, UTC", "why"), rows)


def _sound(plan: Plan) -> Iterator[Sequence[object]]:
    """Planted rows of ledgers, and staff requests, that no control may find."""
    for planted in (*sharing.disclosures(), *sharing.tags(), *sharing.mailings(), *sharing.planted_messages()):
        if not planted.controls:
            yield " ".join(planted.key), planted.why
    for log, number, line in plan.lines():
        if line.staff_id and line.why and not line.is_dark:
            yield f"{log.path} {number}", line.why


def readme(plan: Plan, counts: Counts) -> str:
    """Return README.md."""
    found = findings(plan)
    sections: Mapping[str, str] = {
        "Accesses": _access_table(plan),
        "Findings": _table(
            ("control", "key", "why"), [(f.control, " ".join(map(str, f.key)), f.why) for f in found if f.is_decided]
        ),
        "Not findings": _table(("row", "why"), _sound(plan)),
        "Left open by the rules": _table(("control", "key", "why"), [(f.control, " ".join(map(str, f.key)), f.why) for f in found if not f.is_decided]),
        "Lines": _table(("file", "line", "fate", "why"), [(log.path, number, line.fate, line.why) for log, number, line in plan.lines() if line.why and not line.staff_id]),
        "Files": _table(("file", *next(iter(counts.values())).as_row()), [(path, *counts[path].as_row().values()) for path in sorted(counts)]),
        "Requests": _table(("site", "account", "requests"), [(site, account, n) for site, accounts in requests(plan).items() for account, n in accounts.items()]),
        "Records": _table(("class", "account", "records"), [(store.record_class, account, n) for store in plan.stores for account, n in store.records.items()]),
    }  # fmt: skip
    broken = f"- **Promises broken in March 2026**: {', '.join(_broken(found))}.\n"
    return _INTRODUCTION + broken + "".join(f"\n## {title}\n\n{_TEXTS[title]}\n\n{table}\n" for title, table in sections.items())


_INTRODUCTION = f"""# The sample: a week of an invented vendor

This folder is a landing folder, with `glasshouse.toml` beside its inputs. The vendor, its eight customers, its twelve members of
staff and all that they do from 9 to 15 March 2026 are invented; the as-of is {iso(AS_OF)}. Addresses are those reserved for
documentation, hosts are example hosts, card numbers are the issuers' published test numbers.

`python data_samples/generate.py` writes everything but the settings again, the same each time. What must come out was written down
when it was planted, from the rules and not from a run; this page and `expected.json` (the same for machines) are made from that plan.

- **Customers**: alder, birch, cedar, damson (joined at the very notice of policy p2), elder (one seat), fern (closed on the 13th), gorse
  (grants nothing), hazel (joined after that notice).
- **Staff**: amy, ben, cho (also `chollis` and `cho@example.com`), jack in support; dev and eva, who share the login `oncall`, in billing;
  finn, gwen and the service account svc-backup in platform; hugo, ines, kim. Jack leaves on the 12th at noon, kim starts on the 10th,
  ben leaves support on the 11th at noon, hugo's membership of support is entered on the 13th with a date in the past.
- **Policies**: p1; p2, noticed on 10 February at 09:00, which binds older accounts from 12 March 09:00 and newly exempts `usage_profile` and
  allows research; p3, noticed on 14 March at 09:00, which allows profiling and binds nobody in this week.
- **Sources**: console is exact and has a hole on the 11th from 02:00 to 02:30; backoffice writes New York time and may be 2 s off; replica writes
  whole seconds; kiosk declares nothing. The grant ledger was read to the 15th, 18:00.
- **Refused on purpose**: three rows of `grants/grants.csv` (a grantee of no known kind, a recording without a zone, no grantor); four lines behind
  the events of console's 14th (another content under a known id, no time, no id, broken JSON), after one that repeats an event. Kiosk's files have a column nobody
  knows, `terminal`, which is ignored and reported.
"""
_TEXTS = {
    "Accesses": "Planted accesses by code, both sides of each boundary; 1 µs apart where a clock is exact. The others are everyday work, and stand in `expected.json`.",
    "Findings": "All that each control must find. It must find nothing else, save what the rules leave open.",
    "Not findings": "The other side of the boundaries: no control may find these.",
    "Left open by the rules": "A control may find these or not.",
    "Lines": "Odd lines of the request logs. A parsed line counts as a request, whatever it asks for.",
    "Files": "How the lines of each file are accounted for. The header of a CSV file counts as blank; a row of Parquet is a line.",
    "Requests": "Accepted requests of each account; `unknown` where no rule finds one.",
    "Records": "Records in the stores of `records/`, for each account.",
}
