"""Verifies CloudTrail's digests against each other and against the log files that were delivered, and derives the gaps that they prove.

As AWS documents it ("Validating CloudTrail log file integrity"): a digest is signed with SHA256withRSA over its end, its place, its hash and the
signature before it; it names each log file of its hour, and the digest before it, by hash.
"""

import base64
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from dagster_project.reading.accesses.attestations import Attestation, Proof

DIGEST_PERIOD = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_CHAIN = re.compile(r"(?P<folder>.*?)(\d{4}/\d\d/\d\d/)?(?P<name>[^/]*)_\d{8}T\d{6}Z\.json(\.gz)?")


@dataclass
class _Digest:
    """A digest that was delivered, and all that it says."""

    object: str
    sha256: str
    begin: datetime
    end: datetime
    previous: Attestation | None = None
    logs: list[Attestation] = field(default_factory=list)


def proofs(said: Iterable[Attestation]) -> list[Proof]:
    """Return the gaps and doubts that follow from the digests of one source, chain by chain; what is delivered late closes the gap that it had left."""
    by: dict[str, list[Attestation]] = defaultdict(list)
    for each in dict.fromkeys(said):
        by[each.says].append(each)
    return _Chains(by).proofs() if by["digest"] else []


class _Chains:
    """The digests of a source, each trail and region a chain of its own."""

    def __init__(self, by: Mapping[str, Sequence[Attestation]]) -> None:
        self._keys = [key for each in by["key"] if (key := public_key(each.object))]
        self._came = {each.sha256 for each in by["file"]}
        self._names = {_name(each.object) for each in by["file"]}
        self._said_of = {each.object: each for each in by["previous"]}
        self._signatures: dict[str, set[str]] = defaultdict(set)
        for each in (*by["signature"], *by["previous"]):
            if each.signature:
                self._signatures[_name(each.object)].add(each.signature)
        self._digests = {each.object: _Digest(each.object, each.sha256 or "", each.begins_at, each.ends_at) for each in by["digest"] if each.begins_at and each.ends_at}
        for each in (*by["previous"], *by["log"]):
            if digest := self._digests.get(each.digest or ""):
                digest.previous = each if each.says == "previous" else digest.previous
                digest.logs += [each] if each.says == "log" else []

    def proofs(self) -> list[Proof]:
        chains: dict[str, list[_Digest]] = defaultdict(list)
        for digest in sorted(self._digests.values(), key=lambda digest: (digest.begin, digest.end, digest.object)):
            chains[_chain(digest.object)].append(digest)
        found = [] if self._keys else [Proof("no_public_key", None)]
        for chain in chains.values():
            found += self._holes(chain)
            for digest in chain:
                found += self._of_digest(digest, is_newest=digest is chain[-1])
        return found

    def _holes(self, chain: Sequence[_Digest]) -> Iterable[Proof]:
        """Yield the time between digests; before the first one only the hour that it says there was a digest of."""
        covered: datetime | None = None
        for digest in chain:
            begin = covered or (digest.begin - DIGEST_PERIOD if digest.previous else digest.begin)
            if begin < digest.begin:
                yield Proof("digest_missing" if digest.previous else "logging_stopped", digest.previous.object if digest.previous else digest.object, begin, digest.begin)
            covered = max(covered or digest.end, digest.end)

    def _of_digest(self, digest: _Digest, *, is_newest: bool) -> Iterable[Proof]:
        said = self._said_of.get(digest.object)
        if said and said.sha256 and said.sha256.lower() != digest.sha256:
            yield Proof("digest_changed", digest.object, digest.begin, digest.end)
            return
        signatures = self._signatures[_name(digest.object)]
        if self._keys and signatures and not any(self._is_signed(digest, signature) for signature in signatures):
            yield Proof("digest_signature_wrong", digest.object, digest.begin, digest.end)
            return
        if self._keys and not signatures:  # of the newest the signature may still come; once others follow, nobody vouches for what it says
            yield Proof("digest_unverified", digest.object) if is_newest else Proof("digest_unsigned", digest.object, digest.begin, digest.end)
        for log in digest.logs:
            if (log.sha256 or "").lower() not in self._came:
                rule = "log_file_changed" if _name(log.object) in self._names else "log_file_missing"
                yield Proof(rule, log.object, log.begins_at or digest.begin, log.ends_at + _SECOND if log.ends_at else digest.end)

    def _is_signed(self, digest: _Digest, signature: str) -> bool:
        before = (digest.previous.signature if digest.previous else None) or "null"
        text = f"{digest.end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n{digest.object}\n{digest.sha256}\n{before}"
        return any(is_signed(key, signature, text.encode()) for key in self._keys)


def is_signed(key: RSAPublicKey, signature: str, text: bytes) -> bool:
    """Tell whether a signature in hexadecimal is that of a text."""
    try:
        key.verify(bytes.fromhex(signature), text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(encoded: str) -> RSAPublicKey | None:
    """Return an RSA key from its DER (PKCS #1 or SubjectPublicKeyInfo) in base64; None where it is none."""
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except Exception:  # noqa: BLE001 - the library raises what it likes for what is no key
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _name(path: str) -> str:
    """Return the name of a file, whatever packed it."""
    return path.rpartition("/")[2].removesuffix(".gz")


def _chain(path: str) -> str:
    found = _CHAIN.fullmatch(path)
    return f"{found['folder']}{found['name']}" if found else path.rpartition("/")[0]
