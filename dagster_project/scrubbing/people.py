"""Who is staff, a customer's user or grantor: names come in, and only staff ids and account ids go out."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import polars as pl
import pyarrow as pa


@dataclass(frozen=True, repr=False)  # names must not show in a traceback
class People:
    """What the ledgers staff, users, grantors and accounts say of names; names compare exactly, case included."""

    accounts: frozenset[str]
    _staff: Mapping[str, str]  # staff ids, and logins that exactly one member has
    _users: Mapping[str, tuple[str, ...]]
    _grantors: pl.DataFrame  # person, account, begin, end
    _hosts: Mapping[str, str]

    @classmethod
    def of(cls, staff: pa.Table, users: pa.Table, grantors: pa.Table, accounts: pa.Table) -> Self:
        """Build it from native rows of the four ledgers."""
        return cls(
            frozenset(accounts.column("account_id").to_pylist()),
            _staff_of(staff),
            _users_of(users),
            _grantors_of(grantors),
            _hosts_of(accounts),
        )

    def staff_id(self, name: str) -> str | None:
        """Return the member of staff of that id, else the only one with that login."""
        return self._staff.get(name)

    def user_accounts(self, name: str) -> tuple[str, ...]:
        """Return the accounts that a customer's user belongs to, sorted; none for a stranger."""
        return self._users.get(name, ())

    def account_of_host(self, host: str) -> str | None:
        """Return the account whose host it is; None where it is nobody's, or of several accounts."""
        return self._hosts.get(_host(host))

    def is_grantor(self, name: str, account_id: str, at: datetime) -> bool:
        """Tell whether a person may grant for an account at an instant."""
        return bool(self.are_grantors(pl.Series([name]), pl.Series([account_id]), pl.Series([at]))[0])

    def staff_ids(self, names: pl.Series) -> pl.Series:
        """Return `staff_id` of a column of names."""
        if not self._staff:
            return pl.Series(names.name, [None] * len(names), pl.String)
        return names.replace_strict(self._staff, default=None, return_dtype=pl.String)

    def users_accounts(self, names: pl.Series) -> pl.Series:
        """Return `user_accounts` of a column of names; null where there is none."""
        distinct = {name: list(self._users[name]) for name in names.unique() if name in self._users}
        found = [distinct.get(name) for name in names] if distinct else [None] * len(names)
        return pl.Series(names.name, found, pl.List(pl.String))

    def are_grantors(self, names: pl.Series, account_ids: pl.Series, at: pl.Series) -> pl.Series:
        """Return `is_grantor` of three columns; false where any is null."""
        asked = pl.DataFrame({"person": names, "account": account_ids, "at": at}).with_row_index("row")
        began = pl.col("begin").is_null() | (pl.col("begin") <= pl.col("at"))
        goes_on = pl.col("end").is_null() | (pl.col("at") < pl.col("end"))
        found = asked.drop_nulls().join(self._grantors, on=["person", "account"]).filter(began & goes_on)
        return asked["row"].is_in(found["row"].unique().implode())


def _staff_of(staff: pa.Table) -> dict[str, str]:
    members = defaultdict[str, set[str]](set)
    ids = staff.column("staff_id").to_pylist()
    for staff_id, logins in zip(ids, staff.column("logins").to_pylist(), strict=True):
        for login in logins or ():
            members[login].add(staff_id)
    sole = {login: next(iter(found)) for login, found in members.items() if len(found) == 1}
    return sole | {staff_id: staff_id for staff_id in ids}


def _users_of(users: pa.Table) -> dict[str, tuple[str, ...]]:
    accounts = defaultdict[str, set[str]](set)
    for user_id, account_id in zip(users.column("user_id").to_pylist(), users.column("account_id").to_pylist(), strict=True):
        accounts[user_id].add(account_id)
    return {user_id: tuple(sorted(found)) for user_id, found in accounts.items()}


def _grantors_of(grantors: pa.Table) -> pl.DataFrame:
    columns = {"person_id": "person", "account_id": "account", "valid_from": "begin", "valid_to": "end"}
    found = pl.DataFrame(pl.from_arrow(grantors.select(list(columns))))
    # A later row of a role may end it, never lengthen it.
    return found.rename(columns).group_by("person", "account", "begin", maintain_order=True).agg(pl.col("end").min())


def _hosts_of(accounts: pa.Table) -> dict[str, str]:
    owners = defaultdict[str, set[str]](set)
    ids, hosts = accounts.column("account_id").to_pylist(), accounts.column("hosts").to_pylist()
    for account_id, names in zip(ids, hosts, strict=True):
        for name in names or ():
            owners[_host(name)].add(account_id)
    return {name: next(iter(found)) for name, found in owners.items() if len(found) == 1}


def _host(name: str) -> str:
    """Host names ignore case and a last dot (RFC 4343)."""
    return name.rstrip(".").lower()
