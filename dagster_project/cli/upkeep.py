"""Commands that keep a house in order and prove that it is: meter, seal, purge, prove, verify."""

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from dagster_project.cli.common import AsOfOption, HomeOption, JsonOption, LandingArgument, SettingsOption, app, house_of, opened, tell
from dagster_project.errors import UsageError

if TYPE_CHECKING:
    from dagster_project.proving.prove import Proven
    from dagster_project.publishing.packs import Verified

meter_app = App(name="meter", help_format="markdown")
app.command(meter_app)


@meter_app.default
def meter(landing: LandingArgument, *, home: HomeOption, as_of: AsOfOption = None, settings: SettingsOption = None, as_json: JsonOption = False) -> int:
    """Measure the record stores of LANDING and of the settings: how many records, how large, and not a byte of their content.

    A store is measured once a UTC day, one that lacked a part at every run; a file that did not change is not opened again. Tables by account come with the next
    `glasshouse run`. docs/stores.md tells how stores are declared and what is touched of each.

    Example: `glasshouse meter landing --home house`
    """
    from dagster_project.engines.answers import answer
    from dagster_project.engines.catalog import questions
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.intake.recovery import held
    from dagster_project.engines.intake.steps import take_records

    house = opened(home, landing, settings, as_of)
    with held(house.home):
        take_records(house)
        with closing(DuckDBEngine(house.home)) as engine:
            rows, refused = (answer(engine.connection(), questions("told")[name], {"day": house.as_of.date()}).to_pylist() for name in ("stores", "refused_stores"))
    faults = [row["advice"] for row in refused]
    lines = [_measured_line(row) for row in rows]
    tell({"day": house.as_of.date(), "stores": rows, "refused": faults}, as_json, [*(f"refused: {fault}" for fault in faults), *(lines or ["no record store"])])
    return 3 if faults or any(row["is_partial"] for row in rows) else 0


@meter_app.command
def init_postgres(
    store: Annotated[str, Parameter(help="Name of a store of kind postgres, as in [stores.NAME].")],
    *,
    settings: SettingsOption = None,
    role: Annotated[str, Parameter(help="Role that the meter connects as.")] = "glasshouse_meter",
    as_json: JsonOption = False,
) -> int:
    """Print the SQL that lets the meter count a table and reach none of its content: a generated size, a role, grants by column.

    It connects nowhere: whoever owns the table reads it and runs it. Without `--settings` it reads glasshouse.toml here.

    Example: `glasshouse meter init-postgres notes --settings glasshouse.toml`
    """
    from dagster_project.reading.records.postgres_setup import setup_sql
    from dagster_project.settings_file import load

    stores = load(settings or Path("glasshouse.toml")).stores
    if store not in stores:
        raise UsageError("the settings have no [stores.<name>] of that name; docs/stores.md tells how to declare one")
    sql = setup_sql(store, stores[store], role)
    tell({"store": store, "role": role, "sql": sql}, as_json, [sql.rstrip()])
    return 0


def _measured_line(row: dict[str, Any]) -> str:
    """Return what a store holds, and what was touched to know it, for people."""
    touched = f"{row['bytes_read']:,} bytes read of {row['files_opened']:,} files, {row['content_bytes']:,} of content"
    return f"{row['store']:<24} {row['record_class']:<16} {row['records']:>12,} records {row['bytes']:>16,} bytes  {touched}{'  partly read' * row['is_partial']}"


@app.command
def seal(*, home: HomeOption, as_of: AsOfOption = None, as_json: JsonOption = False) -> int:
    """Seal the days whose time has come: count their visitors, drop their tokens, destroy their keys.

    It builds no other table: the next `glasshouse run` shows the visitors it counted.

    Example: `glasshouse seal --home house`
    """
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.intake.recovery import held
    from dagster_project.engines.intake.steps import seal_due
    from dagster_project.engines.retention import sealed_days

    house = house_of(home, as_of)
    with held(house.home), closing(DuckDBEngine(house.home)) as engine:
        before = sealed_days(engine.lake)
        tokens = seal_due(house, engine)
        days = [str(day) for day in sorted(sealed_days(engine.lake) - before)]
    tell({"days": days, "tokens": tokens}, as_json, [f"{len(days):,} days sealed: {', '.join(days) or 'none was due'}", f"{tokens:,} tokens removed"])
    return 0


