"""Native access events to the contract of sql/1_scrubbed/access_events.sql: actors resolved, each event once."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from dagster_project.scrubbing.codes import codes, scopes
from dagster_project.scrubbing.ledgers import arrow
from dagster_project.scrubbing.merging import PLACE, agreement
from dagster_project.scrubbing.people import People

_KEY = ("source", "event_id")
_OF_PARTS = ("day", "occurred_at", "time_status", "observed_at", "started_at", "ended_at", "row_count", "byte_count", "outcome")
_EPOCH = pl.lit("1970-01-01").str.to_date()


@dataclass(frozen=True)
class Merged:
    """Events of the contract, each once, and the rows that are not among them; both others hold input_id and line_number."""

    table: pa.Table
    refused: pa.Table  # with reason: other content under an event_id of that source
    duplicates: pa.Table  # the same content again


def merged(delivered: pa.Table, known: pa.Table | None = None) -> Merged:
    """Return the events of `contract`, in the order in which they were delivered, without those that came before.

    `known` are events stored before, in the contract's columns.
    """
    of_new = pl.DataFrame(pl.from_arrow(delivered)).with_columns(is_new=True)
    columns = [name for name in of_new.columns if name not in ("is_part", "is_new")]
    stored = of_new.clear() if known is None else pl.DataFrame(pl.from_arrow(known)).select(columns).with_columns(is_part=False, is_new=False)
    stored = stored.join(of_new, on=_KEY, how="semi")
    every = pl.concat([stored, of_new], how="vertical_relaxed")
    content = [name for name in columns if name not in (*PLACE, *_KEY)]
    is_sole = pl.len().over(_KEY) == 1
    sole, several = every.filter(is_sole), every.filter(~is_sole)
    is_first, agrees = agreement(several, _KEY, content)
    _, agrees_in_part = agreement(several, _KEY, [name for name in content if name not in _OF_PARTS])
    marked = several.with_columns(is_first=is_first, agrees=agrees | (several["is_part"] & agrees_in_part))
    again = marked.filter(pl.col("is_new") & ~pl.col("is_first"))
    first = marked.filter("is_first").select(every.columns)
    kept = pl.concat([sole, first]).filter("is_new").select(columns).sort(PLACE)
    refused = again.filter(~pl.col("agrees")).select(*PLACE, reason=pl.lit("duplicate_event"))
    return Merged(arrow(kept), arrow(refused), arrow(again.filter("agrees").select(PLACE)))


def contract(rows: pa.Table, people: People) -> pa.Table:
    """Return native events (input_id, line_number, the columns of native.completed) in the contract's columns, and `is_part`: told in several entries."""
    events = pl.DataFrame(pl.from_arrow(rows))
    return arrow(_contract(events, people))


def _contract(events: pl.DataFrame, people: People) -> pl.DataFrame:
    actors = _actors(events, people)
    staff = people.staff_ids(actors)
    users = people.users_accounts(actors)
    is_staff, is_user = staff.is_not_null(), users.is_not_null()
    kind = pl.when(is_staff).then(pl.lit("staff")).when(is_user).then(pl.lit("user")).otherwise(pl.lit("unresolved"))
    return events.select(
        pl.coalesce(pl.col("occurred_at", "observed_at").dt.date(), _EPOCH).alias("day"),
        *PLACE,
        scopes(events["source"]),
        "event_id",
        "occurred_at",
        "time_status",
        "observed_at",
        "started_at",
        "ended_at",
        kind.alias("actor_kind"),
        staff.alias("staff_id"),
        pl.when(~is_staff).then(users).alias("user_account_ids"),
        "account_id",
        scopes(events["record_class"]),
        *("record_id", "record_ids"),
        scopes(events["action"]),
        pl.col("content").alias("has_content"),
        codes(events["purpose"]),
        "case_id",
        pl.col("rows").alias("row_count"),
        pl.col("bytes").alias("byte_count"),
        "outcome",
        "request_id",
        "is_part",
    )


def _actors(events: pl.DataFrame, people: People) -> pl.Series:
    """Return the actors by a name that is known: their own, else an alias, unless two of those name two people."""
    if events["actor_aliases"].null_count() == len(events):
        return events["actor"]
    distinct = events.select("actor", "actor_aliases").unique()
    known = [_known(actor, aliases or [], people) for actor, aliases in distinct.iter_rows()]
    named = distinct.with_columns(pl.Series("known", known, pl.String))
    return events.select("actor", "actor_aliases").join(named, on=["actor", "actor_aliases"], how="left", nulls_equal=True, maintain_order="left")["known"].alias("actor")


def _known(actor: str, aliases: list[str], people: People) -> str:
    if people.staff_id(actor) is not None or people.user_accounts(actor):
        return actor
    found = {(people.staff_id(alias), people.user_accounts(alias)): alias for alias in aliases}
    found.pop((None, ()), None)
    return next(iter(found.values())) if len(found) == 1 else actor
