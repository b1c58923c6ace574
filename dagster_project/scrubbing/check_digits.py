"""Numbers that prove themselves by a check digit, and so can be told from chance: cards, IBANs, national ids, wallets."""

import re
from collections.abc import Callable, Iterator
from hashlib import sha256

from dagster_project.scrubbing.readable import from_base58

_IBAN = re.compile(r"(?<![0-9A-Za-z])([A-Za-z]{2}\d{2}(?:[ -]?[0-9A-Za-z]{4}){2,7}(?:[ -]?[0-9A-Za-z]{1,3})?)(?![0-9A-Za-z])")
_IBAN_COUNTRIES = """
AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22
GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19
MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20
"""
_IBAN_LENGTHS = dict(part.split(":") for part in _IBAN_COUNTRIES.split())
_CARD = re.compile(r"(?<![0-9A-Za-z.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{4}([ -])\d{4}\3\d{4}\3\d)(?![0-9A-Za-z]|\.\d|[ -]\d{4})")
# First six digits from, to, and the lengths that the issuer uses.
_ISSUERS = (
    (400000, 499999, (13, 16, 19)),  # Visa
    (510000, 559999, (16,)),  # Mastercard
    (222100, 272099, (16,)),
    (340000, 349999, (15,)),  # American Express
    (370000, 379999, (15,)),
    (300000, 305999, (14, 16)),  # Diners Club
    (309500, 309599, (14, 16)),
    (360000, 369999, (14, 16, 19)),
    (380000, 399999, (14, 16, 19)),
    (601100, 601199, (16, 19)),  # Discover
    (644000, 659999, (16, 19)),
    (352800, 358999, (16, 17, 18, 19)),  # JCB
    (620000, 629999, (16, 17, 18, 19)),  # UnionPay
    (810000, 817199, (16, 17, 18, 19)),
    (220000, 220499, (16, 17, 18, 19)),  # Mir
    (501800, 501899, (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (502000, 502099, (13, 14, 15, 16, 17, 18, 19)),
    (503800, 503899, (13, 14, 15, 16, 17, 18, 19)),
    (589300, 589399, (13, 14, 15, 16, 17, 18, 19)),
    (630400, 630499, (13, 14, 15, 16, 17, 18, 19)),
    (675900, 676399, (13, 14, 15, 16, 17, 18, 19)),
    (607000, 608999, (16,)),  # RuPay
    (817200, 820199, (16,)),
)
_WALLET = re.compile(
    r"(?<![0-9A-Za-z])(?:(?P<hex>0x[0-9a-fA-F]{40})|(?P<bech32>(?:bc|ltc|tb)1[02-9ac-hj-np-z]{11,71})|(?P<base58>[13LM][1-9A-HJ-NP-Za-km-z]{25,34}))(?![0-9A-Za-z])"
)
_FIVE_DIGITS = re.compile(r"\d(?:\D{0,3}\d){4}")
# How each of the national ids begins, and what they are worth looking for behind.
_NATIONAL_BEGIN = re.compile(r"(?<!\w)(?:\d{3}[- ]\d\d|[1-9]\d \d{3} |\d{8}-?[A-Z]|[12] ?\d\d ?[01]|[XYZ]-?\d{7}|[A-Z]{2} ?\d\d|[A-Z]{6}\d\d|\d{6}[-+A-FU-Y]\d{3})", re.IGNORECASE)
_PENSION_WEIGHTS = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
_DNI_LETTERS, _HETU_SIGNS = "TRWAGMYFPDXBNJZSQVHLCKE", "0123456789ABCDEFHJKLMNPRSTUVWXY"


def cards(text: str) -> Iterator[str]:
    """Yield the digits of each card number: an issuer's prefix and length, and the Luhn check."""
    for found in _CARD.finditer(text):
        number = re.sub(r"\D", "", found[0])
        if _is_issued(number) and _luhn(number) and not _is_article(number):
            yield number


def has_iban(text: str) -> bool:
    """Tell whether an account number of ISO 13616 stands in a text: the length of its country, and the remainder by 97."""
    return any(_is_iban(found[1]) for found in _IBAN.finditer(text))


def has_national_id(text: str) -> bool:
    """Tell whether a number that a state gave a person stands in a text; digits alone are only looked at where two of them check the rest."""
    text = text.replace("_", "|")  # between words in names of files, where Python takes it for a letter
    return bool(_FIVE_DIGITS.search(text) and _NATIONAL_BEGIN.search(text)) and any(is_valid(found[0]) for pattern, is_valid in _NATIONAL_IDS for found in pattern.finditer(text))


def has_wallet(text: str) -> bool:
    """Tell whether an address of a cryptocurrency stands in a text: by its alphabet, or by its checksum (Base58Check)."""
    return any(found["base58"] is None or _is_base58check(found["base58"]) for found in _WALLET.finditer(text))


def _is_iban(text: str) -> bool:
    code = re.sub(r"[ -]", "", text).upper()
    length = int(_IBAN_LENGTHS.get(code[:2], 99))
    if len(code) != len(text):
        code = code[:length]
    return len(code) == length and int("".join(str(int(char, 36)) for char in code[4:] + code[:4])) % 97 == 1


def _is_issued(number: str) -> bool:
    prefix = int(number[:6])
    return any(low <= prefix <= high and len(number) in lengths for low, high, lengths in _ISSUERS)


def _luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def _is_article(number: str) -> bool:
    """Thirteen digits that check as an EAN are an article's number: those of Germany and Japan start with 4 as Visa's do."""
    return len(number) == 13 and (sum(map(int, number[::2])) + 3 * sum(map(int, number[1::2]))) % 10 == 0


def _is_german(number: str) -> bool:
    """Check a tax id of Germany: one digit twice or thrice among the first ten, and ISO 7064 (mod 11, 10)."""
    digits = [int(digit) for digit in number.replace(" ", "")]
    rest = 10
    for digit in digits[:-1]:
        rest = ((rest + digit) % 10 or 10) * 2 % 11
    return len(set(digits[:-1])) in {8, 9} and (11 - rest) % 10 == digits[-1]


def _is_french(number: str) -> bool:
    """Check a number of the French register (NIR): its last two digits are 97 less the remainder of the others."""
    digits = number.replace(" ", "")
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_spanish(number: str) -> bool:
    """Check a DNI or NIE of Spain: the letter is the remainder by 23."""
    return _DNI_LETTERS[int(str("XYZ".find(number[0])).replace("-1", "") + re.sub(r"\D", "", number)) % 23] == number[-1]


def _is_finnish(number: str) -> bool:
    """Check a personal code of Finland: the last sign is the remainder by 31 of the digits."""
    return _HETU_SIGNS[int(number[:6] + number[7:10]) % 31] == number[10].upper()


def _is_insured(number: str) -> bool:
    """Check a number of Germany's pension insurance: the letter counts as two digits, the sum of the weighted digits' digits by 10 is the last."""
    digits = f"{number[:8]}{ord(number[8].upper()) - ord('A') + 1:02d}{number[9:]}"
    return sum(sum(map(int, str(int(digit) * weight))) for digit, weight in zip(digits[:-1], _PENSION_WEIGHTS, strict=True)) % 10 == int(digits[-1])


def _is_as_written(_number: str) -> bool:
    return True


_NATIONAL_IDS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(r"(?<!\w)(?<!\d-)(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?!\w|-\d)"), _is_as_written),  # United States
    (re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)", re.IGNORECASE), _is_as_written),  # Italy
    (re.compile(r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"), _is_as_written),  # United Kingdom
    (re.compile(r"(?<![\w-])[1-9]\d \d{3} \d{3} \d{3}(?![\w-])"), _is_german),
    (re.compile(r"(?<!\w)\d{8}[A-Za-z]\d{3}(?!\w)"), _is_insured),
    (re.compile(r"(?<![\w-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?![\w-])"), _is_french),
    (re.compile(r"(?<!\w)(?:[XYZ]-?\d{7}|\d{8})-?[A-HJ-NP-TV-Z](?!\w)"), _is_spanish),
    (re.compile(r"(?<![\w-])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])", re.IGNORECASE), _is_finnish),
)


def _is_base58check(text: str) -> bool:
    """Check whether the last four bytes are the beginning of the double SHA-256 of what stands before them."""
    packed = from_base58(text)
    return len(packed) == 25 and sha256(sha256(packed[:-4]).digest()).digest()[:4] == packed[-4:]
