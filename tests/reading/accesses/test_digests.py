"""CloudTrail vouches for its own log: what is missing or was changed is a hole over exactly its time, whatever came in which order."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.services.cloudtrail import ADAPTER
from dagster_project.reading.accesses.services.digest_chains import proofs
from dagster_project.reading.files import Body

KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
BEGIN = datetime(2026, 3, 10, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
PREFIX = "AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/03/10/111122223333_CloudTrail-Digest_eu-central-1_audit_eu-central-1_"


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _der(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


KEYS = json.dumps({"PublicKeyList": [{"Value": base64.b64encode(_der(KEY)).decode(), "Fingerprint": "00"}]}).encode()


@dataclass
class Trail:
    """Files as a trail of so many hours delivers them: a log file and a digest each hour."""

    hours: int = 4
    signed_by: rsa.RSAPrivateKey = KEY
    logs: dict[int, bytes] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    signatures: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        previous: dict[str, Any] = {f"previousDigest{name}": None for name in ("S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature")}
        for hour in range(self.hours):
            begin = BEGIN + hour * HOUR
            self.logs[hour] = json.dumps(
                {"Records": [{"eventVersion": "1.11", "eventTime": _iso(begin), "eventID": f"e{hour}", "eventCategory": "Data", "eventSource": "s3.amazonaws.com"}]}
            ).encode()
            end = _iso(begin + HOUR)
            document = {
                "awsAccountId": "111122223333", "digestStartTime": _iso(begin), "digestEndTime": end, "digestS3Bucket": "example-trail", "digestS3Object": self.name(hour),
                "digestPublicKeyFingerprint": "00", "digestSignatureAlgorithm": "SHA256withRSA", **previous,
                "logFiles": [{"s3Bucket": "example-trail", "s3Object": self.log_name(hour), "hashValue": hashlib.sha256(self.logs[hour]).hexdigest(), "hashAlgorithm": "SHA-256",
                              "oldestEventTime": _iso(begin + timedelta(minutes=5)), "newestEventTime": _iso(begin + timedelta(minutes=50))}],
            }  # fmt: skip
            self.digests[hour] = json.dumps(document).encode()
            sha256 = hashlib.sha256(self.digests[hour]).hexdigest()
            text = f"{end}\nexample-trail/{self.name(hour)}\n{sha256}\n{previous['previousDigestSignature'] or 'null'}"
            self.signatures[hour] = self.signed_by.sign(text.encode(), PKCS1v15(), SHA256()).hex()
            previous = {
                "previousDigestS3Bucket": "example-trail", "previousDigestS3Object": self.name(hour), "previousDigestHashValue": sha256,
                "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": self.signatures[hour],
            }  # fmt: skip

    @staticmethod
    def name(hour: int) -> str:
        """Return the place of the digest of an hour."""
        return f"{PREFIX}{BEGIN + (hour + 1) * HOUR:%Y%m%dT%H%M%SZ}.json.gz"

    @staticmethod
    def log_name(hour: int) -> str:
        """Return the place of the log file of an hour."""
        return f"AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/10/111122223333_CloudTrail_eu-central-1_{hour}.json.gz"

    def said(self, keys: bytes | None = KEYS, *, last_is_signed: bool = True) -> list[Attestation]:
        """Return what all the files say, the newest first: order must not matter."""
        files = {**{self.name(hour): body for hour, body in self.digests.items()}, **{self.log_name(hour): body for hour, body in self.logs.items()}}
        if last_is_signed:
            files[f"{self.name(self.hours - 1)}.signature"] = self.signatures[self.hours - 1].encode()
        if keys is not None:
            files["keys/eu-central-1.json"] = keys
        said: list[Attestation] = []
        for name, body in reversed(files.items()):
            read = ADAPTER.read(Body.held(body), Given("cloudtrail", name))
            assert (read.lines, read.rejects.num_rows) == (1, 0)
            said += read.attestations
        return said


def _proven(said: list[Attestation]) -> list[tuple[str, float | None, float | None]]:
    """Return rules and the hours after BEGIN that they cover."""
    return [(each.rule, _hours(each.begin), _hours(each.end)) for each in proofs(said)]


def _hours(at: datetime | None) -> float | None:
    return None if at is None else (at - BEGIN) / HOUR


def test_a_whole_chain_proves_no_hole() -> None:
    """What is all there must not be doubted."""
    assert _proven(Trail().said()) == []


@pytest.mark.parametrize("missing", [[0], [1], [2], [1, 2], [0, 1]])
def test_missing_digests_are_a_hole_over_their_hours(missing: list[int]) -> None:
    """Also two in a row; before the first delivered digest only the hour that it says had one."""
    trail = Trail()
    for hour in missing:
        del trail.digests[hour]
    first = missing[-1] if 0 in missing else missing[0]
    unsigned = [("digest_unsigned", first - 1, first)] if 0 not in missing else []  # whose signature stands in the missing one
    assert _proven(trail.said()) == [("digest_missing", first, missing[-1] + 1), *unsigned]


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_log_file_that_is_missing_or_changed_is_a_hole_over_its_entries(is_changed: bool) -> None:
    """Its newest entry stands for a whole second."""
    trail = Trail()
    if is_changed:
        trail.logs[2] = trail.logs[2].replace(b"e2", b"e9")
    else:
        del trail.logs[2]
    (proof,) = proofs(trail.said())
    assert proof.rule == ("log_file_changed" if is_changed else "log_file_missing")
    assert (proof.object, proof.begin, proof.end) == (
        "example-trail/" + trail.log_name(2),
        BEGIN + 2 * HOUR + timedelta(minutes=5),
        BEGIN + 2 * HOUR + timedelta(minutes=50, seconds=1),
    )


@pytest.mark.parametrize(("hour", "rule"), [(1, "digest_changed"), (3, "digest_signature_wrong")])
def test_a_changed_digest_vouches_for_nothing(hour: int, rule: str) -> None:
    """The next digest knows its hash; the newest one is known by its signature."""
    trail = Trail()
    trail.digests[hour] = trail.digests[hour].replace(b"SHA256withRSA", b"SHA256withRSa")
    assert _proven(trail.said()) == [(rule, hour, hour + 1)]


def test_signatures_of_another_key_are_wrong() -> None:
    """Whoever rewrites the whole chain has not the vendor's key."""
    assert _proven(Trail(signed_by=OTHER_KEY).said()) == [("digest_signature_wrong", hour, hour + 1) for hour in range(4)]


