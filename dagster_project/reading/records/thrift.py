"""Thrift's compact protocol, in which Parquet writes its footers: bytes to plain values and back (apache/thrift, doc/specs: Thrift compact protocol)."""

from dataclasses import dataclass
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
_DEEPEST = 32

Value = tuple[int, Any]  # its type, and an int, bytes, bool, list of values or struct
Struct = dict[int, Value]  # by field id


def parsed(body: bytes) -> Struct:
    """Return the struct at the begin of `body`; what follows it is not looked at. Raises ValueError where it is none."""
    try:
        return _Cursor(body).struct(0)
    except IndexError:
        raise ValueError("the struct ends early") from None


def written(fields: Struct) -> bytes:
    """Return a struct as bytes."""
    parts, last = [], 0
    for number, (kind, value) in sorted(fields.items()):
        told = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        step = number - last
        parts.append(bytes([step << 4 | told]) if 0 < step <= 15 else bytes([told]) + _varint(_zigzag(number)))
        parts.append(b"" if kind in (TRUE, FALSE) else _body(kind, value))
        last = number
    return b"".join([*parts, b"\0"])


def _body(kind: int, value: Any) -> bytes:
    if kind == STRUCT:
        return written(value)
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind in (LIST, SET):
        inside = value[0][0] if value else STRUCT
        head = bytes([len(value) << 4 | inside]) if len(value) < 15 else bytes([0xF0 | inside]) + _varint(len(value))
        return head + b"".join(bytes([1 if each else 2]) if inside in (TRUE, FALSE) else _body(inside, each) for _, each in value)
    if kind in (I16, I32, I64):
        return _varint(_zigzag(value))
    return bytes(value)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


@dataclass
class _Cursor:
    """Where in the bytes the next value begins."""

    body: bytes
    at: int = 0

    def struct(self, depth: int) -> Struct:
        if depth > _DEEPEST:
            raise ValueError("structs lie too deep")
        fields: Struct = {}
        number = 0
        while head := self._byte():
            step = head >> 4
            number = number + step if step else self._number()
            fields[number] = (head & 0x0F, self._value(head & 0x0F, depth))
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (I32, I64, I16):
            return self._number()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind in (LIST, SET):
            return self._list(depth)
        if kind in (BYTE, DOUBLE):
            return self._bytes(1 if kind == BYTE else 8)
        raise ValueError("a type that footers do not have")

    def _list(self, depth: int) -> list[Value]:
        head = self._byte()
        kind, count = head & 0x0F, head >> 4
        if count == 15:
            count = self._varint()
        if count > len(self.body) - self.at:
            raise ValueError("a list is longer than what is left")
        if kind in (TRUE, FALSE):
            return [(kind, self._byte() == 1) for _ in range(count)]
        return [(kind, self._value(kind, depth)) for _ in range(count)]

    def _byte(self) -> int:
        self.at += 1
        return self.body[self.at - 1]

    def _bytes(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.body):
            raise ValueError("a text ends early")
        return self.body[self.at - length : self.at]

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self.body[self.at]
            self.at += 1
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
            shift += 7
            if shift > 63:
                raise ValueError("a number is too long")

    def _number(self) -> int:
        found = self._varint()
        return found >> 1 ^ -(found & 1)
