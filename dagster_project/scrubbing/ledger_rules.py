"""What each native ledger becomes: which of its rows are refused, which of one key are one, and the columns of its contract."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from dagster_project.scrubbing import detectors
from dagster_project.scrubbing.codes import COMPANY_WORDS, REDACTED, are_codes, are_scopes, code_lists, codes, scope_lists, scopes
from dagster_project.scrubbing.merging import Merged, adding, distinct, filling
from dagster_project.scrubbing.people import People
from dagster_project.zones import zones

GRANTEE = r"(?s)^(person|team):.|^anystaff:$"
REVIEW_STATUS = ("acknowledged", "justified", "false_positive", "remediated", "reopened")
LONGEST_DAYS = 36_525  # a century
LARGEST = 1 << 46  # 70 TB, so that a sum of many stays a number
DISCLOSURE_KINDS = ("sale", "provider", "licence", "processor", "other")


@dataclass(frozen=True)
class Rules:
    """`contract` makes the table of merged rows; a row that has a `fault` is refused for that reason before.

    `defaults`: what stands for a value that is missing, before rows are compared: to tell it or not to tell it is the same.
    `key`: rows that differ in it have nothing to do with each other, so a large ledger is scrubbed a part at a time.
    """

    contract: Callable[[pl.DataFrame, People], pl.DataFrame]
    merged: Callable[[pl.DataFrame], Merged] = distinct
    fault: Callable[[pl.DataFrame, People], pl.Expr] = lambda _rows, _people: pl.lit(None, pl.String)
    defaults: tuple[pl.Expr, ...] = ()
    key: str | None = None


def _unless(is_sound: pl.Expr, reason: str = "other") -> pl.Expr:
    return pl.when(~is_sound).then(pl.lit(reason))


def _is_span(*names: str, longest: int) -> pl.Expr:
    """Numbers are not negative, nor so large that an instant could not be moved by them or a sum overflows."""
    return pl.all_horizontal(pl.col(names).is_between(0, longest).fill_null(value=True))


def _grant_fault(_rows: pl.DataFrame, _people: People) -> pl.Expr:
    return _unless(pl.col("grantee").str.contains(GRANTEE))


def _grants(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    who = rows["grantee"].str.extract(r"(?s)^[a-z]+:(.*)$")
    kind = rows["grantee"].str.extract(r"^([a-z]+):")
    persons = people.staff_ids(who)
    return rows.select(
        "grant_id",
        "account_id",
        people.staff_ids(rows["granted_by"]).alias("granted_by_staff_id"),
        people.are_grantors(rows["granted_by"], rows["account_id"], rows["recorded_at"]).alias("is_grantor"),
        kind.alias("grantee_kind"),
        pl.when(kind == "person").then(persons).when(kind == "team").then(who).alias("grantee_id"),
        scope_lists(rows["record_classes"]),
        "record_ids",
        scope_lists(rows["actions"]),
        *("case_id", "valid_from", "valid_to", "recorded_at", "revoked_at", "revocation_recorded_at"),
    )


def _staff(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    """Return one row for each period: a later row may end it, never lengthen it; of the rest the first counts."""
    is_service = (pl.col("kind") == "service").fill_null(value=False)
    periods = rows.select(
        "staff_id",
        kind=pl.when(is_service).then(pl.lit("service")).otherwise(pl.lit("person")),
        owner_staff_id=people.staff_ids(rows["owner"]),
        valid_from="valid_from",
        valid_to=pl.col("valid_to").min().over("staff_id", "valid_from"),
    )
    return periods.unique(["staff_id", "valid_from"], keep="first", maintain_order=True)


def _team_fault(rows: pl.DataFrame, people: People) -> pl.Expr:
    """Refuse a membership that names no staff id as it stands: a login is none, nor is a customer's person."""
    return _unless(pl.lit((people.staff_ids(rows["staff_id"]) == rows["staff_id"]).fill_null(value=False)))


