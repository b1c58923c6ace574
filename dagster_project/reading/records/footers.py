"""What a Parquet footer says of a file: rows, sizes and places of its columns, and the accounts where statistics tell them.

The footer is read here and not by Arrow, which reads the last 64 KiB of a file, content too, and ends the process where the metadata of a
column is encrypted (apache/parquet-format, parquet.thrift and Encryption.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from dagster_project.errors import StoreError
from dagster_project.reading.records import thrift
from dagster_project.reading.records.thrift import BINARY, I32, I64, LIST, STRUCT, Struct

MARK = b"PAR1"
ENCRYPTED_MARK = b"PARE"
_INT32, _INT64, _BYTES, _FIXED = 1, 2, 6, 7
_UTF8, _ENUM, _UNSIGNED, _INTEGERS = 0, 4, range(11, 15), range(11, 19)  # converted types
_STRING_TYPE, _ENUM_TYPE, _INTEGER_TYPE, _NULL_TYPE, _UUID_TYPE = 1, 4, 10, 11, 14  # logical types
_REPEATED = 2
AccountKind = Literal["text", "signed", "unsigned", "uuid", "none"]  # none: a column of nulls


@dataclass(frozen=True)
class Chunk:
    """A column of a row group: where it lies and how large it is."""

    path: str
    begin: int
    bytes: int
    stored_bytes: int
    meta: Struct
    is_encrypted: bool

    @property
    def end(self) -> int:
        """Return where its pages end."""
        return self.begin + self.stored_bytes


@dataclass(frozen=True)
class Group:
    """A row group."""

    rows: int
    chunks: tuple[Chunk, ...]

    @property
    def bytes(self) -> int:
        """Return the uncompressed size of its values."""
        return sum(chunk.bytes for chunk in self.chunks)

    @property
    def stored_bytes(self) -> int:
        """Return its size on disk."""
        return sum(chunk.stored_bytes for chunk in self.chunks)


@dataclass(frozen=True)
class Account:
    """The column that names the account: which of the leaves it is, how ids are written, and its schema from the root down."""

    index: int
    kind: AccountKind
    schema: tuple[Struct, ...]


class Footer:
    """A footer, given its bytes. Raises ValueError where they are none."""

    def __init__(self, body: bytes) -> None:
        self._fields = thrift.parsed(body)
        self._schema: list[Struct] = [element for _, element in self._get(self._fields, 2)]
        self.groups = tuple(self._group(fields) for _, fields in self._get(self._fields, 4))

    @staticmethod
    def _get(fields: Struct, number: int) -> Any:
        if number not in fields:
            raise ValueError("a field that must be there is missing")
        return fields[number][1]

    def _group(self, fields: Struct) -> Group:
        chunks = tuple(self._chunk(chunk) for _, chunk in self._get(fields, 1))
        rows = self._get(fields, 3)
        if rows < 0 or any(min(chunk.bytes, chunk.stored_bytes) < 0 for chunk in chunks):
            raise ValueError("a size is below zero")
        return Group(rows, chunks)

    def _chunk(self, fields: Struct) -> Chunk:
        meta: Struct = self._get(fields, 3)
        path = ".".join(part.decode() for _, part in self._get(meta, 3))
        pages = [meta[number][1] for number in (9, 11) if number in meta and meta[number][1] > 0]
        return Chunk(path, min(pages, default=0), self._get(meta, 6), self._get(meta, 7), meta, 8 in fields)

    def account(self, name: str, place: str) -> Account:
        """Return the column of that name, `customer.id` where it lies inside another. Raises StoreError where it can name no account."""
        for index, (path, schema) in enumerate(self._leaves()):
            if path == name and not any(element.get(3, (I32, 0))[1] == _REPEATED for element in schema):
                kind = _kind(schema[-1])
                if kind is None:
                    raise StoreError(place, f"column {name} holds neither text nor whole numbers nor UUIDs; name the account column in [stores]", "column_type")
                return Account(index, kind, schema)
        raise StoreError(place, f"there is no column {name}; name the account column in [stores]", "column_missing")

    def _leaves(self) -> Iterator[tuple[str, tuple[Struct, ...]]]:
        """Yield the path and the schema elements of each leaf; the root has no name."""
        elements = iter(self._schema)

        def below(element: Struct, above: tuple[Struct, ...], names: tuple[str, ...]) -> Iterator[tuple[str, tuple[Struct, ...]]]:
            children = element.get(5, (I32, 0))[1]
            if not children:
                yield ".".join(names), (*above, element)
            for _ in range(children):
                child = next(elements, None)
                if child is None or len(names) > 30:
                    raise ValueError("the schema ends early, or lies too deep")
                yield from below(child, (*above, element), (*names, self._get(child, 4).decode()))

        for root in elements:
            yield from below(root, (), ())


def sole_account(group: Group, account: Account) -> str | None:
    """Return the one account of a row group where its statistics say that there is but one; None where they don't."""
    statistics: Struct = group.chunks[account.index].meta.get(12, (STRUCT, {}))[1]
    least, most, nulls = (statistics.get(number, (0, None))[1] for number in (6, 5, 3))
    if least is None or least != most or nulls != 0:
        return None
    if account.kind == "text":
        return str(least, "utf-8")
    return None if account.kind == "uuid" else str(int.from_bytes(least, "little", signed=account.kind == "signed"))


def alone(group: Group, account: Account, pages: bytes) -> bytes:
    """Return a Parquet file that holds the account column of one row group and nothing else, made of its pages."""
    chunk = group.chunks[account.index]
    moved = {number: (kind, value - chunk.begin + len(MARK) if number in (9, 11) and value > 0 else value) for number, (kind, value) in chunk.meta.items()}
    kept = {number: moved[number] for number in (1, 2, 3, 4, 5, 6, 7, 9, 11) if number in moved}
    schema = [{**element, 5: (I32, 1)} if element is not account.schema[-1] else element for element in account.schema]
    column: Struct = {2: (I64, len(MARK)), 3: (STRUCT, kept)}
    row_group: Struct = {1: (LIST, [(STRUCT, column)]), 2: (I64, chunk.bytes), 3: (I64, group.rows)}
    footer = thrift.written({1: (I32, 2), 2: (LIST, [(STRUCT, each) for each in schema]), 3: (I64, group.rows), 4: (LIST, [(STRUCT, row_group)]), 6: (BINARY, b"glasshouse")})
    return MARK + pages + footer + len(footer).to_bytes(4, "little") + MARK


def _kind(element: Struct) -> AccountKind | None:
    """Return how a schema element writes ids; None where it cannot be an id."""
    physical, converted = element.get(1, (I32, None))[1], element.get(6, (I32, None))[1]
    logical: Struct = element.get(10, (STRUCT, {}))[1]
    told = next(iter(logical), None)
    if physical in (_INT32, _INT64) and converted in (None, *_INTEGERS) and told in (None, _INTEGER_TYPE):
        return "unsigned" if converted in _UNSIGNED or not logical.get(told or 0, (STRUCT, {}))[1].get(2, (0, True))[1] else "signed"
    if physical == _BYTES and converted in (None, _UTF8, _ENUM) and told in (None, _STRING_TYPE, _ENUM_TYPE):
        return "text"
    if told == _NULL_TYPE:
        return "none"
    return "uuid" if physical == _FIXED and told == _UUID_TYPE else None
