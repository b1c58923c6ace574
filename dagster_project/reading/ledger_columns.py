"""The ledgers of the landing folder: what a row of each is, which columns it has and what they mean (docs/ledgers.md is made of it)."""

from collections.abc import Mapping

from dagster_project.reading.cells import Column

# First what a row is, then a line for each column: `name`, `name:kind`, with `!` behind a required one and `?` where an empty text is a value.
_DECLARED: Mapping[str, tuple[str, ...]] = {
    "grants": (
        "a permission that a customer gave; a later row of the same grant_id may add its revocation, once, and change nothing else",
        "grant_id! -- the grant, unique in all files",
        "account_id! -- customer whose records it opens",
        "granted_by! -- who gave it: a person_id of grantors/, valid for this account at recorded_at; staff cannot grant",
        "grantee! -- who may use it: `person:` and a staff_id or login, `team:` and a team of teams/, or `anystaff:`",
        "valid_from:instant! -- first instant it covers",
        "recorded_at:instant! -- when the customer's permission was committed where it was given; an access before it was not permitted",
        "valid_to:instant -- first instant it no longer covers; missing = open",
        "record_classes:list -- classes it covers; missing = all, empty = none",
        "record_ids:list -- records it covers; missing = all, empty = none",
        "actions:list -- actions it covers, as access events name them; missing = all, empty = none",
        "case_id? -- ticket an access must name; missing = any",
        "revoked_at:instant -- first instant after it was revoked; missing = not revoked",
        "revocation_recorded_at:instant -- when the revocation was entered; missing = revoked_at",
        "evidence:note -- how the permission is documented; not kept",
    ),
    "staff": (
        "a period in which somebody was staff, or a service account lived; a later row of the same staff_id and valid_from may end it",
        "staff_id! -- the person or service account, as verdicts name it",
        "logins:list -- other names it has in access events and logs; one that two members have names nobody",
        "kind -- `person` or `service`; missing = person",
        "owner -- staff_id or login of who answers for a service account",
        "valid_from:instant -- first instant; missing = always",
        "valid_to:instant -- first instant after; missing = open",
    ),
    "teams": (
        "a membership of a team; a later row of the same valid_from may end it",
        "staff_id! -- member, by staff_id, not by login",
        "team! -- team, as grants name it",
        "valid_from:instant! -- first instant of the membership",
        "valid_to:instant -- first instant after; missing = open",
        "recorded_at:instant -- when it was entered; missing = valid_from",
    ),
    "accounts": (
        "a customer; of each column the last that was delivered counts, and without this folder any account is known",
        "account_id! -- the customer, by the id that access events, grants and logs use",
        "joined_at:instant -- when it became one; missing = older than any policy",
        "closed_at:instant -- first instant after it was closed; missing = open",
        "hosts:list -- host names of its own, by which requests are told to be its; not kept",
        "plan -- plan of its licence, a code",
        "seats:integer -- seats of its licence",
        "time_zone -- its IANA zone",
    ),
    "users": (
        "a customer's user; names are needed to find the account, and no table holds them",
        "user_id! -- name of the user in logs and access events",
        "account_id! -- customer it belongs to; a user of several has a row for each",
    ),
    "grantors": (
        "a period in which a person may grant for a customer; a later row of the same valid_from may end it; no table holds the names",
        "person_id! -- the person, as granted_by and decided_by name it",
        "account_id! -- customer she may grant for",
        "valid_from:instant! -- first instant of the role",
        "valid_to:instant -- first instant after; missing = open",
    ),
    "policies": (
        "a version of the privacy policy, with one of the first three instants at least; without this folder one is always in force and exempts the settings' company classes",
        "policy_id! -- the version",
        "noticed_at:instant -- first notice; missing = the earlier of posted_at and emailed_at",
        "posted_at:instant -- when it was posted",
        "emailed_at:instant -- when it was mailed",
        "notice_days:integer -- days from notice until it binds accounts that are older than the notice; missing = 0",
        "exempt_classes:list -- record classes that need no grant; missing = none",
        "purposes:list -- purposes it allows, codes; missing = not stated, empty = none",
        "max_grant_days:integer -- longest grant it allows, days; missing = no limit",
    ),
    "opt_outs": (
        "a refusal by a customer; a later row of the same may add valid_to, once",
        "account_id! -- customer who refuses",
        "valid_from:instant! -- first instant",
        "record_class -- class of records it is about; missing = all",
        "purpose -- what is refused: `marketing`, `tracking`, `cookies`; missing = access of staff",
        "site -- site it is bound to; missing = all",
        "valid_to:instant -- first instant after; missing = open",
        "recorded_at:instant -- when it was entered; missing = valid_from",
    ),
    "emergencies": (
        "an emergency (break-glass) that a member of staff opened; a later row of the same emergency_id may add the decision, once, and change nothing else",
        "emergency_id! -- the emergency, unique in all files",
        "staff_id! -- who opened it, by staff_id or login",
        "account_id! -- customer whose records it opens",
        "opened_at:instant! -- first instant it covers",
        "ttl_s:integer! -- how long it lasts, seconds",
        "decide_within_s:integer! -- how long the customer has to decide, seconds from opened_at",
        "reason:note -- why; a blank or missing one is a violation; of the text nothing is kept",
        "record_classes:list -- classes it is limited to; missing = all, empty = none",
        "recorded_at:instant -- when it was entered; missing = opened_at; an access before it was not permitted",
        "decision -- what the customer decided: `approve` or `reject`; missing = nothing yet",
        "decided_by -- who decided: a person_id of grantors/, valid for this account at decided_at; staff cannot decide",
        "decided_at:instant -- when; without it a decision does not count",
    ),
    "sources": (
        "how far a source of access events (or `grants`, the ledger) is trusted; of each column the last that was delivered counts, before `[sources.<name>]` of the settings",
        "source! -- sub-folder of access_events/, or what its events name as their source",
        "time_zone -- IANA zone of stamps that carry none",
        "clock_skew_s:number -- how far its clock may be off, seconds; missing = 0",
        "whole_seconds:boolean -- its stamps stand for a whole second; missing = false",
        "watermark:instant -- how far it has been read; missing = up to the as-of",
        "allowed_lateness_s:integer -- how long events may still come, seconds; missing = 0",
    ),
    "gaps": (
        "a verified hole in a source",
        "source! -- the source",
        "from:instant! -- first instant missing",
        "to:instant -- first instant that is there again; missing = open",
    ),
    "messages": (
        "a message in a copy of the message ledger; all rows of one snapshot_at are one whole copy",
        "snapshot_at:instant! -- when the ledger was copied",
        "message_id! -- the message",
        "account_id! -- customer it came from",
        "received_at:instant! -- when it came",
        "size_bytes:integer! -- its size",
        "channel -- `email`, `chat`, …, a code",
    ),
    "erasures": (
        "a customer's order to erase messages; one that names several messages has a row for each",
        "order_id! -- the order",
        "account_id! -- customer who gave it",
        "recorded_at:instant! -- when it was entered",
        "message_id -- the message; missing = all of that account",
    ),
    "disclosures": (
        "records that were passed to somebody else",
        "disclosure_id! -- the disclosure, unique in all files",
        "account_id! -- customer whose records they were",
        "recipient! -- company that got them, by a name of six words at most",
        "data_class! -- class of the records, a code",
        "purpose! -- what for, a code: `servicing`, `marketing`, `card_processing`, …",
        "occurred_at:instant! -- when",
        "kind -- `sale` (always a violation), `provider`, `licence` (demanded by agreement: no consent needed), `processor` (of card data) or `other`, as which all else counts",
    ),
    "consents": (
        "a customer's consent to disclosures; a later row of the same consent_id may add valid_to, once",
        "consent_id! -- the consent, unique in all files",
        "account_id! -- customer who gave it",
        "recipient! -- company it allows, by the name that disclosures use",
        "valid_from:instant! -- first instant",
        "recorded_at:instant! -- when it was entered; a disclosure must come later",
        "valid_to:instant -- first instant after; missing = open",
        "data_classes:list -- classes it allows; missing = all, empty = none",
        "purpose -- purpose it allows; missing = any",
    ),
    "tags": (
        "a call of a marketing tag",
        "event_id! -- the call, unique in all files",
        "site! -- site that made it, a code",
        "recipient! -- company that got it, by a name of six words at most",
        "occurred_at:instant! -- when",
        "url!? -- what was called; only the kinds of personal data found in it are kept",
        "account_id -- customer whose visitor it was",
    ),
    "mailings": (
        "a message that was sent to a customer",
        "mailing_id! -- the message, unique in all files",
        "account_id! -- customer",
        "sent_at:instant! -- when",
        "purpose! -- what for, a code: `marketing`, `billing`, …",
    ),
    "objections": (
        "a customer's refusal of a version of the policy; the earliest counts",
        "account_id! -- customer",
        "policy_id! -- version it refuses, as policies/ names it",
        "recorded_at:instant! -- when it was entered",
    ),
    "reviews": (
        "what compliance decided on a finding; of several the latest counts",
        "finding_id! -- the finding, as the report and `reported.findings` name it",
        "status! -- `acknowledged`, `justified`, `false_positive`, `remediated` or `reopened`",
        "reviewed_at:instant! -- when",
        "reviewed_by! -- who, by staff_id or login",
        "note:note -- why; not kept",
    ),
}


def _column(declared: str) -> Column:
    spec, _, meaning = declared.partition(" -- ")
    name, _, kind = spec.rstrip("!?").partition(":")
    return Column(name, kind or "text", "!" in spec, "?" in spec, meaning, is_strict=True)  # type: ignore[arg-type]


ROWS: Mapping[str, str] = {folder: lines[0] for folder, lines in _DECLARED.items()}
LEDGERS: Mapping[str, tuple[Column, ...]] = {folder: tuple(map(_column, lines[1:])) for folder, lines in _DECLARED.items()}
