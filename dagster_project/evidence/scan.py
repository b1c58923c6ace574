"""Tells whether stored values name a person or carry a cookie: the check on ourselves behind CR-5, CR-6 and CE-4."""

import re
from collections import Counter
from collections.abc import Iterable

from dagster_project.scrubbing.detectors import PERSONAL, kinds

# Names that session frameworks and trackers give their cookies, and the form in which a header carries them.
_COOKIE = re.compile(
    r"(?:^|[^a-z0-9])(?:phpsessid|jsessionid|asp\.net_sessionid|connect\.sid|sessionid|csrftoken|xsrf-token|_ga(?:_[a-z0-9]+)?|_gid|_fbp|__utm[abcz]|cookie)=|"
    r"(?:^|[^a-z])(?:phpsessid|jsessionid)(?:$|[^a-z])|[\w.-]+=[^;=\s]+;\s*[\w.-]+=",
    re.IGNORECASE,
)


def hits(values: Iterable[str]) -> dict[str, int]:
    """Return how many of the values name a person, by kind, or are a `cookie`; a kind without a value is not named.

    An id of a record (uuid, ulid) names nobody.
    """
    found: Counter[str] = Counter()
    for value in values:
        found.update(kinds(value) & PERSONAL)
        found.update(["cookie"] if _COOKIE.search(value) else [])
    return dict(found)
