"""What left the house and what was kept: disclosures and consents, tag calls, mailings, messages, erasures and objections, with the controls that find them."""

import base64
from dataclasses import dataclass
from datetime import datetime

from plan.company import P2_BINDS, Row
from plan.week import AS_OF, TICK, at, iso, on


@dataclass(frozen=True)
class Planted:
    """A row of a ledger, why it stands there, and the controls that find it."""

    key: tuple[str, ...]
    row: Row
    why: str
    controls: tuple[str, ...] = ()


_UNCONSENTED, _MARKETING, _PROCESSOR, _EARLY = "sharing_without_consent", "provider_marketing", "processor_purpose", "change_without_notice"
_HOSTING, _MAILER, _PAYMENTS, _PARTNER = "Example Hosting", "Example Mailer", "Example Payments", "Example Partner"

# consent, account, recipient, classes, purpose, from, to, recorded
_CONSENTS: tuple[tuple[str, str, str, list[str] | None, str | None, datetime, datetime | None, datetime], ...] = (
    ("n-01", "alder", _HOSTING, None, None, on("2025-01-01"), None, on("2025-01-01")),
    ("n-02", "birch", _HOSTING, ["job", "task"], "servicing", on("2025-01-01"), at(12), on("2025-01-01")),
    ("n-03", "cedar", _HOSTING, ["job"], "servicing", at(9), None, at(11, "10:00")),
    ("n-04", "damson", _HOSTING, [], None, at(9), None, at(9)),
    ("n-05", "alder", _MAILER, ["company_contact"], "marketing", at(9), None, at(9)),
    ("n-06", "alder", _PAYMENTS, ["payment"], None, at(9), None, at(9)),
    ("n-07", "alder", _PARTNER, ["job"], None, at(9), None, at(9)),
)


def consents() -> list[Row]:
    """Rows of consents/."""
    return [
        {"consent_id": i, "account_id": a, "recipient": r, "data_classes": c, "purpose": p, "valid_from": iso(start), "valid_to": end and iso(end), "recorded_at": iso(recorded)}
        for i, a, r, c, p, start, end, recorded in _CONSENTS
    ]


def disclosures() -> list[Planted]:
    """Rows of disclosures/: consent in force or not, at its ends, of another class, purpose, recipient or account."""
    t = at(10, "09:00")
    rows: list[tuple[str, str, str, str, str | None, datetime, str, tuple[str, ...]]] = [
        ("alder", _HOSTING, "job", "servicing", "provider", t, "any class and purpose allowed by n-01", ()),
        ("alder", _PARTNER, "job", "research", "sale", at(13), "a sale is never allowed, whatever n-07 says", (_UNCONSENTED,)),
        ("elder", _PARTNER, "job", "servicing", "other", t, "no consent", (_UNCONSENTED,)),
        ("elder", _PARTNER, "job", "servicing", "licence", t, "the licence demands it", ()),
        ("elder", _PARTNER, "job", "servicing", None, t, "no kind delivered and no consent", (_UNCONSENTED,)),
        ("birch", _HOSTING, "job", "servicing", "provider", at(12) - TICK, "1 µs before the end of n-02", ()),
        ("birch", _HOSTING, "job", "servicing", "provider", at(12), "exactly the end of n-02", (_UNCONSENTED,)),
        ("cedar", _HOSTING, "job", "servicing", "provider", at(11, "10:00") - TICK, "1 µs before n-03 was recorded", (_UNCONSENTED,)),
        ("cedar", _HOSTING, "job", "servicing", "provider", at(11, "10:00") + TICK, "1 µs after n-03 was recorded", ()),
        ("birch", _HOSTING, "person", "servicing", "provider", t, "n-02 names other classes", (_UNCONSENTED,)),
        ("birch", _HOSTING, "job", "improvement", "provider", t, "n-02 names another purpose", (_UNCONSENTED,)),
        ("damson", _HOSTING, "job", "servicing", "provider", t, "n-04 names no class at all", (_UNCONSENTED,)),
        ("alder", _MAILER, "job", "servicing", "other", t, "n-05 names another class and purpose", (_UNCONSENTED,)),
        ("gorse", _HOSTING, "job", "servicing", "provider", t, "n-01 is another account's", (_UNCONSENTED,)),
        ("alder", _MAILER, "company_contact", "marketing", "provider", t, "a provider's marketing, even with consent", (_MARKETING,)),
        ("birch", _MAILER, "company_contact", "marketing", "provider", t, "a provider's marketing without consent", (_MARKETING, _UNCONSENTED)),
        ("alder", _MAILER, "company_contact", "marketing", "other", t, "marketing by one who is no provider, with consent", ()),
        ("alder", _PAYMENTS, "payment", "card_processing", "processor", t, "what a payment processor is for", ()),
        ("alder", _PAYMENTS, "payment", "improvement", "processor", t, "a processor's other purpose, even with consent", (_PROCESSOR,)),
        ("birch", _PAYMENTS, "payment", "improvement", "processor", t, "a processor's other purpose without consent", (_PROCESSOR, _UNCONSENTED)),
        ("alder", _HOSTING, "job", "research", "provider", P2_BINDS - TICK, "research 1 µs before p2 binds", (_EARLY,)),
        ("alder", _HOSTING, "job", "research", "provider", P2_BINDS, "research exactly when p2 binds", ()),
    ]
    return [
        Planted(
            (f"d-{n:02d}",),
            {"disclosure_id": f"d-{n:02d}", "account_id": a, "recipient": r, "data_class": c, "purpose": p, "occurred_at": iso(when), "kind": kind},
            why, controls,
        )
        for n, (a, r, c, p, kind, when, why, controls) in enumerate(rows, 1)
    ]  # fmt: skip


