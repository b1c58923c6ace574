"""Log rows in, contract rows out: every column is made anew from closed sets, numbers and tokens, so nothing passes unasked.

One Scrubber serves one run on one thread. Costly work touches each distinct value once and is remembered over pieces.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.scrubbing import protocols
from dagster_project.scrubbing.addresses import Client, Packed, Proxies, classify, client
from dagster_project.scrubbing.agents import Agent, agent
from dagster_project.scrubbing.contracts import REQUESTS, STAFF_REQUESTS
from dagster_project.scrubbing.detectors import PERSONAL, card_numbers, kinds
from dagster_project.scrubbing.distinct import Distinct, column, combined, merged, nothing, remembered
from dagster_project.scrubbing.literals import Literals
from dagster_project.scrubbing.measures import of_agents, of_clients, of_lines, of_protocol
from dagster_project.scrubbing.people import People
from dagster_project.scrubbing.referrers import referrer
from dagster_project.scrubbing.targets import Target, Targets
from dagster_project.scrubbing.tokens import part, tokens
from dagster_project.settings import Settings

# Columns of parse that a person could stand in.
TEXTS = ("client_ip", "forwarded_for", "method", "target", "host", "referer", "user", "user_agent", "http_version", "account")
WITH_CARDS = tuple(name for name in TEXTS if name not in {"client_ip", "http_version"})

Columns = dict[str, pa.Array]
Texts = dict[str, Distinct[Any]]


@dataclass(frozen=True)
class Origin:
    """Where rows come from: an input of the landing folder."""

    input_id: str
    folder: str
    site: str


@dataclass(frozen=True)
class Scrubbed:
    """Rows of scrubbed.requests and scrubbed.staff_requests."""

    requests: pa.Table
    staff_requests: pa.Table


class _Site:
    """What is known and remembered of one site."""

    def __init__(self, name: str, settings: Settings) -> None:
        site = settings.sites.of(name)
        self.own_hosts = frozenset(map(str.lower, site.own_hosts))
        self.vendor_headers = tuple(header.lower().replace("-", "_") for header in site.client_headers)
        self._proxies = Proxies.of(site.trusted_proxies)
        self._walked = lru_cache(50_000)(client)
        self.target = remembered(Targets(site, settings.access.customer_record_routes, settings.accounts.path_patterns).read)
        self.referrer = remembered(lambda text: referrer(text, self.own_hosts))

    def client(self, peer: str | None, forwarded: str | None, *vendors: str) -> tuple[Packed, Client]:
        """Return the client of a request that came by proxies; the walk through them is worth remembering."""
        return self._walked(peer, forwarded, self._proxies, *vendors[:1])


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
        self._people = people
        self._day_key = day_key
        self._literals = Literals(settings.thresholds.literal_visitors, settings.thresholds.literal_accounts, first_route_id, learnt)
        self._sites: dict[str, _Site] = {}
        self._agent = remembered(agent)
        self._cards = remembered(lambda text: card_numbers(text) if text else 0)

    def requests(self, rows: pa.Table, origin: Origin, first_line: int = 1) -> Scrubbed:
        """Return the contract rows of a piece, in its order; `rows` are those of `parse`, `first_line` the piece's first line."""
        site = self._site(origin.site)
        texts = {name: column(rows, name) for name in TEXTS}
        targets = Distinct([site.target(text) for text in texts["target"].values], texts["target"].codes)
        agents = Distinct([self._agent(text) for text in texts["user_agent"].values], texts["user_agent"].codes)
        addresses, clients = _clients(rows, texts, site)
        accounts = self._accounts(texts, targets)
        made = of_lines(rows, first_line) | of_agents(agents) | of_clients(clients) | of_protocol(texts, targets, site.own_hosts)
        made |= {name: pa.repeat(place, rows.num_rows) for name, place in vars(origin).items()}
        made["referrer"] = texts["referer"].spread([site.referrer(text) for text in texts["referer"].values], pa.string())
        made["account_id"] = accounts.spread(accounts.values, pa.string())
        made["card_numbers"] = self._card_numbers(texts)
        made["route_id"] = self._route_ids(origin.site, targets, made["is_hostile"])
        made |= self._visitors(made["day"], accounts, addresses, agents)
        self._count(origin.site, made["route_id"], addresses, accounts)
        requests = pa.Table.from_arrays([made[name] for name in REQUESTS.names], schema=REQUESTS)
        return Scrubbed(requests, self._staff_requests(made, texts["user"], targets))

    def routes(self) -> pa.Table:
        """Return scrubbed.routes for every route_id given in this run; asked for once, at its end."""
        return self._literals.routes()

    def learnt(self) -> list[tuple[str, str]]:
        """Return the (site, route prefix) literals that passed, for later runs."""
        return self._literals.learnt()

    @property
    def backstop_hits(self) -> int:
        """How many routes the last look of the detectors blanked; known after `routes`."""
        return self._literals.backstop_hits

    def _site(self, name: str) -> _Site:
        if name not in self._sites:
            self._sites[name] = _Site(name, self._settings)
        return self._sites[name]

    def _accounts(self, texts: Texts, targets: Distinct[Target]) -> Distinct[str | None]:
        """Return the account of each row: the first rule of `[accounts] rules` that names one decides."""
        found: list[Distinct[str | None]] = []
        for rule in self._settings.accounts.rules:
            match rule:
                case "log":
                    found.append(_mapped(texts["account"], self._known_account))
                case "host":
                    found.append(_mapped(texts["host"], lambda host: self._people.account_of_host(protocols.bare_host(host))))
                case "path":
                    found.append(Distinct([self._known_account(target.account) for target in targets.values], targets.codes))
                case "user":
                    found.append(_mapped(texts["user"], self._account_of_user))
        return combined(lambda *names: next(filter(None, names), None), *map(merged, found), nothing(len(targets.codes)))

    def _known_account(self, name: str | None) -> str | None:
        """Return an account id of the ledger; without a ledger, whatever is shaped like an id and names nobody."""
        if not name or self._people.accounts:
            return name if name in self._people.accounts else None
        return name if re.fullmatch(r"[\w.:-]{1,64}", name) and not kinds(name) & PERSONAL else None

    def _account_of_user(self, name: str) -> str | None:
        accounts = self._people.user_accounts(name)
        return accounts[0] if len(accounts) == 1 else None

    def _card_numbers(self, texts: Texts) -> pa.Array:
        total = pa.repeat(pa.scalar(0, pa.int32()), len(texts["target"].codes))
        for name in WITH_CARDS:
            counts = [self._cards(text) for text in texts[name].values]
            if any(counts):
                total = pc.add(total, texts[name].spread(counts, pa.int32()))
        return total

    def _route_ids(self, site: str, targets: Distinct[Target], is_hostile: pa.Array) -> pa.Array:
        numbers = [None if target.candidate is None else self._literals.route_id(site, target.candidate) for target in targets.values]
        return pc.if_else(is_hostile, pa.scalar(None, pa.int64()), targets.spread(numbers, pa.int64()))

    def _visitors(self, days: pa.Array, accounts: Distinct[str | None], packed: Distinct[Packed], agents: Distinct[Agent]) -> Columns:
        """Return the tokens, one hash for each distinct (day, account, address, agent class), and which rows came after their day was sealed."""
        encoded = days.dictionary_encode()
        dated: Distinct[date] = Distinct(encoded.dictionary.to_pylist(), encoded.indices)
        keyed = [None if key is None else tokens(key) for key in map(self._day_key, dated.values)]
        visitors: Distinct[bytes | None] = combined(
            lambda token, account, address, ua_class: None if token is None or address is None else token(account + address + ua_class),
            Distinct(keyed, dated.codes),
            Distinct([part((name or "").encode()) for name in accounts.values], accounts.codes),
            Distinct([None if address is None else part(address) for address in packed.values], packed.codes),
            merged(Distinct([part(each.ua_class) for each in agents.values], agents.codes)),
        )
        is_late = dated.spread([token is None for token in keyed], pa.bool_())
        return {"visitor": visitors.spread(visitors.values, pa.binary()), "is_late": is_late}

    def _count(self, site: str, route_ids: pa.Array, addresses: Distinct[Packed], accounts: Distinct[str | None]) -> None:
        visitors = addresses.spread([_short(address) for address in addresses.values], pa.int64())
        named = accounts.spread([_short(name.encode() if name else None) for name in accounts.values], pa.int64())
        self._literals.count(site, pl.DataFrame({"route_id": route_ids, "visitor": visitors, "account": named}))

    def _staff_requests(self, made: Columns, users: Distinct[str | None], targets: Distinct[Target]) -> pa.Table:
        """Return the rows by members of staff, by id: the one user that keeps an identity."""
        staff = [None if user is None else self._people.staff_id(user) for user in users.values]
        if not any(staff):
            return STAFF_REQUESTS.empty_table()
        staff_ids = users.spread(staff, pa.string())
        is_customer_record = targets.spread([target.is_customer_record for target in targets.values], pa.bool_())
        told = made | {"staff_id": staff_ids, "is_customer_record": pc.and_(is_customer_record, pc.invert(made["is_hostile"]))}
        rows = pa.Table.from_arrays([told[name] for name in STAFF_REQUESTS.names], schema=STAFF_REQUESTS)
        return rows.filter(staff_ids.is_valid())


def _clients(rows: pa.Table, texts: Texts, site: _Site) -> tuple[Distinct[Packed], Distinct[Client]]:
    """Return the packed address of each row, for the token alone, and what is kept of it."""
    vendors = [column(rows, name) for name in rows.column_names if name.lower().replace("-", "_") in site.vendor_headers]
    packed: list[Packed] = []

    def known(peer: str | None, forwarded: str | None, *vendor: str | None) -> Client:
        address, kept = site.client(peer, forwarded, *filter(None, vendor)) if forwarded or any(vendor) else classify(peer)
        packed.append(address)
        return kept

    clients = combined(known, texts["client_ip"], texts["forwarded_for"], *vendors)
    return Distinct(packed, clients.codes), clients


def _mapped(texts: Distinct[str | None], function: Callable[[str], str | None]) -> Distinct[str | None]:
    return Distinct([None if text is None else function(text) for text in texts.values], texts.codes)


def _short(identity: bytes | None) -> int | None:
    """Sixty-four bits, keyed by the process, that stand for a contributor while a run counts them; they leave memory nowhere."""
    return None if identity is None else hash(identity)