def _teams(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    """Return one row for what was entered at one instant; a later one may end a membership (flagged.known_memberships)."""
    entered = ["staff_id", "team", "valid_from", "recorded_at"]
    ended = rows.group_by(entered, maintain_order=True).agg(pl.col("valid_to").min())
    return ended.select("staff_id", "team", "valid_from", "valid_to", "recorded_at")


def _policy_fault(_rows: pl.DataFrame, _people: People) -> pl.Expr:
    is_noticed = pl.any_horizontal(pl.col("noticed_at", "posted_at", "emailed_at").is_not_null())
    return pl.coalesce(_unless(is_noticed, "field_missing"), _unless(_is_span("notice_days", "max_grant_days", longest=LONGEST_DAYS)))


def _policies(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    return rows.select(
        *("policy_id", "noticed_at", "posted_at", "emailed_at", "notice_days"),
        scope_lists(rows["exempt_classes"]),
        code_lists(rows["purposes"]),
        "max_grant_days",
    )


def _accounts(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    is_zone = pl.col("time_zone").is_in(zones())
    kept = rows.with_columns(codes(rows["plan"]), pl.when(is_zone).then("time_zone").alias("time_zone"))
    return _as_delivered("account_id", "joined_at", "closed_at", "plan", "seats", "time_zone")(kept, people)


def _account_fault(_rows: pl.DataFrame, _people: People) -> pl.Expr:
    return _unless(_is_span("seats", longest=LARGEST))


def _opt_outs(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    told = rows.select("account_id", scopes(rows["record_class"]), codes(rows["purpose"]), codes(rows["site"]), "valid_from", "valid_to", "recorded_at")
    return told.unique(maintain_order=True)  # two texts that are not kept may have been all the difference


def _emergency_fault(_rows: pl.DataFrame, _people: People) -> pl.Expr:
    return _unless(_is_span("ttl_s", "decide_within_s", longest=LONGEST_DAYS * 86_400))


def _emergencies(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    is_staff = people.staff_ids(rows["decided_by"]).is_not_null()
    return rows.select(
        "emergency_id",
        people.staff_ids(rows["staff_id"]),
        "account_id",
        scope_lists(rows["record_classes"]),
        "opened_at",
        "recorded_at",
        "ttl_s",
        "decide_within_s",
        has_reason=(pl.col("reason").str.strip_chars() != "").fill_null(value=False),
        decision=pl.when(pl.col("decision").is_in(["approve", "reject"])).then("decision"),
        is_decider_grantor=people.are_grantors(rows["decided_by"], rows["account_id"], rows["decided_at"]) & ~is_staff,
        decided_at="decided_at",
    )


def _source_fault(rows: pl.DataFrame, _people: People) -> pl.Expr:
    is_zone = pl.col("time_zone").is_null() | pl.col("time_zone").is_in(zones())
    return _unless(is_zone & pl.lit(are_scopes(rows["source"])) & _is_span("clock_skew_s", "allowed_lateness_s", longest=LONGEST_DAYS * 86_400))


def _sources(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    return rows.select(
        "source",
        "time_zone",
        (pl.col("clock_skew_s") * 1_000_000).round().cast(pl.Int64).fill_null(0).alias("clock_skew_us"),
        pl.col("whole_seconds").fill_null(value=False),
        "watermark",
        pl.col("allowed_lateness_s").fill_null(0),
    )


def _gap_fault(rows: pl.DataFrame, _people: People) -> pl.Expr:
    return _unless((pl.col("from") <= pl.col("to")).fill_null(value=True) & pl.lit(are_scopes(rows["source"])))


def _gaps(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    return rows.select("source", pl.col("from").alias("gap_from"), pl.col("to").alias("gap_to"))


def _disclosures(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    kind = pl.when(pl.col("kind").is_in(DISCLOSURE_KINDS) | pl.col("kind").is_null()).then("kind").otherwise(pl.lit("other"))
    names = ("disclosure_id", "account_id", "recipient", "data_class", "purpose", "kind", "occurred_at")
    told = (codes(rows["recipient"], COMPANY_WORDS), codes(rows["data_class"]), codes(rows["purpose"]))
    return _as_delivered(*names)(rows.with_columns(*told, kind=kind), people)


def _consent_fault(rows: pl.DataFrame, _people: People) -> pl.Expr:
    """Refuse a consent to what is no code: redacted, it would permit whatever else is redacted."""
    return _unless(pl.lit(are_codes(rows["recipient"], COMPANY_WORDS) & are_codes(rows["purpose"])))


def _consents(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    return rows.select("consent_id", "account_id", "recipient", code_lists(rows["data_classes"]), "purpose", "valid_from", "valid_to", "recorded_at")


def _tags(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    urls = rows["url"].unique().to_list()
    found = pl.DataFrame(
        {
            "url": urls,
            "personal_kinds": [sorted(detectors.kinds(url)) for url in urls],
            "card_numbers": [detectors.card_numbers(url) for url in urls],
        },
        schema={"url": pl.String, "personal_kinds": pl.List(pl.String), "card_numbers": pl.Int32},
    )
    joined = rows.join(found, on="url", how="left", maintain_order="left")
    told = joined.with_columns(codes(rows["site"]), codes(rows["recipient"], COMPANY_WORDS))
    return told.select("event_id", "site", "recipient", "occurred_at", "account_id", "personal_kinds", "card_numbers")


def _message_fault(_rows: pl.DataFrame, _people: People) -> pl.Expr:
    return _unless(_is_span("size_bytes", longest=LARGEST))


def _messages(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    return rows.select("snapshot_at", "message_id", "account_id", "received_at", "size_bytes", codes(rows["channel"]))


def _mailings(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    return rows.select("mailing_id", "account_id", "sent_at", codes(rows["purpose"]))


def _objections(rows: pl.DataFrame, _: People) -> pl.DataFrame:
    """Return one row for each account and version: an objection stands from when it was first recorded."""
    return rows.group_by("account_id", "policy_id", maintain_order=True).agg(pl.col("recorded_at").min())


def _review_fault(_rows: pl.DataFrame, _people: People) -> pl.Expr:
    return _unless(pl.col("status").is_in(REVIEW_STATUS))


def _reviews(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    is_id = pl.col("finding_id").str.contains("^[0-9a-f]{32}$")
    finding_id = pl.when(is_id).then("finding_id").otherwise(pl.lit(REDACTED)).alias("finding_id")
    return rows.select(finding_id, "status", "reviewed_at", reviewed_by_staff_id=people.staff_ids(rows["reviewed_by"]))


def _as_delivered(*names: str) -> Callable[[pl.DataFrame, People], pl.DataFrame]:
    return lambda rows, _: rows.select(names)


def _unique(*key: str, added: tuple[str, ...] = ()) -> Callable[[pl.DataFrame], Merged]:
    """Refuse a row whose key was there with other content, except for one that adds what is `added`."""
    return partial(adding, key=key, added=added)


_REVOCATION = pl.coalesce("revocation_recorded_at", "revoked_at")
_ENTERED = pl.coalesce("recorded_at", "valid_from")
_OPENED = pl.coalesce("recorded_at", "opened_at")
_POLICY = (pl.coalesce("noticed_at", pl.min_horizontal("posted_at", "emailed_at")), pl.col("notice_days").fill_null(0))

RULES: Mapping[str, Rules] = {
    "grants": Rules(_grants, _unique("grant_id", added=("revoked_at", "revocation_recorded_at")), _grant_fault, (_REVOCATION,), "grant_id"),
    "staff": Rules(_staff),
    "teams": Rules(_teams, fault=_team_fault, defaults=(_ENTERED,)),
    "accounts": Rules(_accounts, partial(filling, key="account_id"), _account_fault),
    "policies": Rules(_policies, _unique("policy_id"), _policy_fault, _POLICY),
    "opt_outs": Rules(_opt_outs, _unique("account_id", "record_class", "purpose", "site", "valid_from", "recorded_at", added=("valid_to",)), defaults=(_ENTERED,)),
    "emergencies": Rules(_emergencies, _unique("emergency_id", added=("decision", "decided_by", "decided_at")), _emergency_fault, (_OPENED,)),
    "sources": Rules(_sources, partial(filling, key="source"), _source_fault),
    "gaps": Rules(_gaps, fault=_gap_fault),
    "messages": Rules(_messages, _unique("snapshot_at", "account_id", "message_id"), _message_fault),
    "erasures": Rules(_as_delivered("order_id", "account_id", "recorded_at", "message_id"), _unique("order_id", "account_id", "message_id")),
    "disclosures": Rules(_disclosures, _unique("disclosure_id")),
    "consents": Rules(_consents, _unique("consent_id", added=("valid_to",)), _consent_fault),
    "tags": Rules(_tags, _unique("event_id")),
    "mailings": Rules(_mailings, _unique("mailing_id")),
    "objections": Rules(_objections),
    "reviews": Rules(_reviews, fault=_review_fault),
}
