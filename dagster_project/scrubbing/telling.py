"""What a path segment may tell of a person, or open, by its form or its place, though no detector knows the value: it is not shown, however many ask for it.

k-anonymity alone is no shelter here: a newsletter carries one person's link to hundreds, and a scanner follows it from as many addresses.
"""

import re

# Behind these stands somebody's name or the key to a page; what else stands there is a page of everybody's.
_FOLDERS_OF_PERSONS = """
    ~ u user users profile profiles people person persons member members author authors contacts employee employees patient patients student students candidate candidates
    account accounts avatar avatars session sessions token tokens otp reset reset-password password-reset verify verification confirm confirmation invite invites invitation
    invitations unsubscribe activate activation magic magic-link magiclink sso share shared
"""
_PAGES_OF_EVERYBODY = """
    assets css fonts icons images img js lib media modules plugins scripts static styles themes
    about account activate activity add admin all api archive auth avatar avatars billing callback cancel change check code complete confirm confirmed contact create current data
    default delete details done edit email error expired export failed faq feed find forgot forgot-password groups help history home import index info invalid invite invites join
    latest list login logout manage me members my new notifications oauth orders overview page password preferences privacy profile public recent recover register registration
    remove request resend reset reset-password roles saml search security self send session settings sign-in sign-up sign_in sign_out sign_up signin signout signup status success
    team teams terms thanks thank-you token update upload user users validate verify welcome
"""
_FOLDERS = frozenset(_FOLDERS_OF_PERSONS.split())
_PAGES = frozenset(_PAGES_OF_EVERYBODY.split())
_CODE_FILE = re.compile(r"\.(?:css|eot|ico|js|map|mjs|svg|ttf|wasm|woff2?)$", re.IGNORECASE)
_TELLING = re.compile(
    r"""
    [\x00-\x1f\x7f-\x9f\\"<>`|^{}?\#\u2028\u2029]    # JSON, markup, paths of Windows, queries and fragments that were encoded
    | [;=]                                          # parameters: sid=1a2b, PHPSESSID=…
    | ://|^[a-z][a-z0-9+.-]{0,30}:/{0,2}$              # a URL within the path
    | ^(?:about|blob|data|file|javascript|mailto|sms|tel|urn|view-source):
    | @(?!\dx\.|v?\d+\.\d)                          # jane@intranet, @jane; logo@2x.png and lib@4.17.21 name nobody
    | (?<!\w)~\w|~[^\W\d_]                        # somebody's home, also CV_~jane; PROGRA~1 is nobody's
    | \w\(['"]                                     # a key of OData: Customers('jane')
    | (?<![\d.])\d{1,3}\.\d{5,8}(?!\d|\.\d)          # an address of two numbers, or half of a position
    | ^0\d{7,}$                                     # a number that is dialled
    | \+AEA-|&(?:commat)?$                          # UTF-7's at sign, and HTML's cut off at its `#` or `;`
    | \ufffd\ufffd                                 # bytes that are no text, as an at sign written too long
    | (?<![0-9a-z])(?:[0-9a-f]{2}:){6}              # hex in pairs
    | (?<![a-z])(?:acct|ch|cs|cus|evt|in|pi|pm|req|seti|src|sub|tok)_(?=[a-z_]{0,40}\d)[a-z0-9]{14}    # ids of a payment provider
    | %[0-9a-f]{2}                                  # encoded more often than anybody does in good faith
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SCHEME = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\Z", re.IGNORECASE)
_ENDING = re.compile(r"\.\w{1,5}$")
_PLAIN_WORDS = re.compile(r"(?:[A-Za-z]{1,15}+(?![A-Za-z])[-_.]?)+")  # most segments
_ORDINARY = re.compile(r"[A-Za-z1-9-](?:[A-Za-z0-9-]|\.(?=[A-Za-z]))*+")  # holds nothing of what is telling
_MANY_DIGITS = re.compile(r"\d(?:[-_. /()]{0,2}\d){9}")
_DATED = re.compile(r"(?<!\d)(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
_HEX = re.compile(r"(?<![0-9a-z])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}(?![0-9a-z])", re.IGNORECASE)
_WORDS = re.compile(r"[A-Za-z0-9]+")
_CASE = re.compile(r"(?<=[a-z])(?![a-z])|(?<=[A-Z])(?![A-Z])|(?<=\d)(?!\d)")
_TURN = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")


def is_telling(plain: str) -> bool:
    """Tell whether a decoded segment is not to be shown because of its form: parameters, a user's name (`~jane`, `@jane`), ten digits and more, a random token."""
    if _PLAIN_WORDS.fullmatch(plain):
        return False
    if not _ORDINARY.fullmatch(plain) and _TELLING.search(plain):
        return True
    if _MANY_DIGITS.search(plain) and _MANY_DIGITS.search(_DATED.sub("", plain)):
        return True
    return not _CODE_FILE.search(plain) and (_is_random(plain) or bool(_HEX.search(plain)))


def is_behind_folder(folder: str, plain: str) -> bool:
    """Tell whether a decoded segment stands where a person's name, number or key stands (`/users/jane`, `/reset/x7Kq`), and is no page."""
    return folder.lower().rpartition(":")[2] in _FOLDERS and _ENDING.sub("", plain.lower()) not in _PAGES


def begins_url(decoded: str) -> bool:
    """Tell whether a URL within the path begins at a segment's end: `/proxy/https://…`, `/click;to=https://…`; what follows is another's."""
    bare = decoded.rstrip("/")
    return bare.endswith(":") and bool(_SCHEME.search(bare))


def _is_random(plain: str) -> bool:
    """Tell whether letters and digits, or small and large, alternate as they do in no word.

    Four times in a word of 12 characters, five times over words that are not small, or at every other place of 16 characters and more.
    """
    words = [(word, len(_TURN.findall(word))) for word in _WORDS.findall(plain) if len(word) >= 6]
    if any((turns >= 4 and len(word) >= 12) or (len(word) >= 16 and 2 * len(_CASE.findall(word)) > len(word)) for word, turns in words):
        return True
    return sum(turns for word, turns in words if not (word.islower() or word[1:].islower())) >= 5
