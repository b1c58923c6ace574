"""sql/ keeps to the subset that DuckDB and Spark read alike, and to the house's rules of layers and comments."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from dagster_project.engines import catalog
from dagster_project.engines.answers import answer
from dagster_project.publishing.lines import month_parameters

SQL = catalog.root() / "sql"
SELECTS = sorted(path for path in SQL.glob("*/*.sql") if not path.parent.name.startswith("1_"))
CONTRACTS = sorted(SQL.glob("1_*/*.sql"))
COMMON_TYPES = ("varchar", "timestamp with time zone", "varchar", "varchar", "varchar", "varchar", "varchar[]", "varchar")
PUBLISHED_TYPES = {"varchar", "varchar[]", "timestamp with time zone", "date", "bigint", "double", "boolean"}

# What sqlglot does not carry over, or carries over to another meaning: what to write instead, and how the text shows it.
FORBIDDEN = {
    "asof: write a running maximum over the union": r"\basof\b",
    "quantiles: rank with row_number()": r"\b(?:quantile|percentile)\w*\(|\bapprox_quantile\(",
    "approx_count_distinct: write count(distinct …)": r"\bapprox_\w+\(",
    "list(x order by x): write list_sort(list(x))": r"\b(?:list|array_agg)\([^()]*\border by\b",
    "epoch(…)::bigint: write date_diff": r"\bepoch\([^()]*\)\s*::|\bcast\(\s*epoch\(",
    "time_bucket: write date_trunc": r"\btime_bucket\(",
    "generate_series: write unnest(range(…))": r"\bgenerate_series\(",
    "pivot: write case": r"\b(?:un)?pivot\b",
    "columns(…): name the columns": r"\bcolumns\(\s*\*",
    "date_trunc('day', …): write cast(… as date)": r"\bdate_trunc\('day'",
    "//: put nullif under it": r"//(?!\s*nullif\()",
    "~: write regexp_matches": r"~",
    "->: write lambda x: …": r"->",
    "uuid, time, interval, timestamp_ns: no such type in the warehouse": r"(?:::|\bas )\s*(?:uuid|time|interval|timestamp_ns|hugeint)\b|\buuid\(",
    "the clock: write scrubbed.run": r"\b(?:now|today)\(|\bcurrent_(?:date|timestamp|localtimestamp)\b",
    "chance: the same input gives the same rows": r"\brandom\(",
    "numbers in no order: write row_number() over (order by …)": r"\brow_number\(\)\s*over\s*\(\s*\)",
    "len(list): write array_length, which sqlglot carries over as the size of an array": r"\blen\(",
    "list_position: write array_position": r"\blist_(?:position|indexof)\(",
    "list[-1]: write list[array_length(list)]": r"\w\[\s*-",
    "row(…): name its parts, {'a': …}": r"\brow\(",
    "n * interval 1 second: 32 bits in DuckDB; write to_seconds(n), or compare date_diff": r"\* interval '?1'? (?:second|millisecond|microsecond)",
}
MOST_CHARACTERS = 180


def faults(text: str) -> set[str]:
    """Return what a select uses that the subset leaves out."""
    code = re.sub(r"'(?!day')[^']*'", "''", re.sub(r"--.*", "", text)).lower()
    found = {advice for advice, pattern in FORBIDDEN.items() if re.search(pattern, code)}
    stars = [star for star in sqlglot.parse_one(text, read="duckdb").find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
    return found | {"*: name the columns, but for those of a step of the same file" for star in stars if not is_of_a_step(star)}


def is_of_a_step(star: exp.Star) -> bool:
    """Tell whether a star stands for the columns of steps of its own file; those of a real table can change behind its back."""
    select = star.find_ancestor(exp.Select)
    assert select is not None
    asked = star.parent.table if isinstance(star.parent, exp.Column) else ""
    read = [clause.this for clause in (select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or [])) if clause is not None]
    return all(isinstance(source, exp.Subquery) or not source.args.get("db") for source in read if asked in ("", source.alias_or_name))


@pytest.mark.parametrize("path", SELECTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_keeps_to_the_portable_subset(path: Path) -> None:
    """What sqlglot turns into something else without a warning must not be written: the Spark engine runs the same files."""
    assert faults(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "written",
    [
        "select * from a.b",
        "select x.* from a.b as x",
        "with s as (select a from t) select s.*, x.* from s join a.b as x on x.a = s.a",
        "with s as (select a from t) select * from s join a.b as x on x.a = s.a",
        "with s as (select * from a.b) select a from s",
        "select len(a) from t",
        "select list_position(a, 'b') from t",
        "select a[-1] from t",
        "select min_by(a, row(b, a)) from t",
        "select a + b * interval 1 second from t",
        "select a from t asof join u on t.k = u.k and t.at >= u.at",
        "select quantile_cont(a, 0.5) from t",
        "select approx_count_distinct(a) from t",
        "select list(a order by a) from t",
        "select epoch(a)::bigint from t",
        "select time_bucket(interval '1 day', a) from t",
        "select a from generate_series(1, 3) as t(a)",
        "select date_trunc('day', a) from t",
        "select a // b from t",
        "select a from t where b ~ 'x'",
        "select list_transform(a, x -> x + 1) from t",
        "select cast(a as time) from t",
        "select a::uuid from t",
        "select uuid() as a",
        "select now() as a",
        "select current_date as a",
        "select columns(*) from a.t",
        "select random() as a",
        "select row_number() over () as a from t",
    ],
)
def test_the_lint_sees(written: str) -> None:
    """A lint that lets a construct pass guards nothing."""
    assert faults(written)


@pytest.mark.parametrize("path", [path for path in SELECTS if path.parent.name != "adhoc"], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_has_one_distinct_aggregate_at_most(path: Path) -> None:
    """DuckDB 1.5.6 can wait for ever on several in one plan; what analysts ask is theirs."""
    aggregates = [
        each for part in sqlglot.parse(path.read_text(encoding="utf-8"), read="duckdb") if part for each in part.find_all(exp.Distinct) if isinstance(each.parent, exp.Func)
    ]
    assert len(aggregates) <= 1


@pytest.mark.parametrize(
    "written",
    [
        "with s as (select a from b.c) select * from s",
        "with s as (select a from b.c) select s.* from s join a.b as x on x.a = s.a",
        "select * from (select a from b.c) as s",
        "select a[array_length(a)] from t",
        "select count(*) from t",
        "select a // nullif(b, 0) from t",
        "select a + 2 * interval 1 day from t",
        "select list_sort(list(distinct a)) from t",
        "select '~ -> *' as a",
    ],
)
def test_the_lint_lets_pass(written: str) -> None:
    """A lint that cries at what is allowed would be switched off."""
    assert faults(written) == set()


@pytest.mark.parametrize("path", [*SELECTS, *CONTRACTS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_lines_fit_a_screen(path: Path) -> None:
    """An auditor reads these files beside the rules."""
    assert [number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if len(line) > MOST_CHARACTERS] == []


@pytest.mark.parametrize("path", [*SELECTS, *CONTRACTS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_says_what_a_row_is_and_what_each_column_means(path: Path) -> None:
    """Comments are the documentation: analysts read them in the warehouse, and nothing is written twice."""
    text = path.read_text(encoding="utf-8")
    assert re.match(r"-- \S.*[.?)]\n", text)
    if path.parent.name in ("report", "told"):  # what they show are columns of tables, which say what they mean
        return
    if path in CONTRACTS:
        body = text[text.index("(\n") + 2 : text.rindex(");")]
        assert all(re.search(r" -- \S", line) for line in body.splitlines())
        return
    columns = [found.group(1) for found in re.finditer(r"(\w+),? -- \S", re.split(r"^select\b", text, flags=re.MULTILINE)[-1])]
    for select in sqlglot.parse(text, read="duckdb"):
        assert isinstance(select, exp.Select)
        assert columns == select.named_selects


@pytest.mark.parametrize("path", sorted((SQL / "adhoc").glob("*.sql")), ids=lambda path: path.stem)
def test_an_analyst_can_ask_it_of_the_warehouse(path: Path) -> None:
    """The questions of sql/adhoc are asked of the published file, which holds nothing else."""
    read = {f"{table.db}.{table.name}" for table in sqlglot.parse_one(path.read_text(encoding="utf-8"), read="duckdb").find_all(exp.Table) if table.db}
    assert read
    assert all(catalog.tables()[name].is_published for name in read)


@pytest.mark.parametrize(("folder", "always"), [("report", {"keys"}), ("told", {"provisional"})])
def test_what_is_asked_of_the_tables_fits_them(folder: Literal["report", "told"], always: set[str]) -> None:
    """What the report and the commands ask must fit the tables as they are, not only those of their own tests."""
    with duckdb.connect() as connection:
        for schema in {table.schema for table in catalog.tables().values()}:
            connection.execute(f"create schema {schema}")
        for table in catalog.tables().values():
            catalog.create_empty(table, connection)
        given = {**month_parameters(date(2026, 3, 1)), "account": None, "as_of": datetime(2026, 4, 1, tzinfo=UTC), "day": date(2026, 3, 1)}
        rows = {name: answer(connection, select, given).num_rows for name, select in catalog.questions(folder).items()}
    assert {name for name, count in rows.items() if count} == always


def test_controls_share_their_first_columns() -> None:
    """flagged.findings is the union of all controls, so each begins with the same columns of the same types."""
    controls = [table for table in catalog.tables().values() if table.is_control]
    for table in controls:
        begin = table.columns[: len(COMMON_TYPES)]
        assert tuple(column.name for column in begin) == catalog.COMMON_COLUMNS
        assert tuple(column.type for column in begin) == COMMON_TYPES
    assert controls


def test_published_columns_have_types_that_every_reader_knows() -> None:
    """Sums of bigint are 128 bits wide in DuckDB and become floating point in Parquet unless they are cast."""
    published = [table for table in catalog.tables().values() if table.layer > 1 and table.is_published]
    wrong = [f"{table.name}.{column.name} {column.type}" for table in published for column in table.columns if column.type not in PUBLISHED_TYPES]
    assert wrong == []


def test_how_long_rows_are_kept_is_a_rule_that_somebody_keeps() -> None:
    """A rule that is misspelt keeps rows for ever, and nobody is told."""
    of_purge = {"quarantine_days with its input", "request_days after the seal of its day", "published_months", "ledger_years after its day", "ledger_years with its input"}
    one_by_one = {"ledger_years with its run", "ledger_years with its finding", "ledger_years after purged_at, or with its input"}
    of_others = {"", "always", "until the next run", "until the seal of its day", "until its store is measured again", "while LANDING holds it", "while settings say it"}
    for table in catalog.tables().values():
        of_columns = {f"ledger_years after {column.name}" for column in table.columns}
        assert table.kept in of_purge | one_by_one | of_others | of_columns, table.name


def test_every_control_is_shown_both_sides_of_a_boundary() -> None:
    """A control that was only ever seen to find, or only to stay silent, is not known to decide anything."""
    cases = Path(__file__).parent / "sql"
    for table in catalog.tables().values():
        if table.is_control:
            expected = [len(path.read_text(encoding="utf-8").splitlines()) for path in (cases / table.path.parent.name / table.path.stem).glob("*/expect.csv")]
            assert len(expected) >= 2, table.name
            assert max(expected) > 1, table.name


def test_every_other_table_and_question_has_a_case() -> None:
    """What is never run in a test is found wrong by an analyst."""
    cases = Path(__file__).parent / "sql"
    tried = {path.parent.parent.relative_to(cases).as_posix() for path in cases.rglob("expect.csv")}
    selects = {path.relative_to(SQL).with_suffix("").as_posix() for path in SELECTS if path.parent.name not in ("3_flagged", "report", "told")}
    assert selects <= tried
