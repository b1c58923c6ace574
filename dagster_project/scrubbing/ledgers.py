"""Native ledger rows to the contract tables of sql/1_scrubbed: defaults filled in, people reduced to staff ids, rows merged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.scrubbing.ledger_rules import RULES
from dagster_project.scrubbing.merging import PLACE
from dagster_project.scrubbing.people import People
from dagster_project.settings import Source

PART_ROWS = 1 << 17
_ARROW = {
    pl.String: pa.string(),
    pl.List(pl.String): pa.list_(pa.string()),
    pl.Datetime("us", "UTC"): pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class ScrubbedLedger:
    """A contract table and the rows that are not in it."""

    table: pa.Table
    refused: pa.Table  # input_id, line_number, reason
    duplicates: pa.Table  # input_id, line_number: rows that were there before


_NOTHING: dict[tuple[str, pa.Schema], ScrubbedLedger] = {}  # what a ledger comes to that nobody delivers: most vendors deliver few, and each is asked for three times a run


def scrub(folder: str, rows: pa.Table, people: People, sources: Mapping[str, Source] | None = None, part_rows: int = PART_ROWS) -> ScrubbedLedger:
    """Return the contract table of one ledger.

    `rows` are those of all its files in their order: input_id, line_number and the native columns. `sources` are those
    of the settings; what the ledger `sources` says goes before them. Of a large ledger `part_rows` are scrubbed at a time.
    """
    given = sources or {} if folder == "sources" else {}
    if not rows.num_rows and not given:
        if (folder, rows.schema) not in _NOTHING:
            _NOTHING[folder, rows.schema] = _scrubbed(folder, rows, people, given)
        return _NOTHING[folder, rows.schema]
    parts = [_scrubbed(folder, part, people, given) for part in _parts(rows, RULES[folder].key, part_rows)]
    return ScrubbedLedger(*(pa.concat_tables(tables) for tables in zip(*((part.table, part.refused, part.duplicates) for part in parts), strict=True)))


def _parts(rows: pa.Table, key: str | None, part_rows: int) -> Iterator[pa.Table]:
    """Cut the rows of a ledger into parts, those of one key in one part."""
    if key is None or rows.num_rows <= part_rows:
        yield rows
        return
    is_sole = pl.Series(pl.from_arrow(rows.column(key))).is_unique().to_arrow()
    for first in range(0, rows.num_rows, part_rows):
        yield rows.slice(first, part_rows).filter(is_sole.slice(first, part_rows))
    yield rows.filter(pc.invert(is_sole))


def _scrubbed(folder: str, rows: pa.Table, people: People, sources: Mapping[str, Source]) -> ScrubbedLedger:
    rules = RULES[folder]
    delivered = _frame(rows)
    judged = delivered.with_columns(reason_refused=rules.fault(delivered, people))
    accepted = delivered.filter(judged["reason_refused"].is_null()).with_columns(rules.defaults)
    if folder == "sources":
        accepted = pl.concat([_declared(sources, delivered), accepted])
    merged = rules.merged(accepted)
    unsound = judged.drop_nulls("reason_refused").select(*PLACE, reason="reason_refused")
    refused = pl.concat([unsound, merged.refused.with_columns(reason=pl.lit("other"))])
    contract = rules.contract(merged.rows, people)
    return ScrubbedLedger(arrow(contract), arrow(refused), arrow(merged.duplicates))


def arrow(frame: pl.DataFrame) -> pa.Table:
    """Return a frame as Arrow in the types of the contracts."""
    table = frame.to_arrow()
    kinds = [_ARROW.get(kind, field.type) for kind, field in zip(frame.dtypes, table.schema, strict=True)]
    return table.cast(pa.schema(zip(frame.columns, kinds, strict=True)))


def _frame(rows: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(rows))


def _declared(sources: Mapping[str, Source], like: pl.DataFrame) -> pl.DataFrame:
    kinds = {name: like.schema[name] for name in like.columns if name not in PLACE}
    rows = [{"source": name, **source.model_dump(include=set(kinds))} for name, source in sorted(sources.items())]
    given = pl.DataFrame(rows, schema=kinds)
    return pl.concat([like.clear(), given], how="diagonal")