@app.command
def purge(
    *,
    home: HomeOption,
    as_of: AsOfOption = None,
    dry_run: Annotated[bool, Parameter(negative=(), help="Say what would go, and remove nothing.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Remove what [retention] no longer lets stay, from the lake, the warehouse and the reports, and open the files again to see.

    The index of refused lines goes after `quarantine_days`, request rows `request_days` after their day was sealed, measured tables after
    `published_months`, ledgers, access events, findings and reports after `ledger_years`. What went stands in `ledger.purges` and in the report.
    Days that are due are sealed first. With `--dry-run` nothing is sealed either, so days that are yet to be sealed are not counted.

    Example: `glasshouse purge --home house --dry-run`
    """
    from dagster_project.engines.duckdb_engine import DuckDBEngine
    from dagster_project.engines.intake.recovery import held
    from dagster_project.publishing.progress import watched
    from dagster_project.publishing.purge import plan, summed
    from dagster_project.publishing.purge import purge as purged

    with watched(Console(stderr=True)) as (watch, warn):
        house = replace(house_of(home, as_of), watch=watch, tell=warn)
        with held(house.home), closing(DuckDBEngine(house.home)) as engine:
            gone = summed(plan(house, engine) if dry_run else purged(house, engine))
    verb = "would go" if dry_run else "removed"
    lines = [f"{row['table_name']}: {row['rows']:,} rows {verb}{_of_days(row)} ({row['rule']})" for row in gone]
    tell({"dry_run": dry_run, "removed": gone}, as_json, lines or ["nothing is past its time"])
    return 0


@app.command
def prove(*, home: HomeOption, as_json: JsonOption = False) -> int:
    """Prove that no person leaks: send invented ones through every log format and every step, and look for them in all that was written.

    In two worlds of its own it runs the jobs with every step failing once, with little memory, and with every export; searches every
    file, unpacked and decoded; compares the tables of both, which differ only in who the people were; and attacks tokens. In HOME it
    scans what is stored, attacks what is published, and keeps the result in `run.json`; the next report shows it. About a minute.

    Example: `glasshouse prove --home demo`
    """
    from dagster_project.proving.prove import prove as proven
    from dagster_project.publishing.progress import watched
    from dagster_project.publishing.proofs import keep

    house = house_of(home)
    with watched(Console(stderr=True)) as (watch, _):
        made = proven(house, watch)
    keep(made.proof, house.home)
    tell(made.told(), as_json, _proof_lines(made))
    return 0 if made.proof.held else 1


@app.command
def verify(
    pack: Annotated[Path, Parameter(help="Folder of a report, or of a customer's page.")],
    *,
    key: Annotated[Path | None, Parameter(help="Public key that you trust; by default that of --since, else the one that the pack carries.")] = None,
    since: Annotated[Path | None, Parameter(help="A head.json that you kept: the ledger must continue it, under the same key.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Check that a report is what was sealed: its files, the ledger, the signature; on a copy, with nothing else.

    It names each file, entry and line that was changed, is missing, is foreign or stands in another order, a wrong key, and with `--since` a ledger
    that was rolled back. A customer's page is checked the same way: that each of her lines is sealed, and that none was left out.

    Example: `glasshouse verify demo/reports/2026-03 --key demo/evidence/key.pem`
    """
    from dagster_project.evidence.checking import KINDS
    from dagster_project.evidence.heads import read, read_pem
    from dagster_project.publishing.packs import verify as verified

    kept = None if since is None else read(_bytes(since, "--since"))
    if since is not None and (kept is None or not kept.is_signed()):
        raise UsageError("--since is no signed head; name the evidence/head.json of a report that you kept")
    found = verified(pack, None if key is None else read_pem(_bytes(key, "--key")), kept)
    faults: dict[str, list[str]] = {kind: [": ".join(filter(None, (fault.file, fault.what))) for fault in found.faults if fault.kind == kind] for kind in KINDS}
    told: dict[str, Any] = {"subject": found.subject, "head": found.head and asdict(found.head), "lines": found.lines, "intact": found.intact, **faults}
    lines = [f"{kind.replace('_', ' ')}: {what}" for kind, named in faults.items() for what in named]
    tell(told, as_json, [*lines, "the pack is not what was sealed"] if lines else _sealed_lines(found, is_trusted=(key or since) is not None))
    return 1 if lines else 0


def _bytes(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise UsageError(f"{option} is no file that can be read") from None


def _sealed_lines(found: "Verified", *, is_trusted: bool) -> list[str]:
    """Return for people that all is well, and what that stands on."""
    if found.head is None:
        return []
    lines = [] if found.lines is None else [f"{found.lines:,} lines are sealed, and none was left out"]
    return [
        f"{len(found.intact)} files are what was sealed as {found.subject}",
        *lines,
        f"ledger of {found.head.size:,} entries as of {found.head.at}, signed with key {found.head.key}",
        *([] if is_trusted else ["that key came with the pack: compare it with the vendor's, or name the one you trust with --key"]),
    ]


def _proof_lines(made: "Proven") -> list[str]:
    """Return a proof for people: what was planted where, what was searched, and how each trial ended."""
    told = made.told()
    lines = [f"{'format':<20} {'places':>6} {'left out':>8} {'identifiers':>11} {'lines':>7} {'read':>7}"]
    lines += [f"{row['format']:<20} {row['places']:>6} {row['left_out']:>8} {told['canaries']:>11} {row['lines']:>7,} {row['lines_read']:>7,}" for row in told["planted"]]
    lines += ["", "searched             " + ", ".join(f"{files:,} {sort}" for sort, files in told["searched"].items()), ""]
    lines += [f"{'held  ' if each.held else 'FAILED'} {each.name}: {each.sentence}" for each in made.proof.tried]
    lines += [f"  leak: {leak.kind} in {leak.file}, {leak.place}" for leak in made.leaks]
    lines += [f"  differs: {name}" for name in told["tables_that_differ"]]
    lines += [f"  stored: {row['table_name']}.{row['column_name']}: {row['hits']:,} values of kind {row['kind']}" for row in told["persons_found"]]
    return [*lines, "", f"{'proven' if made.proof.held else 'NOT PROVEN'}, in {made.seconds:.0f} s; kept in run.json, and in the next report"]


def _of_days(row: dict[str, Any]) -> str:
    """Return the days of a line of `purge`; nothing where the table has none."""
    if row["days"] < 2:
        return f" of {row['first_day']}" if row["days"] else ""
    return f" of {row['days']:,} days, {row['first_day']} to {row['last_day']}"
