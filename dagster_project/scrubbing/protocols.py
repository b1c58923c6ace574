"""The closed sets of HTTP: methods, protocol versions, and the site's own hosts."""

import re
from collections.abc import Collection

# The IANA registry of HTTP methods (RFC 9110 section 16.1).
_REGISTERED = """
    ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS
    ORDERPATCH PATCH POST PRI PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL
"""
METHODS = frozenset(_REGISTERED.split())
OTHER_METHOD = "_OTHER"
OTHER_HOST = "[other]"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSIONS = {"0.9": "0.9", "1.0": "1.0", "1.1": "1.1", "2": "2", "2.0": "2", "3": "3", "3.0": "3"}


def method(text: str | None) -> str:
    """Return the method if IANA knows it, else `_OTHER`."""
    return text if text in METHODS else OTHER_METHOD


def is_method(text: str | None) -> bool:
    """Tell whether a method could be one (RFC 9110 `token`); none at all could."""
    return text is None or bool(_TOKEN.fullmatch(text))


def protocol(text: str | None) -> str:
    """Return 0.9, 1.0, 1.1, 2, 3 or other."""
    version = re.sub(r"^(?:HTTP/|h)", "", text or "", flags=re.IGNORECASE)
    return _VERSIONS.get(version, "other")


def bare_host(text: str) -> str:
    """Return a host in lower case without port, brackets and last dot."""
    return re.sub(r":\d*$", "", text.strip().lower()).strip("[]").rstrip(".") if text.count(":") < 2 or text.startswith("[") else text.lower()


def host(text: str | None, own_hosts: Collection[str]) -> str | None:
    """Return one of the site's own hosts, `[other]` for any other, None where the log names none."""
    if text is None or text in {"", "-"}:
        return None
    bare = bare_host(text)
    return bare if bare in own_hosts else OTHER_HOST