def tags() -> list[Planted]:
    """Rows of tags/: personal data in the URL in several spellings, and calls on both sides of an opt-out."""
    personal, tracking, card = ("personal_data_in_tag",), ("tracking_after_opt_out",), "card_number_in_logs"
    t, stop = at(10, "12:00"), at(11, "10:00")
    hidden = base64.urlsafe_b64encode(b"nora@alder.example.com").decode().rstrip("=")
    rows: list[tuple[str, str | None, datetime, str, str, tuple[str, ...]]] = [
        ("web", None, t, "page=pricing&lang=en", "nothing personal", ()),
        ("web", None, t, "page=signup&mail=nora@alder.example.com", "an e-mail address", personal),
        ("web", None, t, "page=signup&mail=nora%40alder.example.com", "the same, percent-encoded", personal),
        ("web", None, t, "page=signup&mail=nora%2540alder.example.com", "the same, encoded twice", personal),
        ("web", None, t, f"page=signup&u={hidden}", "the same in base64", personal),
        ("web", None, t, "page=home&from=203.0.113.9", "a client address", personal),
        ("web", None, t, "page=pay&mail=nora@alder.example.com&n=4111111111111111", "an e-mail address and a card number", (*personal, card)),
        ("web", None, t, "page=pay&step=two", "the same page without them", ()),
        ("web", "alder", stop - TICK, "page=jobs", "1 µs before alder's opt-out", ()),
        ("web", "alder", stop, "page=jobs", "exactly at alder's opt-out", tracking),
        ("portal", "alder", at(14), "page=jobs", "alder's opt-out holds on every site", tracking),
        ("web", "birch", at(14), "page=jobs", "birch opted out of this site", tracking),
        ("portal", "birch", at(14), "page=jobs", "birch opted out of another site", ()),
        ("web", "cedar", at(12) - TICK, "page=jobs", "1 µs before cedar's opt-out ends", tracking),
        ("web", "cedar", at(12), "page=jobs", "exactly when it ends", ()),
        ("web", "elder", at(14), "page=jobs", "elder never opted out", ()),
    ]
    return [
        Planted(
            (f"tag-{n:02d}",),
            {"event_id": f"tag-{n:02d}", "site": site, "recipient": "Example Tags", "occurred_at": iso(when), "url": f"https://tags.example.net/collect?{query}", "account_id": a},
            why, controls,
        )
        for n, (site, a, when, query, why, controls) in enumerate(rows, 1)
    ]  # fmt: skip


