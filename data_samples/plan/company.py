"""The vendor's people and customers: accounts, staff, teams, users, grantors, policies, and how its sources are to be trusted."""

from plan.week import at, iso, on

Row = dict[str, object]

# account, joined, closed, plan, seats, zone
_ACCOUNTS = (
    ("alder", on("2024-05-01"), None, "team", 40, "Europe/Berlin"),
    ("birch", on("2024-09-15"), None, "team", 25, "America/New_York"),
    ("cedar", on("2025-01-20"), None, "team", 15, "UTC"),
    ("damson", on("2026-02-10", "09:00"), None, "team", 12, "Europe/Paris"),  # joined at the very notice of policy p2
    ("elder", on("2025-03-03"), None, "solo", 1, "Asia/Tokyo"),
    ("fern", on("2025-06-11"), at(13), "team", 8, "UTC"),
    ("gorse", on("2025-08-25"), None, "team", 6, "Europe/London"),
    ("hazel", on("2026-02-20"), None, "team", 20, "Australia/Sydney"),  # joined after it
)
SEATS = {account: seats for account, _, _, _, seats, _ in _ACCOUNTS}

_NAMES = [
    "nora",
    "otto",
    "pia",
    "quin",
    "rosa",
    "sven",
    "tess",
    "ulf",
    "vera",
    "wim",
    "xena",
    "yann",
    "zoe",
    "arno",
    "bela",
    "cara",
    "dana",
    "egon",
    "fanny",
    "gerd",
    "hanna",
    "ivo",
    "jette",
    "karl",
    "lena",
    "milo",
    "nils",
    "olga",
    "paul",
    "rike",
    "sina",
    "timo",
    "uta",
    "veit",
    "wanda",
    "yves",
    "zita",
    "axel",
    "britt",
    "clara",
]
# The first of each account may grant for it; CONSULTANT works for two customers.
CHIEF = {"alder": "nora", "birch": "pia", "cedar": "quin", "damson": "rosa", "elder": "sven", "fern": "tess", "gorse": "ulf", "hazel": "vera"}
CONSULTANT = "lou@consult.example.com"
OTTO_LEFT = at(10, "12:00")  # otto of alder stops being a grantor here


def user(name: str, account: str) -> str:
    """Return the id of a customer's user, which is an e-mail address, as so often."""
    return f"{name}@{account}.example.com"


def users_of(account: str) -> list[str]:
    """Return one user for each seat, the grantor first."""
    others = [name for name in _NAMES if name != CHIEF[account]]
    return [user(name, account) for name in [CHIEF[account], *others]][: SEATS[account]]


def chief(account: str) -> str:
    """Return the person who may grant for an account."""
    return user(CHIEF[account], account)


def accounts() -> list[Row]:
    """Rows of accounts/."""
    return [
        {
            "account_id": a, "joined_at": iso(joined), "closed_at": closed and iso(closed), "hosts": f"{a}.example.com", "plan": plan, "seats": seats,
            "time_zone": zone,
        }
        for a, joined, closed, plan, seats, zone in _ACCOUNTS
    ]  # fmt: skip


def staff() -> list[Row]:
    """Rows of staff/: eleven people and a service account; jack leaves, kim starts, cho has two more names, dev and eva share one."""
    logins = {"cho": "chollis;cho@example.com", "dev": "oncall", "eva": "oncall"}
    ids = ["amy", "ben", "cho", "dev", "eva", "finn", "gwen", "hugo", "ines", "jack", "kim"]
    begins = {"kim": at(10)}
    ends = {"jack": at(12, "12:00")}
    rows: list[Row] = [
        {
            "staff_id": i, "logins": logins.get(i), "kind": "person", "owner": None, "valid_from": iso(begins.get(i, on("2025-01-01"))),
            "valid_to": iso(ends[i]) if i in ends else None,
        }
        for i in ids
    ]  # fmt: skip
    return [*rows, {"staff_id": "svc-backup", "logins": None, "kind": "service", "owner": "gwen", "valid_from": iso(on("2025-01-01")), "valid_to": None}]


def teams() -> list[Row]:
    """Rows of teams/: ben leaves support in mid-week, hugo's membership is entered three days after it is said to begin."""
    members = {"support": ["amy", "ben", "cho", "jack"], "billing": ["dev", "eva"], "platform": ["finn", "gwen", "svc-backup"]}
    rows: list[Row] = [
        {"staff_id": member, "team": team, "valid_from": iso(on("2025-01-01")), "valid_to": iso(at(11, "12:00")) if member == "ben" else None, "recorded_at": None}
        for team, names in members.items()
        for member in names
    ]
    return [*rows, {"staff_id": "hugo", "team": "support", "valid_from": iso(at(10)), "valid_to": None, "recorded_at": iso(at(13, "09:00"))}]


def users() -> list[Row]:
    """Rows of users/."""
    rows: list[Row] = [{"user_id": name, "account_id": account} for account in SEATS for name in users_of(account)]
    return [*rows, {"user_id": CONSULTANT, "account_id": "alder"}, {"user_id": CONSULTANT, "account_id": "birch"}]


def grantors() -> list[Row]:
    """Rows of grantors/."""
    rows: list[Row] = [{"person_id": chief(a), "account_id": a, "valid_from": iso(on("2024-01-01")), "valid_to": None} for a in SEATS]
    return [*rows, {"person_id": user("otto", "alder"), "account_id": "alder", "valid_from": iso(on("2024-01-01")), "valid_to": iso(OTTO_LEFT)}]


P2_NOTICED = on("2026-02-10", "09:00")  # mailed two days before it was posted
P2_BINDS = at(12, "09:00")  # 30 days later, for accounts older than the notice
P3_NOTICED = at(14, "09:00")


def policies() -> list[Row]:
    """Rows of policies/: p1 of old, p2 that binds older accounts in mid-week, p3 that is noticed in that week and binds nobody in it."""
    base = ["account_setup", "configuration", "billing", "contact", "servicing", "marketing", "improvement"]
    company = ["company_info", "company_contact"]
    rows = (
        ("p1", on("2024-01-01"), on("2024-01-01"), 0, company, base),
        ("p2", on("2026-02-12", "09:00"), P2_NOTICED, 30, [*company, "usage_profile"], [*base, "research"]),
        ("p3", P3_NOTICED, at(14, "12:00"), 30, [*company, "usage_profile"], [*base, "research", "profiling"]),
    )
    return [
        {"policy_id": i, "posted_at": iso(posted), "emailed_at": iso(mailed), "notice_days": days, "exempt_classes": exempt, "purposes": purposes, "max_grant_days": 90}
        for i, posted, mailed, days, exempt, purposes in rows
    ]


GRANTS_READ_TO = at(15, "18:00")
GAP = (at(11, "02:00"), at(11, "02:30"))


def sources() -> list[Row]:
    """Rows of sources/: console is exact, backoffice writes New York time and may be 2 s off, replica writes whole seconds, kiosk declares nothing."""
    none: Row = {"time_zone": None, "clock_skew_s": None, "whole_seconds": None, "watermark": None, "allowed_lateness_s": None}
    return [
        none | {"source": "backoffice", "time_zone": "America/New_York", "clock_skew_s": 2},
        none | {"source": "console", "watermark": "2026-03-31T00:00:00Z"},
        none | {"source": "grants", "watermark": iso(GRANTS_READ_TO)},
        none | {"source": "kiosk"},
        none | {"source": "replica", "whole_seconds": True},
    ]


def gaps() -> list[Row]:
    """Rows of gaps/."""
    return [{"source": "console", "from": iso(GAP[0]), "to": iso(GAP[1])}]
