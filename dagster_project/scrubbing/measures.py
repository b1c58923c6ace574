"""The columns of scrubbed.requests that are numbers and closed sets: what a line measures, not who sent it."""

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.scrubbing import protocols
from dagster_project.scrubbing.addresses import Client
from dagster_project.scrubbing.agents import Agent
from dagster_project.scrubbing.contracts import TIME
from dagster_project.scrubbing.distinct import Distinct
from dagster_project.scrubbing.targets import Target

Columns = dict[str, pa.Array]


def of_lines(rows: pa.Table, first_line: int) -> Columns:
    """Return instants, line numbers and sizes; a status outside 100 to 599 is none, bytes below 0 are 0."""
    occurred_at = _array(rows, "ts").cast(TIME)
    status = _array(rows, "status").cast(pa.int64())
    is_status = pc.and_(pc.greater_equal(status, 100), pc.less_equal(status, 599))
    sent = pc.fill_null(_array(rows, "bytes").cast(pa.int64()), 0)
    return {
        "day": pc.cast(occurred_at, pa.date32()),
        "occurred_at": occurred_at,
        "line_number": pc.add(_array(rows, "line_number").cast(pa.int64()), first_line - 1),
        "status": pc.if_else(is_status, status, pa.scalar(None, pa.int64())).cast(pa.int16()),
        "bytes_sent": pc.if_else(pc.less(sent, 0), 0, sent),
        "duration_ms": pc.divide(_array(rows, "duration_ns").cast(pa.float64()), 1e6),
    }


def _array(rows: pa.Table, name: str) -> pa.Array:
    return rows.column(name).combine_chunks() if name in rows.column_names else pa.nulls(rows.num_rows)


def of_agents(agents: Distinct[Agent]) -> Columns:
    """Return browser, system, device class and whether the agent is a program."""
    text = {name: agents.spread([getattr(agent, name) for agent in agents.values], pa.string()) for name in ("browser", "os", "device_class")}
    return text | {"is_bot": agents.spread([agent.is_bot for agent in agents.values], pa.bool_())}


def of_clients(clients: Distinct[Client]) -> Columns:
    """Return version, class and source of the client's address."""
    return {
        "ip_version": clients.spread([client.ip_version for client in clients.values], pa.int16()),
        "client_class": clients.spread([client.client_class for client in clients.values], pa.string()),
        "client_source": clients.spread([client.client_source for client in clients.values], pa.string()),
    }


def of_protocol(texts: Mapping[str, Distinct[Any]], targets: Distinct[Target], own_hosts: Collection[str]) -> Columns:
    """Return method, protocol, host, how many query names were dropped, and whether the request is no HTTP at all."""
    methods = texts["method"]
    hosts = texts["host"].spread([protocols.host(text, own_hosts) for text in texts["host"].values], pa.string())
    is_hostile = _is_hostile(methods, texts["target"], targets)
    known = methods.spread([protocols.method(text) for text in methods.values], pa.string())
    return {
        "is_hostile": is_hostile,
        "method": pc.if_else(is_hostile, protocols.OTHER_METHOD, known),
        "protocol": texts["http_version"].spread([protocols.protocol(text) for text in texts["http_version"].values], pa.string()),
        "host": pc.coalesce(targets.spread([target.host for target in targets.values], pa.string()), hosts),
        "other_query_names": targets.spread([target.other_query_names for target in targets.values], pa.int32()),
    }


def _is_hostile(methods: Distinct[str | None], raw: Distinct[str | None], targets: Distinct[Target]) -> pa.Array:
    """No target and no known method, a target or method of no form of HTTP, or an authority (host:port) without CONNECT."""
    no_target = targets.spread([text in {None, "", "-"} for text in raw.values], pa.bool_())
    no_method = methods.spread([text not in protocols.METHODS for text in methods.values], pa.bool_())
    no_http = targets.spread([not target.is_http for target in targets.values], pa.bool_())
    garbled = methods.spread([not protocols.is_method(text) for text in methods.values], pa.bool_())
    authority = targets.spread([target.is_authority for target in targets.values], pa.bool_())
    not_connect = methods.spread([text != "CONNECT" for text in methods.values], pa.bool_())
    return pc.or_(pc.or_(pc.and_(no_target, no_method), pc.or_(no_http, garbled)), pc.and_(authority, not_connect))
