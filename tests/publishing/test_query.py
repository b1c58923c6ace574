"""The locked door of the warehouse: what an analyst may ask, and what nobody can."""

import json
import re
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from dagster_project.engines import catalog
from dagster_project.errors import UsageError
from dagster_project.publishing.query import query, shown
from dagster_project.publishing.warehouse import FORMAT, FORMAT_NAME
from tests.engines.test_answers import READ_TWICE


@pytest.fixture(name="warehouse")
def _warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema measured")
        connection.execute("create table measured.usage as select range as requests, 'acme' as account_id from range(20)")
        connection.execute("comment on table measured.usage is 'One row for each request.'")
    path.chmod(0o444)
    return path


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select requests from measured.usage", 20),
        ("from measured.usage select requests;", 20),
        ("with t as (select 1) select * from t -- why not", 1),
        ("values (1), (2)", 2),
        ("describe measured.usage", 2),
        ("summarize measured.usage", 2),
        ("show all tables", 1),
        ("select comment from duckdb_tables()", 1),
        ("select * from range(3) join unnest([1, 2]) on true", 6),
    ],
)
def test_what_can_be_asked(warehouse: Path, sql: str, rows: int) -> None:
    """Locking down is worth nothing if analysts then work around it."""
    assert query(warehouse, sql).num_rows == rows


