"""The report's vocabulary: what each code, control and status means, in a few words that need no manual."""

STATUSES = {
    "broken": ("Broken", "At least one violation was found."),
    "unproven": ("Unproven", "Evidence is missing, has gaps, or is not final."),
    "kept": ("Kept", "The evidence is complete and nothing was found."),
    "not_applicable": ("Not applicable", "Switched off in the settings, for the reason given."),
}

OUTCOMES = {"permitted": "Permitted", "info": "Noted", "undetermined": "Undetermined", "violation": "Violation"}

SEVERITIES = ("critical", "high", "medium", "low")

CODES = {
    "GRANTED": "the customer had permitted it",
    "GRANTED_BOUNDARY": "permitted, within the clock's uncertainty of an end",
    "SELF_ACCESS": "one of the customer's own users",
    "EXEMPT_CLASS": "a class of records that the policy exempts",
    "EXEMPT_METRICS_ONLY": "only counts and sizes came back, no content",
    "BREAK_GLASS_APPROVED": "an emergency that the customer approved in time",
    "ATTEMPT_DENIED": "the system refused it; nothing was seen",
    "RETRO_REVOKED": "permitted at the time; revoked with effect before it, later",
    "TIME_UNZONED": "its time stamp has no zone",
    "TIME_AMBIGUOUS": "its time cannot be placed before or after a boundary",
    "ACTOR_UNRESOLVED": "who it was cannot be told",
    "CUSTOMER_UNRESOLVED": "whose records they were cannot be told",
    "CLOCK_ANOMALY": "it was observed before it is said to have happened",
    "GRANTS_INCOMPLETE": "the permission ledger does not reach that far",
    "LOG_GAP": "it lies in a verified gap of its log",
    "CLASS_UNKNOWN": "the class of the records is missing",
    "BREAK_GLASS_PENDING": "an emergency that still awaits the customer's decision",
    "NO_GRANT": "the customer had given no permission at all",
    "SELF_GRANTED": "the permission was given by the very person who used it",
    "GRANTOR_NOT_CUSTOMER": "the permission was given by a member of staff",
    "GRANTOR_NOT_AUTHORISED": "the permission was given by someone who may not give it",
    "WRONG_GRANTEE": "the permission was given to another person",
    "NOT_TEAM_MEMBER": "the permission was given to a team that the person was not in",
    "SCOPE_CLASS": "the permission names other classes of records",
    "SCOPE_RECORD": "the permission names other records",
    "SCOPE_ACTION": "the permission names other actions",
    "SCOPE_CASE": "the permission is bound to another case",
    "REVOKED": "the permission had been revoked",
    "EXPIRED": "the permission had ended",
    "NOT_YET_VALID": "the permission had not begun",
    "BACKDATED": "the permission was recorded after the access",
    "OPTED_OUT": "the customer had opted out",
    "FORMER_STAFF": "the person was not on the staff at that time",
    "FOREIGN_USER": "a user of another customer",
    "BREAK_GLASS_REJECTED": "an emergency that the customer rejected",
    "BREAK_GLASS_UNAPPROVED": "an emergency that the customer never approved",
    "BREAK_GLASS_NO_REASON": "an emergency opened without a reason",
    "BREAK_GLASS_OVERREACH": "beyond what the emergency was opened for",
    "BREAK_GLASS_LATE": "an emergency that the customer approved too late",
    "DARK_ACCESS": "a staff request to customer records that the audit log does not hold",
}

BASES = {
    "grant": ("A grant", "given by the customer, without a fault"),
    "emergency": ("An emergency", "that the customer approved in time"),
    "exemption": ("An exemption", "a class of records that the policy exempts, or counts and sizes only"),
    "declared_purpose": ("A declared purpose", "an exempt class of records, reached for a purpose that nobody but the member of staff vouches for"),
    "own_user": ("The customer's own users", "who need no permission"),
    "revoked_since": ("A permission since taken back", "it stood at the time of the access"),
}

KINDS = {
    "access": "Access",
    "emergency": "Emergency",
    "disclosure": "Disclosure",
    "measured": "Measurement",
    "tag": "Marketing tag",
    "mailing": "Message to you",
    "consent": "Your consent",
    "opt_out": "Your opt-out",
    "objection": "Your objection",
}

BALANCE = {
    "permitted": "Permitted",
    "violation": "Violations",
    "undetermined": "Undetermined",
    "info": "Noted",
    "duplicates": "Duplicates",
    "refused": "Refused",
    "not_accesses": "No access",
    "blank_or_comment": "Blank",
    "not_yet_known": "Observed after the as-of",
    "purged": "Deleted since",
}

REVIEW_FAULTS = {
    "REVIEWER_NOT_STAFF": "whoever made it was not on the staff at that time",
    "REVIEW_CHANGED": "it contradicts what the same person had decided at the same instant, which stands",
    "FINDING_UNKNOWN": "no run has seen a finding of that id",
    "REVIEWER_UNDER_REVIEW": "it was made by the person whom the finding is about",
}

METHOD = {
    "What is read": (
        "Logs and access events once each, told apart by the hash of their content; ledgers whole, at every run. Each line is parsed, set aside with a reason, or blank."
    ),
    "What is kept": "Allow-listed columns only. Addresses, user names, agents, referrers, query values and cookies never leave memory; an account can be told, a person cannot.",
    "How an access is judged": (
        "By fixed rules in a fixed order, against what was known at the instant of the access and against what is known now. "
        "It is permitted only if one single grant covers it in every respect. No model, no score, no discretion."
    ),
    "How grave a finding is": "Each control has its severity; of an access without a permission the rule that was broken decides it.",
    "What counts as kept": "Only complete evidence. Gaps, unreadable times and undecided accesses make a promise unproven at best.",
}

GRANT_FLAGS = {
    "is_new": ("New", "recorded in the period"),
    "is_revoked": ("Revoked", "revoked in the period"),
    "is_expired": ("Expired", "ended in the period"),
    "is_unbounded": ("Unbounded", "no end, or any class, record and case"),
    "is_unused": ("Unused", "no access has relied on it"),
}


def titled(name: str) -> str:
    """Write a control's or a column's name as words: `access_without_grant` as `Access without grant`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
