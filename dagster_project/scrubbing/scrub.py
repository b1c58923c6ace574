"""Log rows in, contract rows out: every column is made anew from closed sets, numbers and tokens, so nothing passes unasked.

One Scrubber serves one run on one thread. Costly work touches each distinct value once and is remembered over pieces.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.scrubbing import columns, protocols
from dagster_project.scrubbing.addresses import Proxies
from dagster_project.scrubbing.clients import Clients, contributors
from dagster_project.scrubbing.columns import number_column, text_column
from dagster_project.scrubbing.contracts import REQUESTS, STAFF_REQUESTS, TIME, VISITS, encoded
from dagster_project.scrubbing.literals import Literals
from dagster_project.scrubbing.memory import Memory, Seen
from dagster_project.scrubbing.people import People
from dagster_project.scrubbing.targets import Targets
from dagster_project.scrubbing.tokens import blocks, by_day, halves, tokens
from dagster_project.settings import Settings

Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class Origin:
    """Where rows come from: an input of the landing folder."""

    input_id: str
    folder: str
    site: str


@dataclass(frozen=True)
class Scrubbed:
    """Rows of scrubbed.requests, scrubbed.visits and scrubbed.staff_requests; columns with few different texts are dictionary-encoded."""

    requests: pa.Table
    visits: pa.Table
    staff_requests: pa.Table


class _Site:
    """What is remembered of one site's columns."""

    def __init__(self, name: str, settings: Settings, accounts: columns.Accounts, route_id: Callable[[str, str], int]) -> None:
        site = settings.sites.of(name)
        own_hosts = frozenset(map(str.lower, site.own_hosts))
        read = Targets(site, settings.access.customer_record_routes, settings.accounts.path_patterns)
        self.clients = Clients(Proxies.of(site.trusted_proxies))
        self.texts: dict[str, Memory] = {
            "target": columns.targets(read, accounts, lambda candidate: route_id(name, candidate)),
            "host": columns.hosts(accounts, own_hosts),
            "referer": columns.referrers(own_hosts),
        }


class Scrubber:
    """Turns rows of a run into rows with no person in them."""

    def __init__(
        self,
        settings: Settings,
        people: People,
        day_key: Callable[[date], bytes | None],
        first_route_id: int = 1,
        learnt: Collection[tuple[str, str]] = (),
    ) -> None:
        self._settings = settings
        self._literals = Literals(settings.thresholds.literal_visitors, settings.thresholds.literal_accounts, first_route_id, learnt)
        self._sites: dict[str, _Site] = {}
        self._accounts = columns.Accounts(people)
        self._texts: dict[str, Memory] = {
            "method": columns.methods(),
            "http_version": columns.versions(),
            "user_agent": columns.agents(),
            "user": columns.users(self._accounts, people),
            "account": columns.logged_accounts(self._accounts),
        }
        self._contexts = columns.contexts()
        self._day_key = day_key

    def requests(self, rows: pa.Table, origin: Origin, first_line: int = 1) -> Scrubbed:
        """Return the contract rows of a piece, in its order; `rows` are those of `parse`, `first_line` the piece's first line."""
        site = self._site(origin.site)
        seen = {name: memory.see(text_column(rows, name)) for name, memory in (self._texts | site.texts).items()}
        seen["client"] = _clients(rows, site)
        numbers = self._account_numbers(seen)
        made = _of_lines(rows, first_line) | _of_texts(seen)
        made |= {name: pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows), [place]) for name, place in vars(origin).items()}
        made["account_id"] = self._accounts.named(numbers)
        made |= self._tokens(made, seen)
        asked = {"route_id": made["route_id"], "visitor": _contributors(seen["client"].column("address")), "account": numbers.cast(pa.int64())}
        self._literals.count(origin.site, pa.table(asked))
        requests = pa.Table.from_arrays([made[name] for name in REQUESTS.names], schema=encoded(REQUESTS))
        return Scrubbed(requests, _visits(made), _staff_requests(made, seen))

    def routes(self) -> pa.Table:
        """Return scrubbed.routes for every route_id given in this run; asked for once, at its end, when what is remembered of texts is needed no more."""
        self._sites.clear()
        self._texts.clear()
        return self._literals.routes()

    def learnt(self) -> list[tuple[str, str]]:
        """Return the (site, route prefix) literals that passed, for later runs."""
        return self._literals.learnt()

    def _site(self, name: str) -> _Site:
        if name not in self._sites:
            self._sites[name] = _Site(name, self._settings, self._accounts, self._literals.route_id)
        return self._sites[name]

    def _account_numbers(self, seen: dict[str, Seen]) -> pa.Array:
        """Return the number of each row's account: the first rule of `[accounts] rules` that names one decides."""
        found = [seen[RULES[rule]].column("account") for rule in self._settings.accounts.rules]
        return pc.coalesce(*found) if found else pa.nulls(len(seen["target"].rows), pa.int32())

    def _tokens(self, made: Columns, seen: dict[str, Seen]) -> Columns:
        """Return the visitor of each row, null where it counts for none (CR-7), and which rows came after their day was sealed."""
        clients = seen["client"].column("address")
        contexts = blocks(self._contexts.see(made["account_id"], seen["user_agent"].column("ua_class")).column("block"))
        addresses, found, is_late = blocks(clients), np.zeros_like(contexts), np.zeros(len(clients), np.bool_)
        for day, rows in by_day(made["day"]):
            key = self._day_key(day)
            is_late[rows] = key is None
            if key is not None:
                found[rows] = tokens(key)(addresses[rows], contexts[rows])
        counts_for_none = pc.or_(clients.is_null(), pc.or_(made["is_bot"], made["is_hostile"])).to_numpy(zero_copy_only=False)
        high, low = halves(found, is_late | counts_for_none)
        return {"visitor_high": high, "visitor_low": low, "is_late": pa.array(is_late)}


