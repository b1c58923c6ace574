"""Reads what is delivered beside CloudTrail's log files: digests, their signatures and the public keys; none of them is an access."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.events import OTHERS, Events, Given
from dagster_project.reading.accesses.fields import text_at, values
from dagster_project.reading.accesses.reader import COLUMNS
from dagster_project.reading.accesses.services.digest_chains import public_key
from dagster_project.reading.files import Body
from dagster_project.reading.instants import parsed
from dagster_project.reading.ledgers import schema
from dagster_project.reading.rejects import Place, rejected

_PEM = re.compile(r"-----BEGIN (?:RSA )?PUBLIC KEY-----([^-]*)-----END (?:RSA )?PUBLIC KEY-----")
_HEX = re.compile(rb"\s*([0-9a-fA-F]{256,1024})\s*")
_METADATA = ("Metadata.signature", "signature", "x-amz-meta-signature", "Metadata.x-amz-meta-signature")
_LONGEST_SIGNATURE = 4096
_MOST_BYTES = 1 << 24  # of a digest, which has some 300 for each log file of an hour
_OF_SIGNATURES = re.compile(r"\.(signature|sig|metadata|meta|head)(\.json|\.txt)?$")


def read(file: Body, given: Given) -> Events | None:
    """Return what a digest, a signature or a file of keys attests; None for a log file."""
    body = file.head(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        return None
    if given.name.startswith("keys/") or b"-----BEGIN" in body[:64]:
        return _beside("public_keys", given, _keys(body))
    document = _object(body) if body.lstrip()[:1] == b"{" else {}
    if document is None:
        return None
    if "digestS3Object" in document:
        return _beside("digest", given, _digest(document, body))
    if "PublicKeyList" in document:
        return _beside("public_keys", given, _keys(body))
    signature = _HEX.fullmatch(body if len(body) < _LONGEST_SIGNATURE else b"") or _HEX.fullmatch((text_at(document, *_METADATA) or "").encode())
    return _beside("signature", given, [Attestation("signature", _signed(given.name), signature=signature[1].decode().lower())]) if signature else None


def _beside(name: str, given: Given, attestations: Iterable[Attestation]) -> Events:
    """Return the one entry of a file beside the log files; refused where it says nothing that can be read."""
    said = tuple(attestations)
    rows = native.completed(schema(COLUMNS).empty_table().combine_chunks(), given.source, given.zones)
    if not said:
        return Events(rows, rejected([(Place(1, None, None), "no_match")]), has_lines=False, form=name)
    others = pa.Table.from_pylist([{"line_number": 1, "name": name}], OTHERS)
    return Events(rows, rejected([]), others, has_lines=False, form=name, attestations=said)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and "Records" not in found else None


def _digest(document: dict[str, Any], body: bytes) -> Iterator[Attestation]:
    """Yield what a digest says; its hash is that of its own bytes, decompressed."""
    own = _place(document, "digestS3Bucket", "digestS3Object")
    begin, end = _instant(document, "digestStartTime"), _instant(document, "digestEndTime")
    if not own or begin is None or end is None:
        return
    yield Attestation("digest", own, hashlib.sha256(body).hexdigest(), begin, end)
    if before := _place(document, "previousDigestS3Bucket", "previousDigestS3Object"):
        yield Attestation("previous", before, text_at(document, "previousDigestHashValue"), signature=text_at(document, "previousDigestSignature"), digest=own)
    for log in values(document, "logFiles"):
        if name := _place(log, "s3Bucket", "s3Object"):
            yield Attestation("log", name, text_at(log, "hashValue"), _instant(log, "oldestEventTime"), _instant(log, "newestEventTime"), digest=own)


def _place(fields: Any, bucket: str, key: str) -> str | None:
    return f"{text_at(fields, bucket) or ''}/{name}" if (name := text_at(fields, key)) else None


def _instant(fields: Any, path: str) -> datetime | None:
    stamp = parsed(text_at(fields, path) or "")
    return stamp if stamp and stamp.tzinfo else None


def _keys(body: bytes) -> Iterator[Attestation]:
    """Yield the keys of PEM blocks, of the answer of ListPublicKeys, or of DER as it is."""
    written = body.decode("utf-8", "replace")
    found = ["".join(block.split()) for block in _PEM.findall(written)]
    if document := _object(body):
        found += [value for entry in [document, *values(document, "PublicKeyList")] if (value := text_at(entry, "Value"))]
    found += [base64.b64encode(body).decode(), "".join(written.split())] if not found else []
    for each in dict.fromkeys(found):
        if public_key(each):
            yield Attestation("key", each)


def _signed(name: str) -> str:
    """Return the name of the digest that a signature stands beside."""
    return _OF_SIGNATURES.sub("", name)