def mailings() -> list[Planted]:
    """Rows of mailings/: on both sides of an opt-out's begin and end."""
    refused = ("marketing_after_opt_out",)
    rows: list[tuple[str, datetime, str, str, tuple[str, ...]]] = [
        ("damson", at(10) - TICK, "marketing", "1 µs before damson's opt-out", ()),
        ("damson", at(10), "marketing", "exactly at damson's opt-out", refused),
        ("damson", at(11), "billing", "a bill is not marketing", ()),
        ("hazel", at(12) - TICK, "marketing", "1 µs before hazel's opt-out ends", refused),
        ("hazel", at(12), "marketing", "exactly when it ends", ()),
        ("alder", at(12), "marketing", "alder opted out of tracking only", ()),
    ]
    return [
        Planted((f"m-{n:02d}",), {"mailing_id": f"m-{n:02d}", "account_id": a, "sent_at": iso(when), "purpose": purpose}, why, controls)
        for n, (a, when, purpose, why, controls) in enumerate(rows, 1)
    ]


SNAPSHOTS = (at(9), at(12), at(15))
_LOST = ("message_not_retained",)
# message number: account, snapshots it stands in, its sizes there, why, controls
_MESSAGES = {
    4: ("alder", (1, 2), (900, 900), "missing from the last snapshot", _LOST),
    7: ("birch", (1, 3), (700, 700), "missing from the second snapshot, back in the third", _LOST),
    9: ("birch", (1, 2, 3), (800, 800, 799), "one byte smaller in the last snapshot", _LOST),
    10: ("birch", (1, 2, 3), (800, 800, 801), "one byte larger", ()),
    12: ("cedar", (1,), (500,), "erased by order o-01", ()),
    13: ("cedar", (1, 2), (500, 500), "missing; the order erases another message", _LOST),
    15: ("damson", (1, 2), (400, 400), "missing; order o-02 for it is another account's", _LOST),
    16: ("damson", (1, 2), (400, 400), "missing; order o-03 for it was recorded 1 µs after the as-of", _LOST),
    20: ("fern", (1, 2), (300, 300), "erased by order o-04, which erases all of fern's", ()),
    21: ("fern", (1, 2), (310, 310), "erased by order o-04, which erases all of fern's", ()),
    24: ("hazel", (3,), (600,), "came between two snapshots", ()),
}


def messages() -> list[tuple[datetime, list[Row]]]:
    """Rows of each snapshot in messages/: twenty-six messages, some of them planted."""
    accounts = ("alder", "birch", "cedar", "damson", "hazel")
    snapshots = []
    for number, snapshot_at in enumerate(SNAPSHOTS, 1):
        rows: list[Row] = []
        for n in range(1, 27):
            account, present, sizes, _, _ = _MESSAGES.get(n, (accounts[n % 5], (1, 2, 3), (200 + n,) * 3, "", ()))
            received = at(13, "09:00") if n == 24 else at(5, f"{n % 24:02d}:15")
            if number in present:
                row: Row = {"snapshot_at": iso(snapshot_at), "message_id": f"msg-{n:02d}", "account_id": account, "received_at": iso(received)}
                rows.append(row | {"size_bytes": sizes[present.index(number)], "channel": "email" if n % 3 else "chat"})
        snapshots.append((snapshot_at, rows))
    return snapshots


def planted_messages() -> list[Planted]:
    """Return the messages that were planted; their rows stand in the snapshots."""
    return [Planted((account, f"msg-{n:02d}"), {}, why, controls) for n, (account, _, _, why, controls) in _MESSAGES.items()]


def erasures() -> list[Row]:
    """Rows of erasures/."""
    orders = (("o-01", "cedar", at(10), "msg-12"), ("o-02", "elder", at(13), "msg-15"), ("o-03", "damson", AS_OF + TICK, "msg-16"), ("o-04", "fern", at(13), None))
    return [{"order_id": i, "account_id": a, "recorded_at": iso(recorded), "message_id": message} for i, a, recorded, message in orders]


def objections() -> list[Row]:
    """Rows of objections/: cedar refuses p2 1 µs before it binds, birch exactly when it binds, which is too late."""
    return [{"account_id": a, "policy_id": "p2", "recorded_at": iso(when)} for a, when in (("cedar", P2_BINDS - TICK), ("birch", P2_BINDS))]