RULES = {"log": "account", "host": "host", "path": "target", "user": "user"}
"""The column that each rule of `[accounts] rules` looks at."""


def _clients(rows: pa.Table, site: _Site) -> Seen:
    claims = (text_column(rows, name) for name in ("forwarded_for", "client_list", "client_header"))
    return site.clients.see(text_column(rows, "client_ip"), *claims)


def _contributors(addresses: pa.Array) -> pa.Array:
    return pa.array(contributors(blocks(addresses)), mask=addresses.is_null().to_numpy(zero_copy_only=False))


def _of_lines(rows: pa.Table, first_line: int) -> Columns:
    """Return instants, line numbers and sizes; a status outside 100 to 599 is none, bytes below 0 are 0."""
    occurred_at = number_column(rows, "ts", TIME)
    status = number_column(rows, "status", pa.int16())
    is_status = pc.and_(pc.greater_equal(status, 100), pc.less_equal(status, 599))
    sent = pc.fill_null(number_column(rows, "bytes", pa.int64()), 0)
    return {
        "day": pc.cast(occurred_at, pa.date32()),
        "occurred_at": occurred_at,
        "line_number": pc.add(number_column(rows, "line_number", pa.int64()), first_line - 1),
        "status": pc.if_else(is_status, status, pa.scalar(None, pa.int16())),
        "bytes_sent": pc.max_element_wise(sent, 0).cast(pa.int64()),
        "duration_ms": pc.divide(number_column(rows, "duration_ns", pa.float64()), 1e6),
    }


def _of_texts(seen: dict[str, Seen]) -> Columns:
    """Return the columns that are numbers and closed sets; a request that is no HTTP has no route and no method."""
    asked = {
        "user_agent": ("browser", "os", "device_class", "is_bot"),
        "client": ("ip_version", "client_class", "client_source"),
        "http_version": ("protocol",),
        "referer": ("referrer",),
        "target": ("route_id", "other_query_names"),
        "method": ("method",),
    }
    made = {name: seen[text].column(name) for text, names in asked.items() for name in names}
    made["is_hostile"] = _is_hostile(seen["method"], seen["target"])
    if pc.any(made["is_hostile"]).as_py():
        made["method"] = pc.if_else(made["is_hostile"], protocols.OTHER_METHOD, made["method"].cast(pa.string())).dictionary_encode()
        made["route_id"] = pc.if_else(made["is_hostile"], pa.scalar(None, pa.int64()), made["route_id"])
    named, logged = seen["target"].column("host"), seen["host"].column("host")
    made["host"] = logged if named.null_count == len(named) else pc.coalesce(named.cast(pa.string()), logged.cast(pa.string())).dictionary_encode()
    cards = [each.column("cards") for name, each in seen.items() if name != "http_version" and each.has_any("cards")]
    made["card_numbers"] = reduce(pc.add, cards, pa.repeat(pa.scalar(0, pa.int32()), len(named)))
    return made


def _is_hostile(method: Seen, target: Seen) -> pa.Array:
    """No target and no known method, a target or method of no form of HTTP, or an authority (host:port) without CONNECT."""
    is_nothing = pc.and_not(target.column("is_missing"), method.column("is_known"))
    is_garbled = pc.or_(pc.invert(target.column("is_http")), pc.invert(method.column("is_method")))
    return pc.or_(pc.or_(is_nothing, is_garbled), pc.and_not(target.column("is_authority"), method.column("is_connect")))


def _visits(made: Columns) -> pa.Table:
    """Return the rows that came before their day was sealed."""
    rows = pa.Table.from_arrays([made[name] for name in VISITS.names], schema=encoded(VISITS))
    return rows.filter(pc.invert(made["is_late"])) if pc.any(made["is_late"]).as_py() else rows


def _staff_requests(made: Columns, seen: dict[str, Seen]) -> pa.Table:
    """Return the rows by members of staff, by id: the one user that keeps an identity."""
    staff_ids = seen["user"].column("staff_id")
    if staff_ids.null_count == len(staff_ids):
        return encoded(STAFF_REQUESTS).empty_table()
    told = made | {"staff_id": staff_ids, "is_customer_record": pc.and_not(seen["target"].column("is_customer_record"), made["is_hostile"])}
    rows = pa.Table.from_arrays([told[name] for name in STAFF_REQUESTS.names], schema=encoded(STAFF_REQUESTS))
    return rows.filter(staff_ids.is_valid())