def test_what_cannot_be_verified_yet_is_told() -> None:
    """The newest digest is signed by what stands beside it or by the next one; no hole follows from waiting."""
    assert _proven(Trail().said(last_is_signed=False)) == [("digest_unverified", None, None)]
    assert _proven(Trail().said(keys=None)) == [("no_public_key", None, None)]


def test_a_digest_that_nobody_signed_vouches_for_nothing_once_others_follow() -> None:
    """Whoever takes the next digest away takes its signature, too, and could write this one anew; delivered beside it, it is signed again."""
    trail = Trail()
    del trail.digests[2]
    assert _proven(trail.said()) == [("digest_missing", 2, 3), ("digest_unsigned", 1, 2)]
    signed = ADAPTER.read(Body.held(trail.signatures[1].encode()), Given("cloudtrail", f"{trail.name(1)}.signature")).attestations
    assert _proven([*trail.said(), *signed]) == [("digest_missing", 2, 3)]


def test_logging_that_was_stopped_is_a_hole() -> None:
    """A digest that names none before it begins a new chain."""
    trail = Trail(hours=2)
    later = json.loads(trail.digests[0]) | {"digestStartTime": _iso(BEGIN + 5 * HOUR), "digestEndTime": _iso(BEGIN + 6 * HOUR), "digestS3Object": trail.name(5), "logFiles": []}
    trail.digests[5] = json.dumps(later).encode()
    assert _proven(trail.said()) == [("logging_stopped", 2, 5), ("digest_unverified", None, None)]


def test_what_comes_late_fills_its_hole() -> None:
    """Holes follow from all that was ever said, not from one delivery."""
    trail = Trail()
    late = trail.digests.pop(1)
    before = trail.said()
    assert _proven(before) == [("digest_missing", 1, 2), ("digest_unsigned", 0, 1)]
    assert _proven([*before, *ADAPTER.read(Body.held(late), Given("cloudtrail", trail.name(1))).attestations]) == []


@pytest.mark.parametrize("encode", [
    lambda: KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1), lambda: KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    lambda: _der(KEY), lambda: base64.b64encode(_der(KEY)), lambda: KEYS,
])  # fmt: skip
def test_public_keys_in_every_form(encode: Any) -> None:
    """PEM of both kinds, DER, its base64, and the answer of ListPublicKeys."""
    assert _proven(Trail().said(keys=encode())) == []


@pytest.mark.parametrize(("name", "body"), [("keys/k.pem", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), ("d.json", b'{"digestS3Object": "x", "logFiles": 3}')])
def test_what_says_nothing_is_refused(name: str, body: bytes) -> None:
    """A key that is none must not pass for one."""
    read = ADAPTER.read(Body.held(body), Given("cloudtrail", name))
    assert (read.lines, read.rejects["reason"].to_pylist(), read.attestations) == (1, ["no_match"], ())


@pytest.mark.parametrize("body", [json.dumps({"Metadata": {"signature": "ab" * 256}}).encode(), b"ab" * 256 + b"\n"])
def test_signatures_beside_a_digest(body: bytes) -> None:
    """The answer of head-object, or the signature alone."""
    (said,) = ADAPTER.read(Body.held(body), Given("cloudtrail", "x/d.json.gz.metadata.json")).attestations
    assert (said.says, said.object, said.signature) == ("signature", "x/d.json.gz", "ab" * 256)
