"""What a source says about its own completeness, kept as rows, and what is proven by it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Says = Literal["gap", "file", "digest", "previous", "log", "signature", "key", "run", "off", "on"]


class Attestation(NamedTuple):
    """One statement of a source about its completeness, or one thing that was delivered of it; `says` tells which.

    `gap`: a gap, `object` is the rule that proves it. `file`: a log file that was delivered, by name and hash. `digest`: a digest that was delivered,
    from its begin to its end. `previous` and `log`: what the digest named `digest` says about the digest before it and about a log file (from its oldest
    to its newest entry). `signature`: the signature of the digest `object`. `key`: a public key, DER in base64. `run`, `off` and `on`: see sessions.py.
    """

    says: Says
    object: str
    sha256: str | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    signature: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Proof:
    """A gap from `begin` to `end` (None: still open), or, without a begin, a doubt; `rule` says why, `object` names the file or session."""

    rule: str
    object: str | None
    begin: datetime | None = None
    end: datetime | None = None

    @property
    def is_gap(self) -> bool:
        """Tell whether entries are known to be missing."""
        return self.begin is not None


def stated_gaps(said: Iterable[Attestation]) -> list[Proof]:
    """Return the gaps that a source states itself, each once."""
    return [Proof(each.object, None, each.begins_at, each.ends_at) for each in dict.fromkeys(said) if each.says == "gap"]
