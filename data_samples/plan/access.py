"""One staff access as it is planted: what its source writes, and the outcome and code that docs/verdicts.md gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from plan.week import iso

Source = Literal["console", "backoffice", "replica", "kiosk"]
_CODES = {
    "permitted": "GRANTED GRANTED_BOUNDARY SELF_ACCESS EXEMPT_CLASS EXEMPT_METRICS_ONLY BREAK_GLASS_APPROVED",
    "info": "ATTEMPT_DENIED RETRO_REVOKED",
    "undetermined": "TIME_UNZONED ACTOR_UNRESOLVED CUSTOMER_UNRESOLVED CLOCK_ANOMALY GRANTS_INCOMPLETE LOG_GAP CLASS_UNKNOWN TIME_AMBIGUOUS BREAK_GLASS_PENDING",
    "violation": "NO_GRANT SELF_GRANTED GRANTOR_NOT_CUSTOMER GRANTOR_NOT_AUTHORISED WRONG_GRANTEE NOT_TEAM_MEMBER SCOPE_CLASS SCOPE_RECORD SCOPE_ACTION SCOPE_CASE "
    "REVOKED EXPIRED NOT_YET_VALID BACKDATED OPTED_OUT FORMER_STAFF FOREIGN_USER BREAK_GLASS_REJECTED BREAK_GLASS_UNAPPROVED BREAK_GLASS_NO_REASON "
    "BREAK_GLASS_OVERREACH BREAK_GLASS_LATE",
}
OUTCOME = {code: outcome for outcome, codes in _CODES.items() for code in codes.split()}
NO_ROW = "(no row)"
NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, kw_only=True)
class Access:
    """An access event. `also` names the controls that find it besides access_without_grant; `why` is None for everyday work."""

    code: str
    source: Source
    actor: str
    account_id: str | None
    record_class: str | None
    instant: datetime
    why: str | None = None
    stamp: str | None = None  # occurred_at as written, where it is not simply the instant
    action: str = "read"
    record_id: str | None = "r-1"
    record_ids: Sequence[str] | None = None
    content: bool | None = None
    purpose: str | None = "servicing"
    case_id: str | None = None
    observed_at: str | None = None
    outcome: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rows: int | None = None
    also: tuple[str, ...] = ()
    event_id: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what names the event."""
        return (self.source, self.event_id)

    @property
    def verdict(self) -> str:
        """Return the outcome that belongs to the code."""
        return OUTCOME[self.code]

    def written(self) -> dict[str, object]:
        """Return the event in the columns of the landing folder."""
        names = ("event_id", "actor", "account_id", "record_class", "record_id", "record_ids", "action", "content", "purpose", "case_id", "observed_at", "rows", "outcome")
        event: dict[str, object] = {name: getattr(self, name) for name in names}
        event["started_at"] = self.started_at and iso(self.started_at)
        event["ended_at"] = self.ended_at and iso(self.ended_at)
        return {"event_id": self.event_id, "occurred_at": self.stamp or self._stamp()} | event

    def _stamp(self) -> str:
        if self.source == "backoffice":
            return self.instant.astimezone(NEW_YORK).replace(tzinfo=None).isoformat()
        return iso(self.instant)