HOSTILE = [
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('{here}')",
    "select * from read_duckdb('{here}', table_name = 'usage')",
    "select * from (select * from (select * from glob('/*')))",
    "select (select count(*) from sniff_csv('/etc/passwd'))",
    "with t as (select * from parquet_metadata('/etc/passwd')) select * from t",
    "select * from query('select * from read_blob(''{here}'')')",
    "select * from query_table('measured.usage')",
    "select * from json_execute_serialized_sql('x')",
    "select * from arrow_scan(1, 2, 3)",
    "select * from pandas_scan(1)",
    "select * from enable_logging('QueryLog', storage = 'file', storage_path = '/tmp/log')",
    "select * from duckdb_settings()",
    "select * from warehouse_path",
    "attach '{here}' as other",
    "attach ':memory:' as other",
    "copy measured.usage to '{there}'",
    "copy (select 1) to '{there}'",
    "export database '{there}'",
    "import database '{there}'",
    "install httpfs",
    "load httpfs",
    "force install json",
    "set threads = 1",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma enable_profiling",
    "pragma version",
    "create table t (a int)",
    "create temp table t as select 1",
    "create macro m() as 1",
    "create secret s (type s3)",
    "insert into measured.usage values (1, 'x')",
    "update measured.usage set requests = 0",
    "delete from measured.usage",
    "drop table measured.usage",
    "alter table measured.usage rename to other",
    "checkpoint",
    "vacuum",
    "begin",
    "use measured",
    "call pragma_version()",
    "prepare p as select 1",
    "execute p",
    "explain analyze select 1",
    "select 1; select 2",
    "select 1; drop table measured.usage",
    "select ?",
    "",
    "-- nothing",
    "selec 1",
    "select nothing from measured.usage",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_what_nobody_can_ask(warehouse: Path, tmp_path: Path, sql: str) -> None:
    """The file is the border: a question reads this file and nothing else, and changes nothing anywhere."""
    there = tmp_path / "there"
    before = warehouse.read_bytes()
    with pytest.raises(UsageError):
        query(warehouse, sql.format(here=warehouse, there=there))
    assert warehouse.read_bytes() == before
    assert not there.exists()


def test_variables_of_the_process_are_no_tables(warehouse: Path) -> None:
    """DuckDB would otherwise take any Arrow table in a Python frame for a table of that name."""
    leaked = query(warehouse, "select 1")
    assert leaked.num_rows == 1
    with pytest.raises(UsageError, match="leaked"):
        query(warehouse, "select * from leaked")


def test_an_endless_question_ends(warehouse: Path) -> None:
    """One analyst's cross join must not occupy the machine until someone notices."""
    begun = time.monotonic()
    with pytest.raises(UsageError, match=r"stopped after 0\.3 s"):
        query(warehouse, "select count(*) from range(1000000) a(x), range(1000000) b(y) where hash(x + y) % 7 = 9", seconds=0.3)
    assert time.monotonic() - begun < 10


def test_ctrl_c_stops_a_question(warehouse: Path) -> None:
    """An analyst who asked too much must get her prompt back, not wait for the limit, whichever thread the signal reaches."""
    asked = "select count(*) from range(1000000) a(x), range(1000000) b(y) where hash(x + y) % 7 = 9"
    program = (
        "import sys, threading, os, signal, pathlib\n"
        "from dagster_project.publishing.query import query\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    query(pathlib.Path(sys.argv[1]), sys.argv[2], seconds=600)\n"
        "except KeyboardInterrupt:\n    print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(warehouse), asked], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "stopped\n"


def test_a_newer_warehouse_says_what_to_upgrade(tmp_path: Path) -> None:
    """An old one stays readable, one of this format is read, a newer one would be read wrong."""
    answers = {}
    for number in (None, FORMAT, FORMAT + 1):
        path = tmp_path / f"{number}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table t as select 1 as a")
            if number is not None:
                connection.execute(f"create macro {FORMAT_NAME}() as {number}")
        try:
            answers[number] = query(path, "select a from t").num_rows
        except UsageError as error:
            answers[number] = str(error)
    assert answers == {None: 1, FORMAT: 1, FORMAT + 1: "query: the warehouse has format 2, and this glasshouse reads up to 1; upgrade glasshouse"}


def test_what_is_no_warehouse_says_what_to_do(tmp_path: Path) -> None:
    """A file of a later DuckDB, or a damaged one."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"jane@example.com" * 1000)
    with pytest.raises(UsageError, match="upgrade glasshouse") as caught:
        query(path, "select 1")
    assert "jane" not in str(caught.value)


def test_no_more_rows_than_asked_for(warehouse: Path) -> None:
    """A large answer is cut while it is made, not after it filled the memory."""
    assert query(warehouse, "select a.range from range(100000000) a, range(1000) b", row_limit=12_345).num_rows == 12_345
    assert query(warehouse, "select 1", row_limit=0).num_rows == 0


def test_no_bar_is_drawn_into_an_answer(warehouse: Path) -> None:
    """DuckDB draws one on stdout, where the answer goes, once a question takes two seconds."""
    assert query(warehouse, "select current_setting('enable_progress_bar') as is_drawn").to_pylist() == [{"is_drawn": False}]


def test_many_rows_of_steps_read_twice_come(warehouse: Path) -> None:
    """Fetched while it runs, such a question is never answered, and hears of no interrupt (engines/answers.py)."""
    question = READ_TWICE.replace("$most", "1500000")
    program = f"from pathlib import Path\nfrom dagster_project.publishing.query import query\nprint(query(Path({str(warehouse)!r}), {question!r}, row_limit=2_000_000).num_rows)"
    told = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "2000000"


@pytest.mark.parametrize(
    "question", ["select 1 'Doeringer'", "select 'Doeringer", "select struct_extract({'a': 1}, 'Doeringer')", "select cast('x' as 'Doeringer')", "select 1 'x' 'Doeringer''s'"]
)
def test_a_complaint_quotes_no_text_of_the_question(question: str, warehouse: Path) -> None:
    """Whom an analyst looks for stands in the question, and consoles are logged."""
    with pytest.raises(UsageError) as told:
        query(warehouse, question)
    assert "doeringer" not in str(told.value).lower()


def test_a_failed_conversion_quotes_no_value(warehouse: Path) -> None:
    """DuckDB's message would carry the cell it stumbled over into a log."""
    with pytest.raises(UsageError) as caught:
        query(warehouse, "select cast(account_id as int) from measured.usage")
    assert "acme" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_missing_warehouse_says_what_to_do(tmp_path: Path) -> None:
    """The first thing a new analyst meets."""
    with pytest.raises(UsageError, match="glasshouse run"):
        query(tmp_path / "warehouse.duckdb", "select 1")


DANGEROUS = "select '=1+1' as a, chr(27) || '[31m' || chr(8238) as \"b\x1b\", 2 as a"


def test_formats(warehouse: Path) -> None:
    """Each format carries the same rows, and none lets a value act on the terminal or the spreadsheet."""
    answer = query(warehouse, DANGEROUS)
    table, csv_bytes, json_bytes = (shown(answer, kind).decode() for kind in ("table", "csv", "json"))
    for text in (table, csv_bytes, json_bytes):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\\x1b[31m\\u202e" in table
    assert table.endswith("┘\n1 row\n")
    assert csv_bytes.splitlines()[1].startswith("'=1+1,")
    assert json.loads(json_bytes) == [{"a": "=1+1", "b\x1b": "\x1b[31m\u202e", "a_2": 2}]
    assert pq.read_table(BytesIO(shown(answer, "parquet"))).equals(answer)


def test_a_question_that_is_no_text_is_refused(warehouse: Path) -> None:
    """A terminal that is not set to UTF-8 hands over bytes that nobody can read, as halves of surrogate pairs."""
    with pytest.raises(UsageError, match="set it to UTF-8"):
        query(warehouse, "select 'caf\udce9'")


def test_a_type_that_parquet_lacks_is_named(warehouse: Path) -> None:
    """Better a sentence than a traceback from Arrow."""
    with pytest.raises(UsageError, match="cast it"):
        shown(query(warehouse, "select interval 1 month as i"), "parquet")


def test_the_questions_of_the_guide_can_be_asked(tmp_path: Path) -> None:
    """docs/analysts.md is the first thing an analyst tries out: each example runs on the tables that sql/ declares."""
    guide = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
    questions = re.findall(r'query --home HOME "([^"]+)"', guide) + re.findall(r"^select .*", guide, re.MULTILINE)
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        for table in catalog.tables().values():
            connection.execute(f"create schema if not exists {table.schema}")
            if table.name == catalog.FINDINGS:
                connection.execute(f"create view {table.name} as {table.select}")
            else:
                catalog.create_empty(table, connection)
    assert len(questions) == 4
    for question in questions:
        assert query(path, question).num_columns > 0
