"""What is made of each distinct text of a log's columns: closed sets, numbers and places in a list of accounts; the text stays behind."""

import re
from collections.abc import Callable, Collection
from typing import Any

import polars as pl
import pyarrow as pa

from dagster_project.scrubbing import protocols
from dagster_project.scrubbing.agents import agent
from dagster_project.scrubbing.detectors import PERSONAL, card_numbers, kinds, may_hold_cards
from dagster_project.scrubbing.memory import CLOSED, Combination, Memory
from dagster_project.scrubbing.people import People
from dagster_project.scrubbing.referrers import alike, referrer
from dagster_project.scrubbing.targets import Target, Targets
from dagster_project.scrubbing.telling import is_telling
from dagster_project.scrubbing.tokens import BLOCK, context_block

CARDS = {"cards": pa.int32()}  # how many card numbers the text itself holds (CE-2)


class Accounts:
    """The account ids met in a run, each with its number from 0."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._numbers: dict[str, int] = {}
        self._names = pa.array([""])

    def number(self, name: str | None) -> int | None:
        """Return the number of an account id of the ledger; without a ledger, of whatever is shaped like an id and names nobody."""
        return self._known(name) if name and (name in self._people.accounts if self._people.accounts else _is_id(name)) else None

    def number_in_path(self, name: str | None) -> int | None:
        """Return the number of an account named by a path: anybody can write one, so without a ledger it is none if its form may tell of a person (a UUID may not)."""
        is_believed = bool(name) and (bool(self._people.accounts) or not is_telling(str(name)) or "uuid" in kinds(str(name)))
        return self.number(name) if is_believed else None

    def number_of_user(self, name: str) -> int | None:
        """Return the number of a user's only account."""
        accounts = self._people.user_accounts(name)
        return self._known(accounts[0]) if len(accounts) == 1 else None

    def number_of_host(self, text: str) -> int | None:
        """Return the number of the account whose host it is."""
        name = self._people.account_of_host(protocols.bare_host(text))
        return self._known(name) if name else None

    def named(self, numbers: pa.Array) -> pa.Array:
        """Return the account ids of a column of numbers."""
        if len(self._names) <= len(self._numbers):
            self._names = pa.array([*self._numbers, ""])
        return pa.DictionaryArray.from_arrays(numbers, self._names)

    def _known(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers))


def _is_id(name: str) -> bool:
    return bool(re.fullmatch(r"[\w.:-]{1,64}", name)) and not kinds(name) & PERSONAL


def cards(text: str | None) -> int:
    """Return how many card numbers a text holds."""
    return card_numbers(text) if text else 0


def methods() -> Memory:
    """Remember methods: what is shown of one, and whether it is one at all."""

    def made(text: str | None) -> tuple[object, ...]:
        return protocols.method(text), text in protocols.METHODS, protocols.is_method(text), text == "CONNECT", cards(text)

    return Memory(made, {"method": CLOSED, "is_known": pa.bool_(), "is_method": pa.bool_(), "is_connect": pa.bool_(), **CARDS})


def versions() -> Memory:
    """Remember protocol versions."""
    return Memory(lambda text: (protocols.protocol(text),), {"protocol": CLOSED})


def agents() -> Memory:
    """Remember agents: browser, system, device class, whether it is a program, and its part of the visitor token."""

    def made(text: str | None) -> tuple[object, ...]:
        found = agent(text)
        return found.browser, found.os, found.device_class, found.is_bot, found.ua_class, cards(text)

    return Memory(made, {"browser": CLOSED, "os": CLOSED, "device_class": CLOSED, "is_bot": pa.bool_(), "ua_class": pa.dictionary(pa.int32(), pa.binary()), **CARDS})


def users(accounts: Accounts, people: People) -> Memory:
    """Remember users: the account of a customer's user, the staff id of a member of staff."""

    def made(text: str | None) -> tuple[object, ...]:
        return (None, None, 0) if text is None else (accounts.number_of_user(text), people.staff_id(text), cards(text))

    return Memory(made, {"account": pa.int32(), "staff_id": CLOSED, **CARDS})


def logged_accounts(accounts: Accounts) -> Memory:
    """Remember what the log's own account field says."""
    return Memory(lambda text: (accounts.number(text), cards(text)), {"account": pa.int32(), **CARDS})


def hosts(accounts: Accounts, own_hosts: Collection[str]) -> Memory:
    """Remember hosts: the site's own ones, and the account that has one."""

    def made(text: str | None) -> tuple[object, ...]:
        return protocols.host(text, own_hosts), accounts.number_of_host(text) if text else None, cards(text)

    return Memory(made, {"host": CLOSED, "account": pa.int32(), **CARDS})


class Alike(Memory):
    """Remembers texts of which many say the same: what `make` makes of what `reduced` leaves of them; card numbers are looked for in each text itself."""

    def __init__(self, reduced: Callable[[pl.Series], pl.Series], make: Callable[[str | None], tuple[object, ...]], schema: dict[str, pa.DataType]) -> None:
        super().__init__(make, {**schema, **CARDS})
        self._reduced = reduced
        self._reductions = Memory(make, schema)

    def _made(self, new: list[Combination]) -> list[pa.Array]:
        texts = pl.Series([text for (text,) in new], dtype=pl.String)
        seen = self._reductions.see(self._reduced(texts).to_arrow())
        numbers = [cards(text) if may_hold else 0 for text, may_hold in zip(texts, may_hold_cards(texts), strict=True)]
        return [*seen.made.take(seen.rows).columns, pa.array(numbers, pa.int32())]


def referrers(own_hosts: frozenset[str]) -> Alike:
    """Remember referrers by their class."""
    return Alike(alike, lambda text: (referrer(text, own_hosts),), {"referrer": CLOSED})


def targets(read: Targets, accounts: Accounts, route_id: Callable[[str], int]) -> Alike:
    """Remember targets: the number of the route, the account in the path, and whether it is HTTP at all."""

    def made(text: str | None) -> tuple[object, ...]:
        target: Target = read.read(text)
        number = None if target.candidate is None else route_id(target.candidate)
        said = number, target.host, accounts.number_in_path(target.account), target.is_customer_record, target.other_query_names
        return *said, text in {None, "", "-"}, target.is_http, target.is_authority

    flags = dict.fromkeys(("is_missing", "is_http", "is_authority"), pa.bool_())
    return Alike(read.alike, made, {"route_id": pa.int64(), "host": CLOSED, "account": pa.int32(), "is_customer_record": pa.bool_(), "other_query_names": pa.int32(), **flags})


def contexts() -> Memory:
    """Remember the block of the visitor token that stands for account and agent class."""
    return Memory(lambda account_id, ua_class: (context_block(account_id or "", ua_class),), {"block": BLOCK})


def text_column(rows: pa.Table, name: str) -> pa.Array:
    """Return a column of texts, plain or coded, in one piece; of one that is missing, nulls."""
    return _whole(rows.column(name)) if name in rows.column_names else pa.nulls(rows.num_rows, pa.string())


def number_column(rows: pa.Table, name: str, of_type: Any) -> pa.Array:
    """Return a column of numbers or instants in one piece; of one that is missing, nulls."""
    return _whole(rows.column(name)).cast(of_type) if name in rows.column_names else pa.nulls(rows.num_rows, of_type)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece; what is in one is not copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
