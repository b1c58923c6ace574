"""What a Parquet footer says of a file: rows, sizes and places of its columns, and the accounts where statistics tell them.

The footer is read here and not by Arrow, which reads the last 64 KiB of a file, content too, and ends the process where the metadata of a
column is encrypted (apache/parquet-format, parquet.thrift and the page on encryption).
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
        fields = thrift.parsed(body)
        self._schema: list[Struct] = _all(fields, 2, STRUCT)
        self.groups = tuple(_group(group) for group in _all(fields, 4, STRUCT))

    def account(self, name: str, place: str) -> Account:
        """Return the column of that name, `customer.id` where it lies inside another. Raises StoreError where it can name no account."""
        for index, (path, schema) in enumerate(self._leaves()):
            if path == name and not any(element.get(3, (I32, 0))[1] == _REPEATED for element in schema):
                kind = _kind(schema[-1])
                if kind is None:
                    raise StoreError(place, f"column {name} holds neither text nor whole numbers nor UUIDs; name the account column in [stores]", "column_type")
                if any(index >= len(group.chunks) or group.chunks[index].path != name for group in self.groups):
                    raise StoreError(place, "the footer's row groups have other columns than its schema; deliver it again", "damaged")
                return Account(index, kind, schema)
        raise StoreError(place, f"there is no column {name}; name the account column in [stores]", "column_missing")

    def _leaves(self) -> Iterator[tuple[str, tuple[Struct, ...]]]:
        """Yield the path and the schema elements of each leaf; the root has no name."""
        elements = iter(self._schema)

        def below(element: Struct, above: tuple[Struct, ...], names: tuple[str, ...]) -> Iterator[tuple[str, tuple[Struct, ...]]]:
            children = _one(element, 5, I32) if 5 in element else 0
            if not children:
                yield ".".join(names), (*above, element)
            for _ in range(children):
                child = next(elements, None)
                if child is None or len(names) > 30:
                    raise ValueError("the schema ends early, or lies too deep")
                yield from below(child, (*above, element), (*names, _one(child, 4, BINARY).decode()))

        for root in elements:
            yield from below(root, (), ())


def _one(fields: Struct, number: int, kind: int) -> Any:
    """Return a field's value. Raises ValueError where it is missing or of another type."""
    found, value = fields.get(number, (None, None))
    if found != kind:
        raise ValueError("a field is missing, or of another type")
    return value


def _all(fields: Struct, number: int, kind: int) -> list[Any]:
    """Return a list's values. Raises ValueError where it is missing or they are of another type."""
    values: list[thrift.Value] = _one(fields, number, LIST)
    if any(found != kind for found, _ in values):
        raise ValueError("a list is of another type")
    return [value for _, value in values]


def _group(fields: Struct) -> Group:
    group = Group(_one(fields, 3, I64), tuple(_chunk(chunk) for chunk in _all(fields, 1, STRUCT)))
    if group.rows < 0 or any(min(chunk.begin, chunk.bytes, chunk.stored_bytes) < 0 for chunk in group.chunks):
        raise ValueError("a size is below zero")
    return group


def _chunk(fields: Struct) -> Chunk:
    meta: Struct = _one(fields, 3, STRUCT)
    path = ".".join(part.decode() for part in _all(meta, 3, BINARY))
    pages = [_one(meta, number, I64) for number in (9, 11) if number in meta]
    return Chunk(path, min((page for page in pages if page), default=0), _one(meta, 6, I64), _one(meta, 7, I64), meta, 8 in fields)


def sole_account(group: Group, account: Account) -> str | None:
    """Return the one account of a row group where its statistics say that there is but one; None where they don't."""
    meta = group.chunks[account.index].meta
    statistics: Struct = _one(meta, 12, STRUCT) if 12 in meta else {}
    if not {3, 5, 6} <= set(statistics):
        return None
    least, most, nulls = _one(statistics, 6, BINARY), _one(statistics, 5, BINARY), _one(statistics, 3, I64)
    if least != most or nulls:
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
    logical: Struct = _one(element, 10, STRUCT) if 10 in element else {}
    told = next(iter(logical), None)
    if physical in (_INT32, _INT64) and converted in (None, *_INTEGERS) and told in (None, _INTEGER_TYPE):
        width: Struct = _one(logical, _INTEGER_TYPE, STRUCT) if logical else {}
        return "unsigned" if converted in _UNSIGNED or not width.get(2, (0, True))[1] else "signed"
    if physical == _BYTES and converted in (None, _UTF8, _ENUM) and told in (None, _STRING_TYPE, _ENUM_TYPE):
        return "text"
    if told == _NULL_TYPE:
        return "none"
    return "uuid" if physical == _FIXED and told == _UUID_TYPE else None
