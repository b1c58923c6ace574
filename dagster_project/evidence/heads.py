"""Signed tree heads: how many entries a ledger held, their root and when, under an Ed25519 signature (RFC 8032) that anyone can check."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from dagster_project.errors import UsageError
from dagster_project.evidence.merkle import canonical

FORMAT = "glasshouse-head/1"


@dataclass(frozen=True)
class Head:
    """The first `size` entries of a ledger have the root `root`; heads are numbered from 0. Hashes, key and signature are hex digits, `at` is the as-of of the run that signed."""

    number: int
    size: int
    root: str
    at: str
    key: str
    signature: str = ""

    def is_signed(self) -> bool:
        """Tell whether the signature is that of the key the head names."""
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key)).verify(bytes.fromhex(self.signature), _signed(self))
        except (InvalidSignature, ValueError):
            return False
        return True


def sign(private: bytes, number: int, size: int, root: bytes, at: str) -> Head:
    """Return a signed head; the private key is 32 bytes. The same key signs the same head with the same bytes."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    head = Head(number, size, root.hex(), at, public_key(private))
    return Head(**{**asdict(head), "signature": key.sign(_signed(head)).hex()})


def public_key(private: bytes) -> str:
    """Return the public key of a private one, as hex digits."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def pem(key: str) -> bytes:
    """Return a public key given as hex digits in the form that other programs read."""
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_pem(content: bytes) -> str:
    """Return the public key of a PEM file, as hex digits. Raises UsageError where it holds no Ed25519 key."""
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("the key is no Ed25519 public key in PEM; take HOME/evidence/key.pem, or the key.pem of a pack you trust")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def read(line: bytes) -> Head | None:
    """Return the head that a line of JSON tells; None where it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return None
    numbers, texts = [found.get(name) for name in ("number", "size")], [found.get(name) for name in ("root", "at", "key", "signature")]
    if not all(type(number) is int and number >= 0 for number in numbers) or not all(isinstance(text, str) and text.isascii() for text in texts):
        return None
    if not all(is_hex(found[name]) for name in ("root", "key", "signature")):
        return None
    return Head(**{name: found[name] for name in ("number", "size", "root", "at", "key", "signature")})


def is_hex(text: str) -> bool:
    """Tell whether a text is bytes as they are written here: two small hex digits each, and nothing between; `bytes.fromhex` takes more."""
    return re.fullmatch(r"(?:[0-9a-f]{2})*", text) is not None


def told(head: Head) -> dict[str, Any]:
    """Return the JSON object that tells a head."""
    return {"format": FORMAT, **asdict(head)}


def _signed(head: Head) -> bytes:
    """Return the bytes under the signature."""
    return canonical({name: value for name, value in told(head).items() if name != "signature"})
