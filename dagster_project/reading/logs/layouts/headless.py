"""The fields of W3C extended lines whose `#Fields` line is lost: rotation cuts it off.

IIS writes whichever fields are chosen in one order; CloudFront appends new fields at the end; NetScaler has its default.
"""

import re
from itertools import takewhile

_CLOUDFRONT = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) "
    "x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
    "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)
_REAL_TIME = (
    "timestamp c-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes x-edge-location x-edge-request-id x-host-header "
    "time-taken cs-protocol-version c-ip-version cs-user-agent cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end c-port x-edge-detailed-result-type c-country "
    "cs-accept-encoding cs-accept cache-behavior-path-pattern cs-headers cs-header-names cs-headers-count"
)
_AGENT = "cs-version cs(User-Agent) cs(Cookie) cs(Referer)"
_NETSCALER = f"date time c-ip cs-username sc-servicename s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs-bytes sc-bytes time-taken {_AGENT}"
_IIS_5 = "date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status"
_IIS_5_LONG, _IIS_5_SHORT = f"{_IIS_5} sc-bytes cs-bytes time-taken {_AGENT}", f"{_IIS_5} cs(User-Agent)"
_FEWEST_OF_CLOUDFRONT, _FEWEST, _MOST = 12, 11, 64
_FEWEST_OF_REAL_TIME = 20
_FIXED = {len(names): names for names in (_NETSCALER.split(), _IIS_5_LONG.split(), _IIS_5_SHORT.split())}

UNREAD = "x"

_ADDRESS = re.compile(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(?:%\w+)?|-|\[[0-9A-Fa-f.:%]+\]\(\S*\)")
_METHOD, _NUMBER, _PORT = re.compile(r"[A-Z][A-Z_]{2,15}|-"), re.compile(r"\d+"), re.compile(r"\d{1,5}|-")
_INSTANT = re.compile(r"\d{10}(?:\.\d{1,6})?")
_STATUS, _EDGE, _DAY = re.compile(r"\d{3}"), re.compile(r"[A-Z]{3}\d+(?:-[A-Z]+\d+)?"), re.compile(r"\d{4}-\d\d-\d\d")
_TOLD_BY = {"s-ip": _ADDRESS, "s-port": _PORT, "cs-method": _METHOD, "sc-status": _STATUS}
"""The fields whose form tells lines of a fixed order."""
_URL = re.compile(r"[a-z][a-z+.-]*://")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*(?::\d+)?|\[[\w.-]+\]\(\S*\)")


def fields_of(line: str) -> list[str]:
    """Return the names of the fields of a line, none where it is none of these formats."""
    words = re.split("\t" if "\t" in line else " +", line.strip(" \r\n"), maxsplit=_MOST)
    if len(words) > _MOST or len(words) < _FEWEST:
        return []
    if _INSTANT.fullmatch(words[0]):
        return _real_time(words)
    if not _DAY.fullmatch(words[0]):
        return []
    cloudfront = _CLOUDFRONT.split()
    if _EDGE.fullmatch(words[2]) and _FEWEST_OF_CLOUDFRONT <= len(words) <= len(cloudfront):
        return cloudfront[: len(words)]
    fixed = _FIXED.get(len(words), [])
    if fixed and all(form.fullmatch(words[fixed.index(name)]) for name, form in _TOLD_BY.items()):
        return fixed
    return _iis(words)


def _real_time(words: list[str]) -> list[str]:
    """Return the fields of CloudFront's real-time logs, all of them in their own order; newer ones follow and stay unread."""
    names = _REAL_TIME.split()
    is_whole = len(words) >= _FEWEST_OF_REAL_TIME and _ADDRESS.fullmatch(words[1]) and _STATUS.fullmatch(words[3]) and _METHOD.fullmatch(words[5])
    return [*names[: len(words)], *[UNREAD] * (len(words) - len(names))] if is_whole else []


def _iis(words: list[str]) -> list[str]:
    """Return the fields of IIS: before the method, from there to the agent, to the status, and to the end."""
    at = next((at for at in range(2, 6) if _METHOD.fullmatch(words[at]) and words[at + 1][:1] in ("/", "*")), 0)
    if not at or len(words) < at + 7 or not _PORT.fullmatch(words[at + 3]) or not _ADDRESS.fullmatch(words[at + 5]):
        return []
    asked = ["cs-method", "cs-uri-stem", "cs-uri-query", "s-port", "cs-username", "c-ip"]
    asked += ["cs-version"] if words[at + 6].startswith("HTTP/") else []
    agent = at + len(asked)
    status = next((place for place in range(agent + 1, len(words)) if all(_NUMBER.fullmatch(word) for word in words[place : place + 3]) and _STATUS.fullmatch(words[place])), 0)
    middle, end = _middle(words[agent + 1 : status]), _end(words[status:]) if status else None
    if middle is None or end is None:
        return []
    return ["date", "time", *_server(words[2:at]), *asked, "cs(User-Agent)", *middle, *end]


def _server(words: list[str]) -> list[str]:
    """Name what stands before the method: the site, its computer, its address."""
    has_address = bool(words) and _ADDRESS.fullmatch(words[-1]) is not None
    return [*["s-sitename", "s-computername", UNREAD][: len(words) - has_address], *(["s-ip"] if has_address else [])]


def _middle(words: list[str]) -> list[str] | None:
    """Name what stands between agent and status: cookie, referrer, host; null where it is more than these.

    What does not say which of them it is stays unread: a cookie must never pass for a referrer.
    """
    told = [_told(word) for word in words]
    if len(words) == 2 and "cs(Referer)" in told:
        return ["cs(Cookie)", "cs(Referer)"] if told[1] == "cs(Referer)" else ["cs(Referer)", "cs-host"]
    return ["cs(Cookie)", "cs(Referer)", "cs-host"] if len(words) == 3 else told if len(words) < 3 else None


def _told(word: str) -> str:
    """Return the field that a value is of by its form."""
    if _URL.match(word):
        return "cs(Referer)"
    return "cs(Cookie)" if "=" in word else "cs-host" if word != "-" and _HOST.fullmatch(word) else UNREAD


def _end(words: list[str]) -> list[str] | None:
    """Name what begins with the status: sub-status, Windows status, bytes, time taken, and the client that a proxy names, and its port.

    IIS counts all of these, so a `-` is a client that no proxy named.
    """
    counts = list(takewhile(_NUMBER.fullmatch, words))
    names = {1: [], 2: ["sc-substatus"], 3: ["sc-substatus", "sc-win32-status"]}.get(len(counts))
    if names is None:
        taken = {4: ["time-taken"], 5: ["sc-bytes", "cs-bytes"], 6: ["sc-bytes", "cs-bytes", "time-taken"]}.get(len(counts))
        names = ["sc-substatus", "sc-win32-status", *taken] if taken else None
    others = words[len(counts) :]
    if names is None or len(others) > 2 or (len(others) == 2 and not _PORT.fullmatch(others[1])):
        return None
    return ["sc-status", *names, *["x-forwarded-for", UNREAD][: len(others)]]
